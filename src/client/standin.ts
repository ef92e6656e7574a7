import type * as contract from '../admin/contract.gen.ts'
import { Admin, all, durationText, timeText } from './admin.ts'
import type { ApiName, Duration, Time } from './admin.ts'
import { Clock } from './clock.ts'
import { credentialsFrom, type Credentials } from './credentials.ts'
import { StandinError } from './errors.ts'
import { Faults } from './faults.ts'
import { Requests } from './requests.ts'
import { Snapshots } from './snapshots.ts'
import { Users } from './users.ts'
import { Webhooks } from './webhooks.ts'
import type { Wire } from './wire.ts'

/** How a sandbox of one's own is made. */
export interface SandboxOptions {
  /** Made up where nothing is said. */
  readonly name?: string
  readonly seed?: number
  /** Where its clock stands still. */
  readonly clock?: Time
  /** `documented` or `strict`, with exceptions such as `documented,<api>=strict`. */
  readonly profile?: string
  readonly fixtures?: contract.Fixtures
  /** It goes this long after its last use; 1h where nothing is said, so that no killed test leaves one. */
  readonly ttl?: Duration
  /** Whether it outlives the server, where that keeps state. */
  readonly kept?: boolean
}

/** What a Standin is made of. */
export interface Parts {
  readonly wire: Wire
  readonly name: string
  /** Before every path of the sandbox; empty for `default`. */
  readonly prefix: string
  /** What each API's base URL ends in. */
  readonly prefixes: Readonly<Record<ApiName, string>>
  readonly credentials: contract.Credentials
  /** What closing it comes to; the sandboxes that it made are still there. */
  readonly end: () => Promise<void>
}

/** One sandbox of a running server: what it was asked, and all that can be done with it. */
export class Standin {
  /** The sandbox's name; `default` is the server's own. */
  readonly name: string
  /** Of the server, with the sandbox's prefix, without a slash at its end. */
  readonly url: string
  /** Where each API's client is pointed at. */
  readonly urls: Readonly<Record<ApiName, string>>
  readonly faults: Faults
  readonly requests: Requests
  readonly webhooks: Webhooks
  readonly clock: Clock
  readonly users: Users
  readonly snapshots: Snapshots
  readonly #admin: Admin
  readonly #parts: Parts
  readonly #apis: readonly string[]
  readonly #made = new Set<Standin>()
  #credentials: Credentials
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    const { wire, name, prefix, prefixes, credentials } = parts
    this.#parts = parts
    this.name = name
    this.url = `${wire.url}${prefix}`
    this.#apis = Object.keys(prefixes)
    this.urls = Object.fromEntries(
      Object.entries(prefixes).map(([api, path]) => [api, `${this.url}${path}`]),
    ) as Record<ApiName, string> // the server lists every API
    this.#admin = new Admin(wire, prefix)
    this.#credentials = credentialsFrom(credentials, this.#apis)
    this.faults = new Faults(this.#admin)
    this.requests = new Requests(this.#admin)
    this.webhooks = new Webhooks(this.#admin)
    this.clock = new Clock(this.#admin)
    this.users = new Users(this.#admin)
    this.snapshots = new Snapshots(this.#admin)
  }

  /** Those that each API accepts, from the fixtures. */
  get credentials(): Credentials {
    return this.#credentials
  }

  /** Whether a person is the same at all APIs; of those who are not, all, where no address is given. */
  ledger(email: string): Promise<contract.LedgerEntry>
  ledger(): Promise<contract.LedgerEntry[]>
  async ledger(email?: string): Promise<contract.LedgerEntry | contract.LedgerEntry[]> {
    if (email !== undefined) {
      const { entries } = await this.#admin.ask('getLedger', { query: { email } })
      return entries[0]! // with an address there is one, whoever has it
    }
    return await all(async (after, limit) => {
      const { entries, next } = await this.#admin.ask('getLedger', { query: { after, limit } })
      return { items: entries, next }
    })
  }

  /** The whole sandbox as one document. */
  async state(): Promise<contract.State> {
    return await this.#admin.ask('getState')
  }

  /** Puts a document in the place of everything. */
  async replaceState(state: contract.State): Promise<void> {
    await this.#admin.ask('putState', { body: state })
  }

  /** Goes back to other fixtures; what they do not name is as the package has it. */
  async useFixtures(fixtures: contract.Fixtures): Promise<void> {
    await this.#admin.ask('putFixtures', { body: fixtures })
    this.#credentials = credentialsFrom(await this.#admin.ask('getCredentials'), this.#apis)
  }

  /** Goes back to the fixtures: users, made-up values, faults, requests and the clock. */
  async reset(): Promise<void> {
    await this.#admin.ask('resetSandbox')
  }

  /** A sandbox of one's own in the same server, such as for a parallel test; closing removes it. */
  async sandbox(options: SandboxOptions = {}): Promise<Standin> {
    const { wire, prefixes } = this.#parts
    const server = new Admin(wire, '')
    const { name, prefix } = await server.ask('createSandbox', { body: wishFrom(options) })
    const credentials = await new Admin(wire, prefix).ask('getCredentials')
    const made: Standin = new Standin({
      wire,
      name,
      prefix,
      prefixes,
      credentials,
      end: async () => {
        this.#made.delete(made)
        await removed(server, name)
      },
    })
    this.#made.add(made)
    return made
  }

  /**
   * Removes the sandboxes that were made here, then itself: a server that was started stops, a
   * sandbox is removed, a connection is given up.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#made].map((made) => made.close()))
    await this.#parts.end()
  }
}

/** What is gone already, with its server say, needs no removing. */
async function removed(server: Admin, name: string): Promise<void> {
  try {
    await server.ask('deleteSandbox', { params: { name } })
  } catch (error) {
    const gone = ['sandbox.unknown', 'server.unreachable', 'client.closed', 'server.stopping']
    if (!(error instanceof StandinError) || !gone.includes(error.reason)) throw error
  }
}

function wishFrom({ clock, ttl, ...others }: SandboxOptions): contract.NewSandbox {
  const lasting = others.kept === true ? undefined : '1h'
  const lifetime = ttl === undefined ? lasting : durationText(ttl)
  return {
    ...others,
    ...(clock === undefined ? {} : { clock: timeText(clock) }),
    ...(lifetime === undefined ? {} : { ttl: lifetime }),
  }
}
