// Made from specs/standin.yaml by `npm run types`; not edited by hand.

/**
 * Fits into a path and into a host name.
 */
export type Name = string
/**
 * A number and ms, s, m, h or d.
 */
export type Duration = string
/**
 * `documented` or `strict`, with exceptions such as `documented,cryptlex=strict`.
 */
export type Profile = string
/**
 * How deliveries are signed; the server's own where nothing is said.
 */
export type Scheme = 'plain' | 'standard' | 'both'

export interface Health {
  status: 'ok'
  version: string
  apis: string[]
}
/**
 * A refusal, after RFC 9457.
 */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  reason: string
}
export interface NewSandbox {
  name?: Name
  seed?: number
  /**
   * Hold the clock still at this time.
   */
  clock?: string
  profile?: Profile
  fixtures?: Fixtures
  /**
   * Remove it this long after it was last used, by the machine's time.
   */
  ttl?: string
  /**
   * Whether it outlives the server, as `default` does; only where that keeps state.
   */
  kept?: boolean
}
/**
 * What a fresh sandbox knows; a key that is left out is as the package has it.
 */
export interface Fixtures {
  mykaarma?: {
    subscribers?: {
      username: string
      password: string
      scopes: string[]
      disabled?: boolean
      dealers?: string[]
    }[]
    dealers?: {
      uuid: string
      departments: string[]
    }[]
    roles?: {
      uuid: string
      name: string
    }[]
    /**
     * Each as a create call would send it.
     */
    users?: {}[]
  }
  cryptlex?: {
    signing?: {
      secret?: string
      keys?: {
        kty: string
      }[]
      verify?: boolean
    }
    tokens?: {
      token: string
      scopes: string[]
      revoked?: boolean
      expiresAt?: string
    }[]
    resellers?: {
      id: string
      allowedUsers?: number
    }[]
    organizations?: {
      id: string
      resellerId: string
      allowedUsers?: number
    }[]
    roles?: string[]
    /**
     * @maxItems 99
     */
    webhooks?: {
      name?: string
      url: string
      token?: string
      previousToken?: string
      active?: boolean
      events: string[]
      scheme?: Scheme
    }[]
    /**
     * Each as a create call would send it, with its `resellerId`.
     */
    users?: {
      resellerId: string
    }[]
  }
  formsonfire?: {
    companies?: {
      companyId: number
      keys: {
        integrationKey: string
        access?: 'full' | 'limited'
      }[]
    }[]
    folders?: Named[]
    groups?: Named[]
    /**
     * Each as a create call would send it, with its `CompanyId`.
     */
    users?: {
      CompanyId: number
    }[]
  }
}
export interface Named {
  id: string
  name: string
  externalId?: string
}
export interface Sandbox {
  name: string
  /**
   * What a client's base URL ends in; empty for `default`.
   */
  prefix: string
  seed: number
  profile: string
  kept: boolean
  createdAt: string
  /**
   * When it goes if nobody uses it.
   */
  expiresAt?: string
  /**
   * How many there are, by API.
   */
  users: {
    [k: string]: number
  }
}
export interface SandboxList {
  sandboxes: Sandbox[]
}
export interface User {
  api: string
  id: string
  email?: string
  /**
   * As the sandbox keeps it; never a password or a key.
   */
  user: {}
}
export interface UserPage {
  users: User[]
  /**
   * How many there are in all pages.
   */
  total: number
  /**
   * For `after`; absent on the last page.
   */
  next?: string
}
export interface Seeding {
  /**
   * At each API.
   */
  users: number
  apis?: ('mykaarma' | 'cryptlex' | 'formsonfire')[]
}
export interface Seeded {
  [k: string]: number
}
/**
 * One key per API with its tables; `standin` holds what is no API's. Rows are looked at one by
 * one, up to the first that is wrong.
 *
 */
export interface State {
  standin?: {
    format?: number
    counters?: {}
    settings?: {}
  }
  [k: string]:
    | {
        [k: string]: unknown[]
      }
    | {
        format?: number
        counters?: {}
        settings?: {}
      }
    | undefined
}
export interface Snapshot {
  name: string
  savedAt: string
  users: {
    [k: string]: number
  }
}
export interface SnapshotList {
  snapshots: Snapshot[]
}
/**
 * By table, such as `cryptlex.users`; tables without a change are left out.
 */
export interface Difference {
  [k: string]: {
    added: {}[]
    removed: {}[]
    changed: {
      before: {}
      after: {}
    }[]
  }
}
export interface ClockState {
  now: string
  /**
   * Whether it stands still.
   */
  held: boolean
}
export interface ClockSetting {
  now?: string
  held?: boolean
}
export interface ClockAdvance {
  by: Duration
}
/**
 * Fields as a create call of the API has them.
 */
export interface UserChanges {}
export interface NewSubscription {
  /**
   * http or https, or the path of an inbox of this sandbox.
   */
  url: string
  name?: string
  /**
   * What is signed with; made up where it is left out, and shown nowhere.
   */
  token?: string
  /**
   * Signs beside the other, where the scheme allows two.
   */
  previousToken?: string
  active?: boolean
  /**
   * All, where nothing is said.
   *
   * @minItems 1
   * @maxItems 100
   */
  events?: [string, ...string[]]
  scheme?: Scheme
}
/**
 * A webhook; its token is not shown.
 */
export interface Subscription {
  id: string
  name: string
  url: string
  active: boolean
  events: string[]
  status: 'Healthy' | 'Unhealthy' | 'Suspended'
  /**
   * Failed attempts in a row.
   */
  failures: number
  scheme?: Scheme
  createdAt: string
  updatedAt: string
}
export interface SubscriptionList {
  webhooks: Subscription[]
}
/**
 * How a delivery goes wrong on purpose.
 */
export interface DeliveryFault {
  kind:
    | 'drop'
    | 'delay'
    | 'duplicate'
    | 'duplicate-new-id'
    | 'reorder'
    | 'before-answer'
    | 'after-delete'
    | 'wrong-secret'
    | 'stale-timestamp'
    | 'reserialised'
    | 'unsigned'
    | 'header-case'
    | 'truncated'
    | 'gzip'
    | 'chunked'
    | 'large'
    | 'extra-fields'
    | 'unknown-event'
    | 'redirect'
    | 'slow'
  /**
   * How long `delay` puts it off (5s), how long the window of `reorder` is (1s), and how old
   * `stale-timestamp` makes it (1h).
   */
  by?: string
  /**
   * Only the first so many attempts are spoilt; all where nothing is said.
   */
  attempts?: number
}
export interface WebhookTest {
  /**
   * Its id; the first that is active where nothing is said.
   */
  subscription?: string
  event?: string
  data?: {}
  fault?: DeliveryFault
}
export interface Redelivery {
  fault?: DeliveryFault
}
export interface Attempt {
  number: number
  /**
   * When it began, by the sandbox's clock.
   */
  at: string
  /**
   * `event`, `redelivery`, `restart`, or what became of the one before.
   */
  why: string
  /**
   * What it was spoilt by.
   */
  faults?: string[]
  /**
   * Milliseconds that it took by the machine's clock.
   */
  ms: number
  status?: number
  headers?: {
    [k: string]: string
  }
  /**
   * The beginning of the receiver's answer.
   */
  excerpt?: string
  /**
   * Why there was no answer, in a word.
   */
  error?: string
  message?: string
}
export interface Delivery {
  id: string
  event: string
  /**
   * The webhook that it goes to, by id.
   */
  subscription: string
  url: string
  userId?: string
  /**
   * The request that caused it.
   */
  requestId?: string
  createdAt: string
  state: 'pending' | 'delivered' | 'failed' | 'dropped'
  /**
   * When it is tried next.
   */
  nextAt?: string
  /**
   * What it waits for besides.
   */
  waitsFor?: string
  /**
   * Why it will not be tried again.
   */
  reason?: string
  /**
   * The exact text.
   */
  body: string
  attempts: Attempt[]
  faults?: {}[]
}
export interface DeliveryPage {
  deliveries: Delivery[]
  /**
   * How many there are in all pages.
   */
  total: number
  /**
   * For `after`; absent on the last page.
   */
  next?: string
}
export interface Awaited {
  fulfilled: boolean
  /**
   * What came.
   */
  deliveries: Delivery[]
  /**
   * What did not; empty when it is fulfilled.
   */
  pending: Pending[]
}
export interface Pending {
  id: string
  event: string
  nextAt?: string
  why: string
}
export interface Settling {
  /**
   * By the machine's clock; 5s where nothing is said, 60s at most.
   */
  timeout?: string
}
export interface Settled {
  settled: boolean
  pending: Pending[]
}
export interface InboxReceipt {
  /**
   * Its number in the inbox.
   */
  received: number
}
export interface InboxPage {
  /**
   * How many came since it was cleared; the oldest may be gone.
   */
  total: number
  received: InboxEntry[]
}
export interface InboxEntry {
  number: number
  at: string
  /**
   * What it was answered with.
   */
  status: number
  /**
   * As they came, in their case and order.
   */
  headers: [string, string][]
  /**
   * As text; at most 64 KiB of it.
   */
  body: string
  bytes: number
  signature?: SignatureVerdict
}
/**
 * Whether it is signed by a webhook that points here; absent where none does.
 */
export interface SignatureVerdict {
  verified: boolean
  scheme: string
  failedAt?: string
  steps: {
    step: string
    passed: boolean
    text: string
  }[]
}
