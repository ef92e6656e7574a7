import * as fs from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Fixtures, HostedSandbox, SandboxRequest } from '../admin/ports.ts'
import { formatProfiles, readProfiles } from '../config/profiles.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import { Problem } from '../core/problem.ts'
import { DEFAULT_SANDBOX } from '../core/http/sandbox-path.ts'
import { isRecord } from '../core/contract/schema.ts'
import type { Durability } from '../core/store/write-ahead-log.ts'
import { writeAtomically } from '../core/store/atomic-write.ts'
import { messageOf } from '../core/errors.ts'
import { mergeFixtures } from './fixtures.ts'
import { Sandbox, type Common } from './sandbox.ts'
import type { Settings } from './settings.ts'

/** So that a client in a loop cannot fill the memory. */
const MOST = 1000
/** What the name of a folder ends in that is being removed. */
const GOING = '.going'
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** What a sandbox that outlives the server is made from again. */
interface KeptWish extends SandboxRequest {
  readonly createdAt?: number
}

/** A sandbox of this server, as the admin API sees it and as the server itself does. */
interface RunningSandbox extends HostedSandbox {
  readonly sandbox: Sandbox
  lastUsed: number
}

/** Which sandbox a request names. */
export interface Address {
  readonly name: string
  /** What stood before the API's prefix. */
  readonly base: string
}

/** The sandbox that a request is for, or why it is for none. */
export interface Found {
  readonly sandbox: Sandbox
  /** What stood before the API's prefix. */
  readonly base: string
  readonly refusal?: Problem
}

export interface HostOptions {
  readonly settings: Settings
  readonly common: Common
  /** The data folder; none: nothing is kept. */
  readonly folder: string | undefined
  readonly durability: Durability
  readonly recover: boolean
  /** Whether a sandbox comes to be when it is first asked for. */
  readonly auto: boolean
}

/** All sandboxes of a server, by name, and which of them a request is for. */
export class Sandboxes {
  readonly #options: HostOptions
  readonly #hosted = new Map<string, RunningSandbox>()
  /** Names that are being opened or removed, so that nobody else takes them meanwhile. */
  readonly #busy = new Set<string>()
  readonly #sweep: NodeJS.Timeout
  #made = 0
  #nowhere: Sandbox | undefined

  private constructor(options: HostOptions) {
    this.#options = options
    this.#sweep = setInterval(() => this.list(), 1000) // what is not used goes when it is looked at
    this.#sweep.unref()
  }

  /** Opens `default` and those that were kept. Throws as the store does. */
  static async open(options: HostOptions): Promise<Sandboxes> {
    const all = new Sandboxes(options)
    try {
      await all.#openDefault()
      await all.#openKept()
      return all
    } catch (error) {
      await all.close()
      throw error
    }
  }

  get default(): Sandbox {
    return this.#hosted.get(DEFAULT_SANDBOX)!.sandbox
  }

  list(): readonly RunningSandbox[] {
    return [...this.#hosted.keys()].flatMap((name) => this.#current(name) ?? [])
  }

  /** @throws Problem 404 sandbox.unknown */
  get(name: string): RunningSandbox {
    const hosted = this.#current(name)
    if (!hosted) throw unknown(name)
    return hosted
  }

  /**
   * The sandbox that a request is addressed to.
   *
   * @param mayMake whether one may come to be for this request
   * @returns the sandbox, or one that is nobody's with the reason why none is meant
   */
  resolve({ name, base }: Address, mayMake = true): Found {
    try {
      const hosted = this.#named(name, mayMake)
      hosted.lastUsed = Date.now()
      return { sandbox: hosted.sandbox, base }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      // No vendor knows a 409 for a request that meets no operation.
      const refusal = new Problem(404, error.reason, error.message)
      return { sandbox: this.fallbackSandbox, base, refusal }
    }
  }

  /** @throws Problem 409 sandbox.exists, sandboxes.too-many, sandbox.not-kept; 400 */
  async create(wish: SandboxRequest): Promise<RunningSandbox> {
    const name = wish.name ?? this.#freeName()
    this.#refuse(name)
    const settings = this.#settingsFor(name, wish)
    const { common, folder } = this.#options
    const createdAt = Date.now()
    if (!wish.kept) return this.#host(Sandbox.inMemory(settings, common), { ...wish, createdAt })
    if (folder === undefined) {
      throw new Problem(409, 'sandbox.not-kept', 'This server keeps nothing: it runs with --memory')
    }
    this.#busy.add(name)
    const own = this.#folderOf(name)
    // What was left out is settled now: another seed at the next start would be another world.
    const { seed, profile } = settings
    const kept = { ...wish, name, seed, profile: formatProfiles(profile), createdAt }
    try {
      fs.mkdirSync(own, { recursive: true, mode: 0o700 })
      keepWish(own, kept)
      return this.#host(await this.#openIn(own, settings), kept)
    } catch (error) {
      removeWhole(own)
      throw error
    } finally {
      this.#busy.delete(name)
    }
  }

  /** @throws Problem 404 sandbox.unknown, 409 sandbox.default, sandbox.busy */
  async remove(name: string): Promise<RunningSandbox> {
    if (name === DEFAULT_SANDBOX) {
      const message = 'The sandbox default cannot be removed; POST /_standin/reset empties it'
      throw new Problem(409, 'sandbox.default', message)
    }
    const hosted = this.get(name)
    await this.#take(name, hosted)
    return hosted
  }

  /** Keeps other fixtures for a sandbox that outlives the server. */
  keepFixtures(name: string, fixtures: Fixtures): void {
    if (name === DEFAULT_SANDBOX || !this.get(name).kept) return
    const own = this.#folderOf(name)
    keepWish(own, { ...readWish(own), fixtures })
  }

  /** The package's and the server's fixtures, with these over them. */
  fixturesWith(given: Fixtures): Fixtures {
    return mergeFixtures(this.#options.settings.fixtures, given)
  }

  /** Lets go whoever waits: for requests, or for what a fault says. No server could stop before. */
  stopWaiting(): void {
    for (const { sandbox } of this.#hosted.values()) {
      sandbox.requests.close()
      sandbox.faults.closeHeldConnections()
      sandbox.webhooks.stopWaiting()
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    await this.#nowhere?.close()
    await Promise.all([...this.#hosted.values()].map(({ sandbox }) => sandbox.close()))
  }

  #named(name: string, mayMake: boolean): RunningSandbox {
    const hosted = this.#current(name)
    if (hosted) return hosted
    if (!this.#options.auto || !mayMake) throw unknown(name)
    this.#refuse(name)
    return this.#host(Sandbox.inMemory(this.#settingsFor(name, {}), this.#options.common), {})
  }

  /** The sandbox of this name; one whose time is up begins to go instead. */
  #current(name: string): RunningSandbox | undefined {
    const hosted = this.#hosted.get(name)
    if (!hosted || !expired(hosted, Date.now())) return hosted
    this.#take(name, hosted).catch((error: unknown) => {
      this.#options.common.log.bug(`the sandbox ${name} could not be removed`, error)
    })
    return undefined
  }

  /** Takes it out of the list at once; its name is free when nothing of it is kept any more. */
  async #take(name: string, { sandbox, kept }: RunningSandbox): Promise<void> {
    this.#hosted.delete(name)
    sandbox.requests.close()
    sandbox.faults.closeHeldConnections()
    sandbox.faults.cancelDelayed()
    if (!kept) return await sandbox.webhooks.close()
    this.#busy.add(name)
    try {
      await sandbox.close()
      removeWhole(this.#folderOf(name))
    } finally {
      this.#busy.delete(name)
    }
  }

  /**
   * Words the refusals of requests that are for no sandbox. They leave no trace in any but among
   * the requests of `default`, where who wonders about them will look.
   */
  get fallbackSandbox(): Sandbox {
    const { settings, common } = this.#options
    this.#nowhere ??= Sandbox.inMemory(
      { ...settings, fixtures: {}, requests: this.default.requests.lost },
      common,
    )
    return this.#nowhere
  }

  /**
   * Where those are answered who get no further than the door. They are written down in the sandbox
   * that they name, which is none the longer kept for it; in `default` where there is no such.
   *
   * @param prefix of the API that they are refused by
   */
  contextForRejected(name: string, prefix: string): PipelineContext {
    const context = this.fallbackSandbox.contextAt(prefix)
    const hosted = this.#current(name)
    if (!hosted || name === DEFAULT_SANDBOX) return context
    return { ...context, requestLog: hosted.sandbox.requests.lost, sandbox: name }
  }

  #refuse(name: string): void {
    if (!NAME.test(name)) {
      const message = `A sandbox's name has up to 63 of a-z, 0-9 and -, with no - at its ends`
      throw new Problem(400, 'sandbox.name', message)
    }
    if (this.#current(name)) {
      const message = `There is a sandbox ${name} already; DELETE it, or leave the name out`
      throw new Problem(409, 'sandbox.exists', message)
    }
    if (this.#busy.has(name)) throw busy(name)
    if (this.#hosted.size + this.#busy.size >= MOST) {
      const message = `There are ${MOST} sandboxes; DELETE some, or give them a ttl`
      throw new Problem(409, 'sandboxes.too-many', message)
    }
  }

  #freeName(): string {
    let name: string
    do name = `sandbox-${++this.#made}`
    while (this.#hosted.has(name) || this.#busy.has(name))
    return name
  }

  #settingsFor(name: string, wish: SandboxRequest): Settings {
    const { settings } = this.#options
    return {
      name,
      seed: wish.seed ?? settings.seed,
      clock: wish.clock ?? settings.clock,
      profile: wish.profile === undefined ? settings.profile : this.#profileOf(wish.profile),
      fixtures: this.fixturesWith(wish.fixtures ?? {}),
    }
  }

  #profileOf(text: string): Settings['profile'] {
    const names = this.#options.common.vendors.map(({ api }) => api.name)
    try {
      return readProfiles(text, names)
    } catch (error) {
      throw new Problem(400, 'body.invalid', `profile ${messageOf(error)}`)
    }
  }

  #host(sandbox: Sandbox, wish: KeptWish): RunningSandbox {
    const lastUsed = Date.now()
    const { ttl, kept = false, createdAt = lastUsed } = wish
    const hosted = { sandbox, kept, createdAt, ttl, lastUsed }
    this.#hosted.set(sandbox.settings.name, hosted)
    return hosted
  }

  async #openDefault(): Promise<void> {
    const { settings, common, folder } = this.#options
    if (folder === undefined) this.#host(Sandbox.inMemory(settings, common), {})
    else this.#host(await this.#openIn(folder, settings), { kept: true })
  }

  async #openKept(): Promise<void> {
    const { folder } = this.#options
    const all = folder === undefined ? undefined : join(folder, 'sandboxes')
    if (all === undefined || !fs.existsSync(all)) return
    for (const name of fs.readdirSync(all)) if (isLeftOver(all, name)) removeWhole(join(all, name))
    const kept = fs
      .readdirSync(all)
      .filter((entry) => NAME.test(entry))
      .map((name) => ({ name, own: join(all, name), wish: readWish(join(all, name)) }))
    for (const { name, own, wish } of kept.sort((a, b) => madeAt(a.wish) - madeAt(b.wish))) {
      try {
        this.#host(await this.#openIn(own, this.#settingsFor(name, wish)), { ...wish, kept: true })
      } catch (error) {
        throw new Error(`The sandbox ${name} in ${own} cannot be opened: ${messageOf(error)}`, {
          cause: error,
        })
      }
    }
  }

  #openIn(folder: string, settings: Settings): Promise<Sandbox> {
    const { common, durability, recover } = this.#options
    return Sandbox.open(settings, common, { folder, durability, recover })
  }

  #folderOf(name: string): string {
    return join(this.#options.folder!, 'sandboxes', name) // only who keeps something is asked
  }
}

function expired({ ttl, lastUsed }: RunningSandbox, now: number): boolean {
  return ttl !== undefined && now >= lastUsed + ttl
}

/**
 * The name of the sandbox that a request is for: by `/~name` before its path, which is taken off,
 * by the header `Standin-Sandbox`, or by a host such as `name.localhost`.
 */
export function addressOf(
  request: Pick<IncomingMessage, 'headers'> & { url?: string | undefined },
): Address {
  const [base, name] = /^\/~([^/?]*)(?=[/?]|$)/.exec(request.url ?? '') ?? []
  if (base !== undefined && name !== undefined) {
    const rest = request.url!.slice(base.length)
    request.url = rest.startsWith('/') ? rest : `/${rest}`
    return { name, base }
  }
  const header = request.headers['standin-sandbox']
  if (typeof header === 'string' && header !== '') return { name: header, base: '' }
  const host = /^([^.:]+)\.localhost(?::\d+)?$/i.exec(request.headers.host ?? '')?.[1]
  return { name: host?.toLowerCase() ?? DEFAULT_SANDBOX, base: '' }
}

/** In one step for the next start: a folder that is gone by half would be in its way. */
function removeWhole(folder: string): void {
  const aside = `${folder}${GOING}`
  fs.rmSync(aside, { recursive: true, force: true })
  if (fs.existsSync(folder)) fs.renameSync(folder, aside)
  fs.rmSync(aside, { recursive: true, force: true })
}

/** What a kill left of a sandbox that was being made or removed: nobody was told that it is there. */
function isLeftOver(all: string, name: string): boolean {
  if (name.endsWith(GOING)) return NAME.test(name.slice(0, -GOING.length))
  return (
    NAME.test(name) && fs.readdirSync(join(all, name)).every((file) => file === 'sandbox.json.tmp')
  )
}

function madeAt({ createdAt = 0 }: KeptWish): number {
  return createdAt
}

function keepWish(folder: string, wish: KeptWish): void {
  const file = join(folder, 'sandbox.json')
  writeAtomically(file, `${JSON.stringify(wish, null, 2)}\n`)
}

function readWish(folder: string): KeptWish {
  const file = join(folder, 'sandbox.json')
  try {
    const wish: unknown = JSON.parse(fs.readFileSync(file, 'utf8'))
    if (!isRecord(wish)) throw new Error('it holds no object')
    return wish // written by keepWish
  } catch (error) {
    throw new Error(
      `${file} cannot be read (${messageOf(error)}); mend it, or remove its folder with all that the sandbox kept`,
      { cause: error },
    )
  }
}

function unknown(name: string): Problem {
  const message = `There is no sandbox ${name.slice(0, 63)}; POST /_standin/sandboxes makes one, and with --auto-sandboxes the first use does`
  return new Problem(404, 'sandbox.unknown', message)
}

function busy(name: string): Problem {
  return new Problem(409, 'sandbox.busy', `The sandbox ${name} is being opened or removed`)
}
