import type * as contract from '../admin/contract.gen.ts'
import { Admin, allPages, durationText, timeText } from './admin.ts'
import type { ApiName, Duration, Time } from './admin.ts'
import { Clock } from './clock.ts'
import { credentialsFrom, type Credentials } from './credentials.ts'
import { StandinError } from './errors.ts'
import { Faults } from './faults.ts'
import { Requests } from './requests.ts'
import { Snapshots } from './snapshots.ts'
import { Users } from './users.ts'
import { Webhooks } from './webhooks.ts'
import type { Connection } from './connection.ts'

/** Options of a new sandbox. */
export interface SandboxOptions {
  /** Generated if it is omitted. */
  readonly name?: string
  readonly seed?: number
  /** Time at which its clock is held. */
  readonly clock?: Time
  /** `documented` or `strict`, with exceptions such as `documented,<api>=strict`. */
  readonly profile?: string
  readonly fixtures?: contract.Fixtures
  /**
   * The sandbox is removed this long after its last use; default 1h, so that sandboxes of a killed
   * test do not stay.
   */
  readonly ttl?: Duration
  /** True: the sandbox survives a restart of a server that stores its state. */
  readonly kept?: boolean
}

/** Part of a report card. */
export interface ReportCardOptions {
  /** Grades one API only. */
  readonly api?: ApiName
}

/** Constructor arguments of a Standin. */
export interface StandinParts {
  readonly connection: Connection
  readonly name: string
  /** Path prefix of the sandbox; empty for `default`. */
  readonly prefix: string
  /** Path of each API below the sandbox's URL. */
  readonly prefixes: Readonly<Record<ApiName, string>>
  readonly credentials: contract.Credentials
  /** The HTTPS URL of the server and its CA; undefined without HTTPS. */
  readonly tls: { readonly url: string; readonly ca: string | undefined } | undefined
  /** Runs when the client is closed, after the sandboxes that it created are removed. */
  readonly close: () => Promise<void>
}

/** URLs of a sandbox over HTTPS. */
export interface TlsAccess {
  /** URL of the server with the sandbox's prefix, without a trailing slash. */
  readonly url: string
  /** Base URL of each API. */
  readonly urls: Readonly<Record<ApiName, string>>
  /** The CA that clients have to trust, in PEM; undefined if an option gave the certificate. */
  readonly ca: string | undefined
}

/** Client of one sandbox of a running server. */
export class Standin {
  /** Name of the sandbox; `default` is the one that every server has. */
  readonly name: string
  /** URL of the server with the sandbox's prefix, without a trailing slash. */
  readonly url: string
  /** Base URL of each API. */
  readonly urls: Readonly<Record<ApiName, string>>
  /** The same APIs over HTTPS; undefined for a server without the option `tls`. */
  readonly tls: TlsAccess | undefined
  readonly faults: Faults
  readonly requests: Requests
  readonly webhooks: Webhooks
  readonly clock: Clock
  readonly users: Users
  readonly snapshots: Snapshots
  readonly #admin: Admin
  readonly #parts: StandinParts
  readonly #apis: readonly string[]
  readonly #sandboxes = new Set<Standin>()
  #credentials: Credentials
  #closing: Promise<void> | undefined

  constructor(parts: StandinParts) {
    const { connection, name, prefix, prefixes, credentials, tls } = parts
    this.#parts = parts
    this.name = name
    this.url = `${connection.url}${prefix}`
    this.#apis = Object.keys(prefixes)
    this.urls = urlsBelow(this.url, prefixes)
    this.tls = tls && tlsAccess(`${tls.url}${prefix}`, tls.ca, prefixes)
    this.#admin = new Admin(connection, prefix)
    this.#credentials = credentialsFrom(credentials, this.#apis)
    this.faults = new Faults(this.#admin)
    this.requests = new Requests(this.#admin)
    this.webhooks = new Webhooks(this.#admin)
    this.clock = new Clock(this.#admin)
    this.users = new Users(this.#admin)
    this.snapshots = new Snapshots(this.#admin)
  }

  /** A credential from the fixtures for each API, which the API accepts. */
  get credentials(): Credentials {
    return this.#credentials
  }

  /** Compares a person's users at all APIs; without an address, returns all people whose users differ. */
  ledger(email: string): Promise<contract.LedgerEntry>
  ledger(): Promise<contract.LedgerEntry[]>
  async ledger(email?: string): Promise<contract.LedgerEntry | contract.LedgerEntry[]> {
    if (email !== undefined) {
      const { entries } = await this.#admin.call('getLedger', { query: { email } })
      return entries[0]! // an address always has one entry
    }
    return await allPages(async (after, limit) => {
      const { entries, next } = await this.#admin.call('getLedger', { query: { after, limit } })
      return { items: entries, next }
    })
  }

  /** Grades the client and the webhook receiver by what the sandbox has recorded. */
  async reportCard(options: ReportCardOptions = {}): Promise<contract.ReportCard> {
    return await this.#admin.call('getReportCard', { query: { ...options } })
  }

  /** Exports the whole sandbox as one document. */
  async state(): Promise<contract.State> {
    return await this.#admin.call('getState')
  }

  /** Replaces the whole sandbox by a document. */
  async replaceState(state: contract.State): Promise<void> {
    await this.#admin.call('putState', { body: state })
  }

  /** Replaces the fixtures and resets the sandbox; parts that they omit take the package's defaults. */
  async useFixtures(fixtures: contract.Fixtures): Promise<void> {
    await this.#admin.call('putFixtures', { body: fixtures })
    this.#credentials = credentialsFrom(await this.#admin.call('getCredentials'), this.#apis)
  }

  /** Resets users, generated values, faults, request log and clock to the fixtures. */
  async reset(): Promise<void> {
    await this.#admin.call('resetSandbox')
  }

  /** Creates a sandbox in the same server, for example for a parallel test; closing it removes it. */
  async sandbox(options: SandboxOptions = {}): Promise<Standin> {
    const { connection, prefixes, tls } = this.#parts
    const server = new Admin(connection, '')
    const { name, prefix } = await server.call('createSandbox', { body: newSandboxFrom(options) })
    const credentials = await new Admin(connection, prefix).call('getCredentials')
    const sandbox: Standin = new Standin({
      connection,
      name,
      prefix,
      prefixes,
      credentials,
      tls,
      close: async () => {
        this.#sandboxes.delete(sandbox)
        await removeIfPresent(server, name)
      },
    })
    this.#sandboxes.add(sandbox)
    return sandbox
  }

  /**
   * Removes the sandboxes that this client created. Then it closes the connection; a client from
   * `startStandin()` also stops its server, and a client from `sandbox()` only removes its sandbox.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.close()))
    await this.#parts.close()
  }
}

function tlsAccess(
  url: string,
  ca: string | undefined,
  prefixes: StandinParts['prefixes'],
): TlsAccess {
  return { url, urls: urlsBelow(url, prefixes), ca }
}

function urlsBelow(url: string, prefixes: StandinParts['prefixes']): Record<ApiName, string> {
  return Object.fromEntries(
    Object.entries(prefixes).map(([api, path]) => [api, `${url}${path}`]),
  ) as Record<ApiName, string> // the server lists every API
}

/** Removes a sandbox. Ignores that it no longer exists or that its server has stopped. */
async function removeIfPresent(server: Admin, name: string): Promise<void> {
  try {
    await server.call('deleteSandbox', { params: { name } })
  } catch (error) {
    const gone = ['sandbox.unknown', 'server.unreachable', 'client.closed', 'server.stopping']
    if (!(error instanceof StandinError) || !gone.includes(error.reason)) throw error
  }
}

function newSandboxFrom({ clock, ttl, ...others }: SandboxOptions): contract.NewSandbox {
  const defaultTtl = others.kept === true ? undefined : '1h'
  const lifetime = ttl === undefined ? defaultTtl : durationText(ttl)
  return {
    ...others,
    ...(clock === undefined ? {} : { clock: timeText(clock) }),
    ...(lifetime === undefined ? {} : { ttl: lifetime }),
  }
}
