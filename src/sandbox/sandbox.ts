import * as fs from 'node:fs'
import { join } from 'node:path'
import type { Fixtures } from '../admin/ports.ts'
import { formatProfiles } from '../config/profiles.ts'
import type { Credential, Tools } from '../core/api.ts'
import type { ApiPart } from '../core/context.ts'
import { Clock, type ClockSetting } from '../core/time/clock.ts'
import { Fake } from '../core/fake.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import { Faults } from '../core/faults/faults.ts'
import type { PipelineContext } from '../core/request/pipeline-context.ts'
import { Problem } from '../core/problem.ts'
import { KnownSecrets } from '../core/request-log/redact.ts'
import { RequestLog } from '../core/request-log/request-log.ts'
import { isRecord } from '../core/contract/schema.ts'
import { Slices } from '../core/slices.ts'
import type { Row } from '../core/store/state.ts'
import type { Document } from '../core/store/document.ts'
import { Snapshots } from '../core/store/snapshots.ts'
import { Store, type StoreOptions } from '../core/store/store.ts'
import type { Vendor } from '../core/vendor.ts'
import type { WebhookSettings } from '../core/webhooks/transport.ts'
import { SUBSCRIPTIONS, TABLES, type Subscription } from '../core/webhooks/delivery.ts'
import {
  updateSubscription,
  subscribe,
  type NewSubscription,
} from '../core/webhooks/subscriptions.ts'
import { Webhooks } from '../core/webhooks/webhooks.ts'
import { create, seed } from './seeding.ts'
import type { Settings, SharedParts } from './settings.ts'

/** One isolated set of users, credentials, faults, webhooks, request log, clock and seed. */
export class Sandbox {
  readonly settings: Settings
  readonly store: Store
  readonly clock: Clock
  readonly faults: Faults
  /** The requests since the start, or since the last reset. */
  readonly requests: RequestLog
  readonly webhooks: Webhooks
  readonly snapshots: Snapshots
  readonly #shared: SharedParts
  readonly #fake: Fake
  #fixtures: Fixtures
  /** The fixtures that apply again if the pending change cannot be saved. */
  #savedFixtures: Fixtures
  /** Resolves when the last requested change of the clock is done. */
  #clockChange: Promise<void> = Promise.resolve()
  #secrets: KnownSecrets | undefined
  #contexts: ReadonlyMap<string, PipelineContext> = new Map()

  private constructor(settings: Settings, store: Store, shared: SharedParts, folder?: string) {
    this.settings = settings
    this.store = store
    this.snapshots = new Snapshots(
      store,
      folder === undefined ? undefined : join(folder, 'snapshots'),
    )
    this.#shared = shared
    this.#fixtures = settings.fixtures
    this.#savedFixtures = settings.fixtures
    this.clock = new Clock(this.#startOfClock())
    this.requests = new RequestLog(shared.requestLog, shared.secretNames, shared.history)
    this.#fake = new Fake(settings.seed, store)
    this.faults = new Faults({ ...shared.faults, clock: this.clock, seed: settings.seed })
    this.webhooks = new Webhooks({
      settings: shared.webhooks,
      store,
      clock: this.clock,
      fake: this.#fake,
      log: shared.log,
      base: this.#base,
      history: shared.history,
    })
    this.#buildContexts()
    if (store.isNew) store.transact(() => this.#createFromFixtures())
    const stored = settings.clockWins ? undefined : store.setting('clock')
    if (isRecord(stored)) this.clock.set(stored as ClockSetting) // as advance or set stored it
  }

  /**
   * Reads the state of a sandbox in a folder; `start` creates the sandbox from it.
   *
   * @throws as the store does for a folder that cannot be used; Problem for users of the fixtures
   *   that an API refuses
   */
  static async readStore(
    settings: Settings,
    shared: SharedParts,
    options: FolderOptions,
  ): Promise<Store> {
    // Fixtures that cannot be used must leave no state behind: the next start would take that state
    // for one that already contains them. They are therefore loaded into memory first.
    if (!fs.existsSync(join(options.folder, 'state.json'))) Sandbox.inMemory(settings, shared)
    const { log, onFlush } = shared
    return await Store.read({ ...options, tables: tablesFor(shared), log, onFlush })
  }

  /** @throws Error when the folder cannot be written; the store is closed then */
  static async start(settings: Settings, shared: SharedParts, store: Store): Promise<Sandbox> {
    try {
      await store.start()
      const sandbox = new Sandbox(settings, store, shared, store.folder)
      await sandbox.snapshots.load(shared.log)
      store.transact(() => sandbox.#configureWebhook())
      await store.saved()
      await sandbox.webhooks.reload()
      return sandbox
    } catch (error) {
      await store.close()
      throw error
    }
  }

  /** A sandbox without a state on disk. */
  static inMemory(settings: Settings, shared: SharedParts): Sandbox {
    const store = Store.inMemory({ tables: tablesFor(shared), log: shared.log })
    return new Sandbox(settings, store, shared)
  }

  /** The context of each API, by its name. */
  get contexts(): ReadonlyMap<string, PipelineContext> {
    return this.#contexts
  }

  /** The context of the API below this prefix. */
  contextAt(prefix: string): PipelineContext {
    for (const context of this.#contexts.values())
      if (context.contract.prefix === prefix) return context
    throw new Error(`No API is at ${prefix}`)
  }

  /** The number of users of each API. */
  get users(): Record<string, number> {
    return Object.fromEntries(
      this.#shared.vendors.map(({ api }) => [
        api.name,
        this.store.collection(`${api.name}.${api.users!.table}`).size,
      ]),
    )
  }

  /** An accepted credential for each API that has one. */
  get credentials(): Readonly<Record<string, Credential>> {
    return Object.fromEntries(
      this.#shared.vendors.flatMap(({ api }) => {
        const good = api.goodCredential?.(this.#fixtures[api.name])
        return good ? [[api.name, good]] : []
      }),
    )
  }

  /**
   * The secrets of the fixtures, and the names of headers, parameters and fields with other
   * secrets; all of them are redacted wherever they occur.
   */
  get secrets(): KnownSecrets {
    this.#secrets ??= KnownSecrets.in(this.#fixtures, this.#shared.secretNames)
    return this.#secrets
  }

  get profile(): string {
    return formatProfiles(this.settings.profile)
  }

  get vendors(): readonly ApiPart<Vendor>[] {
    return this.#shared.vendors
  }

  get log(): SharedParts['log'] {
    return this.#shared.log
  }

  get egress(): WebhookSettings['egress'] {
    return this.#shared.webhooks.egress
  }

  get tools(): Pick<Tools, 'clock' | 'fake'> {
    return { clock: this.clock, fake: this.#fake }
  }

  /** The tools of an API's operations in this sandbox. */
  toolsOf(api: string): Tools {
    return this.#contexts.get(api)!.tools // callers name a vendor
  }

  /** Resets everything to the state of a new sandbox with these fixtures. */
  reset(fixtures = this.#fixtures): void {
    const before = this.#fixtures
    this.#fixtures = fixtures
    try {
      this.#buildContexts()
      this.store.transact(() => {
        this.store.replaceAll(Store.empty())
        this.#createFromFixtures()
      })
    } catch (error) {
      this.#fixtures = before
      this.#buildContexts()
      throw error
    }
    this.clock.set(this.#startOfClock())
    void this.webhooks.reload({ fresh: true }) // the pending deliveries of fixtures are few
    this.requests.reset()
    this.faults.reset()
  }

  /**
   * Waits until all changes are on disk. If they cannot be saved, restores the clock and the
   * fixtures of the stored state, and throws.
   */
  async saved(): Promise<void> {
    try {
      await this.store.saved()
    } catch (error) {
      this.#fixtures = this.#savedFixtures
      this.#buildContexts()
      const stored = this.store.setting('clock')
      this.clock.set(isRecord(stored) ? (stored as ClockSetting) : this.#startOfClock()) // as it was stored
      void this.webhooks.reload()
      throw error
    }
    this.#savedFixtures = this.#fixtures
  }

  /**
   * Indexes the rows of a document while other requests run, then replaces the whole state with it
   * in one step.
   *
   * @throws ClientGone if the client closes the connection before that step; nothing changes then
   */
  async replace(document: Document, signal?: AbortSignal): Promise<void> {
    const prepared = await new Slices(signal).run(this.store.prepare(document))
    this.store.transact(() => this.store.replaceAll(document, prepared))
    this.faults.cancelDelayed()
    const stored = this.store.setting('clock')
    this.clock.set(isRecord(stored) ? (stored as ClockSetting) : this.#startOfClock()) // as it was stored
    await this.webhooks.reload()
  }

  /**
   * Sets the clock, stores the setting and runs all timers that become due. Concurrent changes run
   * one after the other.
   */
  turnClock(setting: () => ClockSetting): Promise<void> {
    const changed = this.#changeClock(this.#clockChange, setting)
    this.#clockChange = changed.catch(() => {})
    return changed
  }

  async #changeClock(before: Promise<void>, setting: () => ClockSetting): Promise<void> {
    await before
    // Attempts in flight began before the change, so their results are dated before it.
    await this.webhooks.attemptsDone()
    const target = setting()
    this.store.transact(() => this.store.setSetting('clock', target))
    await this.saved()
    await this.clock.runUntil(target)
  }

  /** Creates this number of generated users at each of the APIs; other requests run in between. */
  seed(count: number, apis: readonly string[]): Promise<void> {
    const contexts = this.vendors
      .filter(({ api }) => apis.includes(api.name))
      .map(({ api }) => this.#contexts.get(api.name)!) // every vendor has a context
    return seed(count, contexts, { store: this.store, fake: this.#fake })
  }

  /** Finds a user of an API by its id, with or without dashes. */
  user(api: string, id: string): Row | undefined {
    const users = this.store.collection(`${api}.${this.#usersOf(api).table}`)
    const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    return users.get(id) ?? users.get(dashed)
  }

  async close(): Promise<void> {
    this.faults.cancelDelayed()
    this.requests.close()
    await this.webhooks.close()
    await this.store.close()
  }

  #usersOf(api: string) {
    return this.vendors.find((part) => part.api.name === api)!.api.users! // the contract lists them
  }

  #startOfClock(): ClockSetting {
    const { clock } = this.settings
    return clock === undefined ? { ahead: 0 } : { held: clock }
  }

  /** Builds the context of each API from the fixtures. */
  #buildContexts(): void {
    const { vendors, admin, limits, log, gate } = this.#shared
    const { profile } = this.settings
    const all = [...vendors, admin(this)]
    this.#secrets = undefined
    this.#contexts = new Map(
      all.map(({ api, contract }, i) => {
        const fixtures = api.readFixtures(this.#fixtures[api.name])
        const webhookUrlWarning = (url: string) => this.webhooks.urlWarning(url)
        const tools: Tools = { clock: this.clock, fake: this.#fake, fixtures, webhookUrlWarning }
        const context: PipelineContext = {
          api,
          contract,
          all,
          profile: profile[api.name] ?? profile.all,
          tools,
          store: this.store,
          webhooks: this.webhooks,
          limits,
          log,
          requestLog: this.settings.recorder ?? this.requests,
          sandbox: this.settings.name,
          ...gate,
          ...(i < vendors.length && this.faults.isOn ? { faults: this.faults } : {}),
        }
        return [api.name, context]
      }),
    )
  }

  get #base(): string {
    return sandboxPath(this.settings.name)
  }

  /**
   * Creates, updates or removes the subscription of the configured webhook URL. If a client has
   * removed it, the next start creates it again, unless the URL is `inbox`.
   */
  #configureWebhook(fresh = false): void {
    const { url, secret } = this.#shared.webhooks
    const rows = this.store.collection<Subscription>(SUBSCRIPTIONS)
    const id = this.#fake.named('webhooks.subscription', 'configured').string.uuid()
    const row = rows.get(id)
    if (url === 'none') return rows.remove(id)
    const target = url === 'inbox' ? `${this.#base}/_standin/inbox/default` : url
    if (!row && (fresh || url !== 'inbox')) {
      const events = this.vendors.flatMap(({ api }) => api.webhooks?.events ?? [])
      const subscription = { name: 'Standin', url: target, token: secret, events }
      subscribe(this.store, subscription, this.tools, id)
    } else if (row && (row.url !== target || row.token !== secret)) {
      updateSubscription(this.store, row, { url: target, token: secret }, this.clock.now())
    }
  }

  /** Creates the subscriptions and the users of the fixtures. */
  #createFromFixtures(): void {
    this.#configureWebhook(true)
    for (const { api } of this.vendors) {
      const webhooks = this.#fixtures[api.name]?.['webhooks']
      if (!Array.isArray(webhooks)) continue
      for (const webhook of webhooks as NewSubscription[]) {
        subscribe(this.store, webhook, this.tools) // the schema has checked it
      }
    }
    for (const { api } of this.vendors) {
      const users = this.#fixtures[api.name]?.['users']
      if (!Array.isArray(users)) continue
      for (const [i, user] of (users as Record<string, unknown>[]).entries()) {
        try {
          create(this.#contexts.get(api.name)!, user)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          throw new Problem(400, 'fixtures.invalid', `${api.name}.users[${i}]: ${error.message}`)
        }
      }
    }
  }
}

type FolderOptions = Pick<StoreOptions, 'durability' | 'recover'> & { readonly folder: string }

function tablesFor({ vendors }: SharedParts): StoreOptions['tables'] {
  const tables = vendors.map(({ api }) => [api.name, api.tables] as const)
  return { ...Object.fromEntries(tables), webhooks: TABLES }
}
