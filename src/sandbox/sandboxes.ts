import * as fs from 'node:fs'
import type { Fixtures, HostedSandbox, SandboxRequest } from '../admin/ports.ts'
import { formatProfiles, readProfiles } from '../config/profiles.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import { Problem } from '../core/problem.ts'
import { DEFAULT_SANDBOX } from '../core/http/sandbox-path.ts'
import type { Store } from '../core/store/store.ts'
import type { Durability } from '../core/store/write-ahead-log.ts'
import { messageOf } from '../core/errors.ts'
import { isFileSystemError, writeFailed } from '../core/store/write-failed.ts'
import type { Address } from './address.ts'
import { mergeFixtures } from './fixtures.ts'
import { KeptSandboxes, removeFolder, removeIfPossible, SANDBOX_NAME } from './kept-sandboxes.ts'
import { readRequest, writeRequest, type StoredRequest } from './sandbox-file.ts'
import { Sandbox } from './sandbox.ts'
import type { Settings, SharedParts } from './settings.ts'

/** Maximum number of sandboxes; limits the memory that a client in a loop can take. */
export const MAX_SANDBOXES = 1000

/** A sandbox of this server, with the data for the admin API and for the server itself. */
interface RunningSandbox extends HostedSandbox {
  readonly sandbox: Sandbox
  lastUsed: number
}

/** A stored sandbox whose state has been read, but which has not been started. */
interface ReadSandbox {
  readonly name: string
  readonly settings: Settings
  readonly store: Store
  readonly request: StoredRequest
}

/** The sandbox that answers a request; for a refused request, the fallback sandbox. */
export interface Found {
  readonly sandbox: Sandbox
  /** The part of the path before the API's prefix: `/~name`, or empty. */
  readonly base: string
  readonly refusal?: Problem
}

export interface SandboxesOptions {
  readonly settings: Settings
  readonly shared: SharedParts
  /** The data folder; undefined: the state is in memory only. */
  readonly folder: string | undefined
  readonly durability: Durability
  readonly recover: boolean
  /** True if the first request to a sandbox creates it. */
  readonly auto: boolean
}

/** The sandboxes of a server, by name. */
export class Sandboxes {
  readonly #options: SandboxesOptions
  /** Undefined for a server whose state is in memory only. */
  readonly #kept: KeptSandboxes | undefined
  readonly #running = new Map<string, RunningSandbox>()
  /** Names of sandboxes that are being opened or removed; no other sandbox can use them. */
  readonly #reserved = new Set<string>()
  readonly #sweep: NodeJS.Timeout
  #generatedNames = 0
  #fallback: Sandbox | undefined

  private constructor(options: SandboxesOptions) {
    this.#options = options
    const { folder, recover, shared } = options
    this.#kept =
      folder === undefined ? undefined : new KeptSandboxes(folder, { recover, log: shared.log })
    this.#sweep = setInterval(() => this.list(), 1000) // listing removes the expired ones
    this.#sweep.unref()
  }

  /** Opens `default` and the stored sandboxes. Throws as the store does. */
  static async open(options: SandboxesOptions): Promise<Sandboxes> {
    const all = new Sandboxes(options)
    try {
      await all.#openAll()
      return all
    } catch (error) {
      await all.close()
      throw error
    }
  }

  get default(): Sandbox {
    return this.#running.get(DEFAULT_SANDBOX)!.sandbox
  }

  list(): readonly RunningSandbox[] {
    return [...this.#running.keys()].flatMap((name) => this.#current(name) ?? [])
  }

  /** Returns the sandbox of this name, without extending its life. */
  find(name: string): Sandbox | undefined {
    return this.#current(name)?.sandbox
  }

  /** @throws Problem 404 sandbox.unknown */
  get(name: string): RunningSandbox {
    const running = this.#current(name)
    if (!running) throw unknown(name)
    return running
  }

  /**
   * Finds the sandbox that a request is addressed to.
   *
   * @param mayCreate whether this request may create it
   * @returns the sandbox, or the fallback sandbox with the refusal
   */
  resolve({ name, base }: Address, mayCreate = true): Found {
    try {
      const running = this.#runningOrNew(name, mayCreate)
      running.lastUsed = Date.now()
      return { sandbox: running.sandbox, base }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      // A vendor's contract has no 409 for a request that matches no operation.
      const refusal = new Problem(404, error.reason, error.message)
      return { sandbox: this.fallbackSandbox, base, refusal }
    }
  }

  /** @throws Problem 409 sandbox.exists, sandboxes.too-many, sandbox.not-kept; 400 */
  async create(request: SandboxRequest): Promise<RunningSandbox> {
    const name = request.name ?? this.#freeName()
    this.#refuseName(name)
    const settings = this.#settingsFor(name, request)
    const { shared } = this.#options
    const createdAt = Date.now()
    if (!request.kept)
      return this.#add(Sandbox.inMemory(settings, shared), { ...request, createdAt })
    if (!this.#kept) {
      throw new Problem(409, 'sandbox.not-kept', 'A server with --memory stores no sandboxes')
    }
    this.#reserved.add(name)
    const directory = this.#kept.folderOf(name)
    // Defaults are stored too: with another seed, the next start would generate other values.
    const { seed, profile } = settings
    const stored = {
      ...request,
      name,
      seed,
      profile: formatProfiles(profile),
      createdAt,
      version: 1,
    }
    try {
      this.default.store.mustBeWritable()
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 })
      writeRequest(directory, stored)
      const store = await this.#readIn(directory, settings)
      const sandbox = await Sandbox.start(settings, shared, store)
      try {
        await this.#list(name, 1)
      } catch (error) {
        await sandbox.close().catch(() => {}) // its folder is removed
        throw error
      }
      return this.#add(sandbox, stored)
    } catch (error) {
      removeIfPossible(directory)
      throw isFileSystemError(error) ? writeFailed(directory, error) : error
    } finally {
      this.#reserved.delete(name)
    }
  }

  /** @throws Problem 404 sandbox.unknown, 409 sandbox.default, sandbox.busy */
  async remove(name: string): Promise<RunningSandbox> {
    if (name === DEFAULT_SANDBOX) {
      const message = 'The sandbox default cannot be removed; POST /_standin/reset resets it'
      throw new Problem(409, 'sandbox.default', message)
    }
    const running = this.get(name)
    await this.#dismiss(name, running)
    return running
  }

  /**
   * Stores other fixtures for a sandbox that outlives the server.
   *
   * @throws Problem 500 state.write-failed
   */
  async keepFixtures(name: string, fixtures: Fixtures): Promise<void> {
    if (name === DEFAULT_SANDBOX || !this.get(name).kept) return
    const directory = this.#folderOf(name)
    try {
      this.default.store.mustBeWritable()
      const before = readRequest(directory)
      const version = (before.version ?? 0) + 1
      writeRequest(directory, { ...before, fixtures, version })
      await this.#list(name, version)
    } catch (error) {
      throw error instanceof Problem ? error : writeFailed(directory, error)
    }
  }

  /** The server's fixtures, overridden by the given ones. */
  fixturesWith(given: Fixtures): Fixtures {
    return mergeFixtures(this.#options.settings.fixtures, given)
  }

  /** Ends all waiting calls and held connections; otherwise the server could not stop. */
  stopWaiting(): void {
    for (const { sandbox } of this.#running.values()) {
      sandbox.requests.close()
      sandbox.faults.closeHeldConnections()
      sandbox.webhooks.stopWaiting()
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    await this.#fallback?.close()
    const all = [...this.#running.values()]
    const closed = await Promise.allSettled(all.map(({ sandbox }) => sandbox.close()))
    const failed = closed.filter((one) => one.status === 'rejected')
    if (failed.length > 0) {
      throw new Error(failed.map(({ reason }) => messageOf(reason)).join('; '))
    }
  }

  /** Lists a kept sandbox in the manifest of the data folder; a version of 0 removes it. */
  async #list(name: string, version: number): Promise<void> {
    await this.default.store.manifest?.change((contents) => {
      const { [name]: _, ...others } = contents.sandboxes
      const sandboxes = version === 0 ? others : { ...others, [name]: version }
      return { ...contents, sandboxes }
    })
  }

  #runningOrNew(name: string, mayCreate: boolean): RunningSandbox {
    const running = this.#current(name)
    if (running) return running
    if (!this.#options.auto || !mayCreate) throw unknown(name)
    this.#refuseName(name)
    return this.#add(Sandbox.inMemory(this.#settingsFor(name, {}), this.#options.shared), {})
  }

  /** Returns the sandbox of this name; starts to remove an expired one and returns undefined. */
  #current(name: string): RunningSandbox | undefined {
    const running = this.#running.get(name)
    if (!running || !expired(running, Date.now())) return running
    this.#dismiss(name, running).catch((error: unknown) => {
      this.#options.shared.log.bug(`the sandbox ${name} could not be removed`, error)
    })
    return undefined
  }

  /**
   * Removes a sandbox from the list at once; its name can be used again once its folder is gone.
   */
  async #dismiss(name: string, { sandbox, kept }: RunningSandbox): Promise<void> {
    this.#running.delete(name)
    sandbox.requests.close()
    sandbox.requests.clear()
    sandbox.faults.closeHeldConnections()
    sandbox.faults.cancelDelayed()
    if (!kept) return await sandbox.webhooks.close()
    this.#reserved.add(name)
    try {
      await sandbox.close().catch(() => {}) // unsaved changes are removed with the folder
      this.default.store.mustBeWritable()
      // The manifest is changed first: after a kill in between, the next start would report the sandbox as missing otherwise.
      await this.#list(name, 0)
      removeFolder(this.#folderOf(name))
    } catch (error) {
      throw error instanceof Problem ? error : writeFailed(this.#folderOf(name), error)
    } finally {
      this.#reserved.delete(name)
    }
  }

  /**
   * The sandbox that refuses requests to sandboxes that do not exist. Such requests change no other
   * sandbox; the request log of `default` records them.
   */
  get fallbackSandbox(): Sandbox {
    const { settings, shared } = this.#options
    this.#fallback ??= Sandbox.inMemory(
      { ...settings, fixtures: {}, recorder: this.default.requests.rejected },
      shared,
    )
    return this.#fallback
  }

  /**
   * The context that answers a request which the guard or the HTTP parser refuses. The request is
   * recorded in the log of the sandbox that it names, without extending that sandbox's life; if
   * there is no such sandbox, in the log of `default`.
   *
   * @param prefix of the API that answers
   */
  contextForRejected(name: string, prefix: string): PipelineContext {
    const context = this.fallbackSandbox.contextAt(prefix)
    const running = this.#current(name)
    if (!running || name === DEFAULT_SANDBOX) return context
    return { ...context, requestLog: running.sandbox.requests.rejected, sandbox: name }
  }

  #refuseName(name: string): void {
    if (!SANDBOX_NAME.test(name)) {
      const message = `The name of a sandbox must have 1 to 63 characters of a-z, 0-9 and -, and must not begin or end with -`
      throw new Problem(400, 'sandbox.name', message)
    }
    if (this.#current(name)) {
      const message = `The sandbox ${name} exists already; DELETE it, or leave the name out to get a free one`
      throw new Problem(409, 'sandbox.exists', message)
    }
    if (this.#reserved.has(name)) throw busy(name)
    if (this.#running.size + this.#reserved.size >= MAX_SANDBOXES) {
      const message = `There are ${MAX_SANDBOXES} sandboxes, the maximum; DELETE some, or give them a ttl`
      throw new Problem(409, 'sandboxes.too-many', message)
    }
  }

  #freeName(): string {
    let name: string
    do name = `sandbox-${++this.#generatedNames}`
    while (this.#running.has(name) || this.#reserved.has(name))
    return name
  }

  #settingsFor(name: string, request: SandboxRequest): Settings {
    const { settings } = this.#options
    return {
      name,
      seed: request.seed ?? settings.seed,
      clock: request.clock ?? settings.clock,
      profile: request.profile === undefined ? settings.profile : this.#profileOf(request.profile),
      fixtures: this.fixturesWith(request.fixtures ?? {}),
    }
  }

  #profileOf(text: string): Settings['profile'] {
    const names = this.#options.shared.vendors.map(({ api }) => api.name)
    try {
      return readProfiles(text, names)
    } catch (error) {
      throw new Problem(400, 'body.invalid', `profile ${messageOf(error)}`)
    }
  }

  #add(sandbox: Sandbox, request: StoredRequest): RunningSandbox {
    const lastUsed = Date.now()
    const { ttl, kept = false, createdAt = lastUsed } = request
    const running = { sandbox, kept, createdAt, ttl, lastUsed }
    this.#running.set(sandbox.settings.name, running)
    return running
  }

  async #openAll(): Promise<void> {
    const { settings, shared, folder } = this.#options
    if (folder === undefined) {
      this.#add(Sandbox.inMemory(settings, shared), {})
      return
    }
    const read: ReadSandbox[] = []
    try {
      const store = await this.#readIn(folder, settings)
      read.push({ name: DEFAULT_SANDBOX, settings, store, request: { kept: true } })
      const listed = await this.#readKept(store, read)
      // No state has been written so far, so a refused start leaves all of them as they were.
      await this.#start(read, listed)
    } catch (error) {
      const idle = read.filter(({ name }) => !this.#running.has(name))
      await Promise.all(idle.map(({ store }) => store.close()))
      throw error
    }
  }

  /**
   * Reads the states of the kept sandboxes; with `--recover`, one that cannot be read is put aside.
   *
   * @param store of `default`, whose manifest lists them
   * @returns the version of each sandbox that the manifest lists
   */
  async #readKept(store: Store, read: ReadSandbox[]): Promise<Readonly<Record<string, number>>> {
    const { kept, listed } = this.#kept!.read(store.contents) // the caller has a folder
    for (const { name, request } of kept) {
      try {
        const settings = this.#settingsFor(name, request)
        const own = await this.#readIn(this.#folderOf(name), settings)
        read.push({ name, settings, store: own, request: { ...request, kept: true } })
      } catch (error) {
        this.#kept!.setAside(name, error)
      }
    }
    return listed
  }

  /** @param listed the versions in the manifest */
  async #start(read: readonly ReadSandbox[], listed: Readonly<Record<string, number>>) {
    const { shared } = this.#options
    const versions: Record<string, number> = {}
    for (const { name, settings, store, request } of read) {
      const starting = Sandbox.start(settings, shared, store)
      const sandbox =
        name === DEFAULT_SANDBOX
          ? await starting
          : await starting.catch((error: unknown) => this.#kept?.setAside(name, error))
      if (!sandbox) continue
      this.#add(sandbox, request)
      if (name !== DEFAULT_SANDBOX) versions[name] = request.version ?? 0
    }
    if (JSON.stringify(sorted(listed)) !== JSON.stringify(sorted(versions))) {
      await this.default.store.manifest?.change((current) => ({ ...current, sandboxes: versions }))
    }
  }

  #readIn(folder: string, settings: Settings): Promise<Store> {
    const { shared, durability, recover } = this.#options
    return Sandbox.readStore(settings, shared, { folder, durability, recover })
  }

  #folderOf(name: string): string {
    return this.#kept!.folderOf(name) // callers have a folder
  }
}

function expired({ ttl, lastUsed }: RunningSandbox, now: number): boolean {
  return ttl !== undefined && now >= lastUsed + ttl
}

function sorted(versions: Readonly<Record<string, number>>): unknown {
  return Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1))
}

function unknown(name: string): Problem {
  const message = `There is no sandbox ${name.slice(0, 63)}; POST /_standin/sandboxes creates one, and with --auto-sandboxes its first request does`
  return new Problem(404, 'sandbox.unknown', message)
}

function busy(name: string): Problem {
  return new Problem(409, 'sandbox.busy', `The sandbox ${name} is being opened or removed`)
}
