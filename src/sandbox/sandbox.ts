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
import { secretsIn } from '../core/request-log/redact.ts'
import { RequestLog } from '../core/request-log/request-log.ts'
import { isRecord } from '../core/contract/schema.ts'
import type { Row } from '../core/store/state.ts'
import type { Document } from '../core/store/document.ts'
import { Snapshots } from '../core/store/snapshots.ts'
import { Store, type StoreOptions } from '../core/store/store.ts'
import type { Vendor } from '../core/vendor.ts'
import type { WebhookSettings } from '../core/webhooks/transport.ts'
import { SUBSCRIPTIONS, TABLES, type Subscription } from '../core/webhooks/delivery.ts'
import { resubscribe, subscribe, type NewSubscription } from '../core/webhooks/subscriptions.ts'
import { Webhooks } from '../core/webhooks/webhooks.ts'
import { create, seed } from './seeding.ts'
import type { Settings, Shared } from './settings.ts'

/** What sandboxes of one server have in common, and their own API. */
export interface Common extends Shared {
  /** The API of the sandbox itself, made for each. */
  readonly admin: (sandbox: Sandbox) => ApiPart
}

/** One closed world: the users of all APIs, their credentials, a clock and a seed. */
export class Sandbox {
  readonly settings: Settings
  readonly store: Store
  readonly clock: Clock
  readonly faults: Faults
  /** What came since the start, or since the last reset. */
  readonly requests: RequestLog
  readonly webhooks: Webhooks
  readonly snapshots: Snapshots
  readonly #common: Common
  readonly #fake: Fake
  #fixtures: Fixtures
  /** Those that are in force if what waits for the disk is refused. */
  #keptFixtures: Fixtures
  /** Settles when the clock has been turned as it was last asked to be. */
  #turning: Promise<void> = Promise.resolve()
  #secrets: readonly string[] | undefined
  #contexts: ReadonlyMap<string, PipelineContext> = new Map()

  private constructor(settings: Settings, store: Store, common: Common, folder?: string) {
    this.settings = settings
    this.snapshots = new Snapshots(folder === undefined ? undefined : join(folder, 'snapshots'))
    this.store = store
    this.#common = common
    this.#fixtures = settings.fixtures
    this.#keptFixtures = settings.fixtures
    this.clock = new Clock(this.#startOfClock())
    this.requests = settings.requests ?? new RequestLog(common.requestLog)
    this.#fake = new Fake(settings.seed, store)
    this.faults = new Faults({ ...common.faults, clock: this.clock, seed: settings.seed })
    this.webhooks = new Webhooks({
      settings: common.webhooks,
      store,
      clock: this.clock,
      fake: this.#fake,
      log: common.log,
      base: this.#base,
    })
    this.#furnish()
    if (store.isNew) store.transact(() => this.#populate())
    const kept = settings.clockWins ? undefined : store.setting('clock')
    if (isRecord(kept)) this.clock.set(kept as ClockSetting) // what advance or set kept
  }

  /** Throws as the store does when its folder cannot be used, and when the fixtures cannot be. */
  static async open(settings: Settings, common: Common, options: KeptOptions): Promise<Sandbox> {
    // Fixtures that cannot be used must leave no state behind: the next start would take it for one
    // that has them already.
    if (!fs.existsSync(join(options.folder, 'state.json'))) Sandbox.inMemory(settings, common)
    const { log, onFlush } = common
    const store = await Store.open({ ...options, tables: tablesOf(common), log, onFlush })
    try {
      const sandbox = new Sandbox(settings, store, common, options.folder)
      sandbox.snapshots.read(store.tables, log)
      store.transact(() => sandbox.#configureWebhook())
      await store.saved()
      sandbox.webhooks.reload()
      return sandbox
    } catch (error) {
      await store.close()
      throw error
    }
  }

  /** One that keeps nothing on disk. */
  static inMemory(settings: Settings, common: Common): Sandbox {
    const store = Store.inMemory({ tables: tablesOf(common), log: common.log })
    return new Sandbox(settings, store, common)
  }

  /** Where each API answers, by its name. */
  get contexts(): ReadonlyMap<string, PipelineContext> {
    return this.#contexts
  }

  /** Where the API below this prefix answers. */
  contextAt(prefix: string): PipelineContext {
    for (const context of this.#contexts.values())
      if (context.contract.prefix === prefix) return context
    throw new Error(`No API is at ${prefix}`)
  }

  /** How many users each API has. */
  get users(): Record<string, number> {
    return Object.fromEntries(
      this.#common.vendors.map(({ api }) => [
        api.name,
        this.store.collection(`${api.name}.${api.users!.table}`).size,
      ]),
    )
  }

  /** A credential that is accepted, for each API that has one. */
  get credentials(): Readonly<Record<string, Credential>> {
    return Object.fromEntries(
      this.#common.vendors.flatMap(({ api }) => {
        const good = api.goodCredential?.(this.#fixtures[api.name])
        return good ? [[api.name, good]] : []
      }),
    )
  }

  /** What is shown nowhere, whoever sends it and wherever. */
  get secrets(): readonly string[] {
    this.#secrets ??= secretsIn(this.#fixtures)
    return this.#secrets
  }

  get profile(): string {
    return formatProfiles(this.settings.profile)
  }

  get vendors(): readonly ApiPart<Vendor>[] {
    return this.#common.vendors
  }

  get egress(): WebhookSettings['egress'] {
    return this.#common.webhooks.egress
  }

  get tools(): Pick<Tools, 'clock' | 'fake'> {
    return { clock: this.clock, fake: this.#fake }
  }

  /** What a vendor's own operations use here. */
  toolsOf(api: string): Tools {
    return this.#contexts.get(api)!.tools // who asks names a vendor
  }

  /** Users, made-up values and the clock as in a fresh sandbox. */
  reset(fixtures = this.#fixtures): void {
    const before = this.#fixtures
    this.#fixtures = fixtures
    try {
      this.#furnish()
      this.store.transact(() => {
        this.store.replaceAll(Store.empty())
        this.#populate()
      })
    } catch (error) {
      this.#fixtures = before
      this.#furnish()
      throw error
    }
    this.clock.set(this.#startOfClock())
    this.webhooks.reload({ fresh: true })
    this.requests.reset()
    this.faults.reset()
  }

  /**
   * Waits until what was changed is kept. What the disk refused is taken back here as well: the
   * clock and the fixtures are as the store has them again.
   */
  async saved(): Promise<void> {
    try {
      await this.store.saved()
    } catch (error) {
      this.#fixtures = this.#keptFixtures
      this.#furnish()
      const kept = this.store.setting('clock')
      this.clock.set(isRecord(kept) ? (kept as ClockSetting) : this.#startOfClock()) // as it was kept
      this.webhooks.reload()
      throw error
    }
    this.#keptFixtures = this.#fixtures
  }

  /** Puts a document in the place of everything; in one step, for every reader. */
  replace(document: Document): void {
    this.store.transact(() => this.store.replaceAll(document))
    this.faults.cancelDelayed()
    const kept = this.store.setting('clock')
    this.clock.set(isRecord(kept) ? (kept as ClockSetting) : this.#startOfClock()) // as it was kept
    this.webhooks.reload()
  }

  /**
   * Turns the clock, for this run and the next, and does what falls due on the way. Turns that are
   * asked for at the same time are made one after the other.
   */
  turnClock(setting: () => ClockSetting): Promise<void> {
    const turned = this.#turn(this.#turning, setting)
    this.#turning = turned.catch(() => {})
    return turned
  }

  async #turn(before: Promise<void>, setting: () => ClockSetting): Promise<void> {
    await before
    // What is under way was begun before, and what becomes of it is dated so.
    await this.webhooks.quiet()
    const goal = setting()
    this.store.transact(() => this.store.set('clock', goal))
    await this.saved()
    await this.clock.play(goal)
  }

  /** Creates made-up people at these APIs, as many at each; other requests run in between. */
  seed(count: number, apis: readonly string[]): Promise<void> {
    const contexts = this.vendors
      .filter(({ api }) => apis.includes(api.name))
      .map(({ api }) => this.#contexts.get(api.name)!) // every vendor has its place
    return seed(count, contexts, { store: this.store, fake: this.#fake })
  }

  /** One user of an API, by its id with or without dashes. */
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

  /** Sets up each API with what the fixtures let it know. */
  #furnish(): void {
    const { vendors, admin, limits, log, gate } = this.#common
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
          requestLog: this.requests,
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
   * Makes the webhook of the settings, or has it follow them. One that was removed comes back only
   * where the settings name a URL.
   */
  #configureWebhook(fresh = false): void {
    const { url, secret } = this.#common.webhooks
    const rows = this.store.collection<Subscription>(SUBSCRIPTIONS)
    const id = this.#fake.named('webhooks.subscription', 'configured').string.uuid()
    const row = rows.get(id)
    if (url === 'none') return rows.remove(id)
    const target = url === 'inbox' ? `${this.#base}/_standin/inbox/default` : url
    if (!row && (fresh || url !== 'inbox')) {
      const events = this.vendors.flatMap(({ api }) => api.webhooks?.events ?? [])
      const wish = { name: 'Standin', url: target, token: secret, events }
      subscribe(this.store, wish, this.tools, id)
    } else if (row && (row.url !== target || row.token !== secret)) {
      resubscribe(this.store, row, { url: target, token: secret }, this.clock.now())
    }
  }

  /** Creates the webhooks and the users that the fixtures bring. */
  #populate(): void {
    this.#configureWebhook(true)
    for (const { api } of this.vendors) {
      const webhooks = this.#fixtures[api.name]?.['webhooks']
      if (!Array.isArray(webhooks)) continue
      // The schema has checked them.
      for (const wish of webhooks as NewSubscription[]) subscribe(this.store, wish, this.tools)
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

type KeptOptions = Pick<StoreOptions, 'durability' | 'recover'> & { readonly folder: string }

function tablesOf({ vendors }: Common): StoreOptions['tables'] {
  const tables = vendors.map(({ api }) => [api.name, api.tables] as const)
  return { ...Object.fromEntries(tables), webhooks: TABLES }
}
