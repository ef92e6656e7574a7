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
 * The name of an API. The server takes the list from its registry of vendors.
 */
export type ApiName = 'mykaarma' | 'cryptlex' | 'formsonfire'
/**
 * The name of an API, or `none` for requests that reached no API.
 */
export type ApiNameOrNone = 'mykaarma' | 'cryptlex' | 'formsonfire' | 'none'
/**
 * `documented` or `strict`, with exceptions such as `documented,cryptlex=strict`.
 */
export type Profile = string
export type Text = string
/**
 * The value itself, or a condition; a text such as `/^ada@/i` is an expression.
 */
export type WantedValue =
  | string
  | number
  | boolean
  | {
      equals?: unknown
      /**
       * An expression that fits a part of the value.
       */
      regex?: string
      /**
       * Whether the expression takes capitals and small letters for the same.
       */
      ignoreCase?: boolean
      exists?: boolean
    }
/**
 * How deliveries are signed; the server's own where nothing is said.
 */
export type Scheme = 'plain' | 'standard' | 'both'

export interface FrontPage {
  name: 'Standin'
  version: string
  sandbox: string
  /**
   * Where the sandbox is, as the caller reached it.
   */
  url: string
  apis: {
    name: string
    title: string
    /**
     * The base URL of a client.
     */
    url: string
  }[]
  /**
   * What may be asked about the sandbox; in `explain`, `{id}` is a request's.
   */
  links: {
    health: string
    requests: string
    explain: string
    events: string
    users: string
    faults: string
    deliveries: string
    inbox: string
    credentials: string
    sandboxes: string
    metrics: string
  }
}
export interface Health {
  status: 'ok'
  version: string
  apis: string[]
  /**
   * By API, what a client's base URL ends in, behind the sandbox's own prefix.
   */
  prefixes: {
    [k: string]: string
  }
}
export interface Readiness {
  status: 'ready'
  version: string
  /**
   * How many there are.
   */
  sandboxes: number
  /**
   * Whether the disk took the last change that it was given.
   */
  store: 'ok' | 'failing'
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
 * Credentials, users and other data of a new sandbox, by API; a key that is left out has the
 * package's value. Each API defines its own member (`fixturesSchema` in `src/apis`).
 */
export interface Fixtures {
  mykaarma?: {
    subscribers?: {
      username: string
      password: string
      scopes: string[]
      disabled?: boolean
      /**
       * Dealers whose users it may create; all where none is given.
       */
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
      /**
       * The key of HS256, at least 32 bytes of UTF-8.
       */
      secret?: string
      /**
       * Public keys of RS256 and ES256.
       */
      keys?: {
        kty: string
      }[]
      /**
       * Whether signatures are checked; false accepts JWTs signed elsewhere.
       */
      verify?: boolean
    }
    /**
     * Personal access tokens that are not JWTs.
     */
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
    /**
     * Custom roles, besides the reserved ones.
     */
    roles?: string[]
    /**
     * Each as a create call would send it, with its `resellerId`.
     */
    users?: {
      resellerId: string
    }[]
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
      scheme?: 'plain' | 'standard' | 'both'
    }[]
  }
  formsonfire?: {
    companies?: {
      companyId: number
      keys: {
        integrationKey: string
        /**
         * `full` where none is given; a limited key may not create users.
         */
        access?: 'full' | 'limited'
      }[]
    }[]
    /**
     * What a user can be given; a request names it by id, name or the caller's own id.
     */
    folders?: {
      id: string
      name: string
      /**
       * The caller's own id.
       */
      externalId?: string
    }[]
    /**
     * What a user can be given; a request names it by id, name or the caller's own id.
     */
    groups?: {
      id: string
      name: string
      /**
       * The caller's own id.
       */
      externalId?: string
    }[]
    /**
     * Each as a create call would send it, with its `CompanyId`.
     */
    users?: {
      CompanyId: number
    }[]
  }
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
/**
 * An accepted credential for each API; an API whose fixtures have none is left out. Each API
 * defines its own member (`credentialSchema` in `src/apis`).
 */
export interface Credentials {
  mykaarma?: {
    username: string
    password: string
    authorization: string
  }
  cryptlex?: {
    token: string
    authorization: string
  }
  formsonfire?: {
    CompanyId: number
    IntegrationKey: string
  }
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
/**
 * By name as it was sent; a list where there were several of a name.
 */
export interface RecordedHeaders {
  [k: string]: string | string[]
}
export interface RecordedBody {
  text: string
  /**
   * Of `text`, where it is not plain.
   */
  encoding?: 'base64'
  /**
   * In bytes, before anything was cut or taken out.
   */
  size: number
  /**
   * Only the first 64 KiB were kept.
   */
  cut?: true
}
export interface Note {
  code: string
  text: string
}
/**
 * A request and its answer; `[redacted]` stands where a secret was.
 */
export interface RecordedRequest {
  id: string
  /**
   * By the sandbox's clock, when it was answered.
   */
  time: string
  /**
   * Absent where no API was reached.
   */
  api?: string
  operation?: string
  /**
   * Absent, as the path, where the request line could not be read.
   */
  method?: string
  /**
   * As the caller wrote it, the sandbox included.
   */
  path?: string
  /**
   * What came in place of a request line, as far as it may be shown.
   */
  line?: string
  query?: string
  headers: RecordedHeaders
  body?: RecordedBody
  answer: {
    /**
     * 0 where the connection ended without an answer.
     */
    status: number
    headers: RecordedHeaders
    body: RecordedBody
  }
  /**
   * Milliseconds until it was answered.
   */
  ms: number
  /**
   * How far it came; where it was refused, that is where.
   */
  stage: string
  /**
   * Why it was refused.
   */
  problem?: {
    reason: string
    message: string
    violations: {
      at: string
      rule: string
      text: string
    }[]
  }
  warnings: Note[]
  /**
   * What the sender probably meant.
   */
  hints?: Note[]
  /**
   * The user that it created.
   */
  user?: {
    api: string
    id: string
    email?: string
  }
  /**
   * Those that fired.
   */
  faults?: {
    id: string
    /**
     * Its short form, as far as it has one.
     */
    fault: string
  }[]
  /**
   * The webhooks that it caused, by id.
   */
  deliveries?: string[]
}
/**
 * Where a rule comes from.
 */
export interface Evidence {
  /**
   * The vendor's page about the operation, another public page, or a decision of Standin's.
   */
  level: 'documented' | 'public' | 'assumed'
  /**
   * The page's own words, where they are short.
   */
  line?: string
  url?: string
  note?: string
}
/**
 * One thing that was looked at.
 */
export interface Check {
  at: string
  outcome: 'passed' | 'noted' | 'refused'
  text: string
  evidence: Evidence[]
}
export interface Decision {
  step:
    | 'sandbox'
    | 'arrival'
    | 'route'
    | 'faults'
    | 'credentials'
    | 'accept'
    | 'body'
    | 'contract'
    | 'strict'
    | 'operation'
    | 'saving'
    | 'webhooks'
    | 'answer'
  /**
   * `noted` was let through with a warning.
   */
  outcome: 'passed' | 'noted' | 'refused'
  text: string
  evidence: Evidence[]
  checks?: Check[]
}
/**
 * An operation that a request may have been meant for.
 */
export interface NearestOperation {
  api: string
  operation: string
  method: string
  /**
   * Where to send it; what stands in braces is for the sender to know.
   */
  path: string
  edits: {
    kind: string
    text: string
  }[]
  /**
   * The smaller, the nearer.
   */
  distance: number
}
/**
 * Why a request was answered as it was.
 */
export interface Explanation {
  id: string
  /**
   * Absent, as the path, where the request line could not be read.
   */
  method?: string
  path?: string
  /**
   * What came in place of a request line, as far as it may be shown.
   */
  line?: string
  /**
   * 0 where the connection ended without an answer.
   */
  status: number
  operation?: string
  summary: string
  /**
   * In the order in which they were taken; the last is the answer.
   */
  decisions: Decision[]
  /**
   * Empty where an operation was met.
   */
  nearest: NearestOperation[]
  hints: Note[]
}
export interface RequestPage {
  requests: RecordedRequest[]
  /**
   * How many there are in all pages.
   */
  total: number
  /**
   * For `after`; absent on the last page.
   */
  next?: string
}
export interface RequestsCleared {
  /**
   * How many there were.
   */
  cleared: number
}
/**
 * HTTP Archive 1.2.
 */
export interface Har {
  log: {
    version: '1.2'
    creator: {
      name: string
      version: string
    }
    entries: {}[]
  }
}
/**
 * A request that is not as it should be, but nearly.
 */
export interface Nearest {
  id: string
  differences: {
    at: string
    wanted: string
    found: string
  }[]
}
export interface Awaited {
  fulfilled: boolean
  /**
   * The first of those that came, as many as were wanted.
   */
  requests: RecordedRequest[]
  /**
   * What is lacking, in words.
   */
  difference?: string
  nearest?: Nearest[]
}
/**
 * Each value is what it should be, or a condition: `{"equals": …}`, `{"regex": "…"}`,
 * `{"exists": false}`; `"ignoreCase": true` goes with `regex`.
 *
 */
export interface Match {
  /**
   * By where they are in the body, such as `email`, `Folders[0]`, `$.Groups[*]`.
   */
  fields?: {}
  headers?: {}
  query?: {}
  /**
   * Of the path, by their names in the contract.
   */
  params?: {}
  /**
   * The token of Bearer, `user:password` of Basic or the user name alone, a CompanyId.
   */
  credential?: {
    [k: string]: unknown
  }
}
export interface Expectation {
  /**
   * What the result is called, and by what others refer to it.
   */
  name?: string
  api?: ApiNameOrNone
  operation?: string
  method?: string
  /**
   * With the API's prefix, without the sandbox; a text or a condition.
   */
  path?: {
    [k: string]: unknown
  }
  /**
   * Such as `201` or `4xx`; 0 is no answer.
   */
  status?: number | string
  match?: Match
  /**
   * How many should have come; at least one where nothing is said.
   */
  count?: {
    exactly?: number
    atLeast?: number
    atMost?: number
  }
  /**
   * The name of one whose first request should come after the first of this.
   */
  before?: string
  /**
   * The name of one whose first request should come before the first of this.
   */
  after?: string
}
export interface Verification {
  /**
   * @minItems 1
   * @maxItems 100
   */
  expectations: [Expectation, ...Expectation[]]
  /**
   * Whether one request for each should have come in this order, others between.
   */
  order?: boolean
  /**
   * Only requests after this time, or after the request of this id.
   */
  since?: string
}
export interface Verified {
  passed: boolean
  /**
   * In the order of the expectations.
   */
  results: {
    name: string
    passed: boolean
    /**
     * How many requests are as they should be.
     */
    found: number
    /**
     * The ids of the first hundred of those.
     */
    requests: string[]
    /**
     * What is wrong, in words; absent when it passed.
     */
    difference?: string
    nearest?: Nearest[]
  }[]
}
export interface LedgerEntry {
  /**
   * As the first API has it.
   */
  email: string
  /**
   * The worst of what there is to say.
   */
  state: 'consistent' | 'missing' | 'duplicated' | 'spelt-differently'
  /**
   * All there is to say, in words.
   */
  text: string
  /**
   * The APIs that do not have the person.
   */
  missing?: string[]
  users: {
    api: string
    id: string
    email?: string
    name?: string
  }[]
}
export interface Ledger {
  entries: LedgerEntry[]
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
  apis?: ApiName[]
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
 * What goes wrong, when, and how often. `fault` is the short form, such as `500;times=2`; what
 * stands beside it goes before what is in it. docs/faults.md shows each with what clients see.
 *
 */
export interface NewFault {
  /**
   * The short form: parts parted by `;`, each a status, a reason, a word or `name=value`.
   */
  fault?: string
  /**
   * For people.
   */
  note?: string
  /**
   * Refuse with it, as the vendor words it.
   */
  status?: number
  /**
   * Refuse with this `Standin-Reason`, such as `token.expired`; the status follows.
   */
  reason?: string
  /**
   * Fields that a 400 names: `emailAddress`, or with the rule it breaks `firstName:maxLength`.
   *
   * @minItems 1
   * @maxItems 20
   */
  fields?:
    | [string]
    | [string, string]
    | [string, string, string]
    | [string, string, string, string]
    | [string, string, string, string, string]
    | [string, string, string, string, string, string]
    | [string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string, string]
    | [string, string, string, string, string, string, string, string, string, string, string]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    | [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
  /**
   * Seconds in Retry-After; a 429 holds for as long.
   */
  retryAfter?: number
  /**
   * Who words it. 502 to 599 are a gateway's unless this says vendor.
   */
  words?: 'vendor' | 'gateway' | 'gateway-json' | 'login-page'
  /**
   * Where a 3xx leads.
   */
  location?: string
  /**
   * Before anything else: `2s`, `1s..3s` (uniform), `200ms~2s` (log-normal: median and 99th percentile), `forever`.
   */
  delay?: string
  /**
   * Which part of the answer goes out in pieces.
   */
  slow?: 'headers' | 'body'
  /**
   * Size of a piece of a slow answer.
   */
  bytes?: number
  /**
   * Time between two pieces of a slow answer.
   */
  interval?: string
  /**
   * What becomes of the connection.
   */
  connection?:
    | 'reset'
    | 'reset-headers'
    | 'reset-body'
    | 'close'
    | 'cut'
    | 'wrong-length'
    | 'bad-chunk'
    | 'close-after'
  /**
   * Bytes of the body that `cut` lets through.
   */
  cutAfter?: number
  /**
   * What becomes of the answer's body.
   */
  body?:
    | 'truncated'
    | 'wrong-type'
    | 'wrong-charset'
    | 'empty'
    | 'extra-fields'
    | 'nulls'
    | 'unknown-enum'
    | 'reordered'
    | 'xml-prefixes'
    | 'xml-comments'
    | 'xml-cdata'
    | 'protobuf-unknown'
  /**
   * What is told of the user and what is true of it fall apart.
   */
  outcome?: 'not-stored' | 'created-later' | 'lost-then-duplicate' | 'duplicate-accepted'
  /**
   * When `created-later` creates, by the sandbox's clock.
   */
  later?: string
  /**
   * What becomes of the webhook that the request causes; see DeliveryFault.
   */
  webhook?:
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
   * How long `delay` puts it off, how long the window of `reorder` is, how old `stale-timestamp` makes it.
   */
  webhookBy?: string
  /**
   * Only the first so many attempts at the delivery are spoilt; all where nothing is said.
   */
  webhookAttempts?: number
  /**
   * Only at this API.
   */
  api?: 'mykaarma' | 'cryptlex' | 'formsonfire'
  /**
   * Only at this operation, by its operationId.
   */
  operation?: string
  /**
   * Only requests that have all of this.
   */
  match?: {
    headers?: Wanted
    /**
     * Who calls, unchecked: the user name, the token, the CompanyId.
     */
    credential?:
      | string
      | {
          equals?: string
          exists?: boolean
        }
    params?: Wanted1
    query?: Wanted
    fields?: Wanted2
  }
  /**
   * What the request passes first: nothing (route), the check of its credentials, its validation, or the change itself (commit).
   */
  after?: 'route' | 'auth' | 'validation' | 'commit'
  /**
   * How often it fires.
   */
  times?: number
  /**
   * How many that fit are spared first.
   */
  skip?: number
  /**
   * Only every so manieth that fits.
   */
  every?: number
  /**
   * How likely it fires; drawn from the sandbox's seed.
   */
  probability?: number
  /**
   * What happens to the first, the second, …: `fail`, `pass`, or another fault in its short form.
   *
   * @minItems 1
   * @maxItems 1000
   */
  sequence?: [string, ...string[]]
  /**
   * Whether the sequence begins anew at its end; otherwise all pass from then on.
   */
  repeat?: boolean
  /**
   * Not before this time of the sandbox's clock.
   */
  from?: string
  /**
   * Not from this time of the sandbox's clock on.
   */
  until?: string
  /**
   * It dies this long after it was armed, by the sandbox's clock.
   */
  expiresIn?: string
}
export interface Wanted {
  [k: string]: WantedValue
}
/**
 * Path parameters.
 */
export interface Wanted1 {
  [k: string]: WantedValue
}
/**
 * Fields of the body: `emailAddress`, `Folders[0]`, `$.organizationId`.
 */
export interface Wanted2 {
  [k: string]: WantedValue
}
export interface Fault {
  id: string
  /**
   * How it came to be armed.
   */
  origin: 'config' | 'admin' | 'code' | 'header' | 'magic'
  /**
   * Its short form, as far as it has one.
   */
  fault: string
  definition: NewFault
  armedAt: string
  expiresAt?: string
  /**
   * Whether it can still fire.
   */
  live: boolean
  /**
   * Whether its answers are meant to be none that the contract allows.
   */
  breaksContract: boolean
  /**
   * How many requests fitted.
   */
  eligible: number
  fired: number
  lastFiredAt?: string
  /**
   * The request that came closest to meeting it, and why it did not.
   */
  nearestMiss?: {
    requestId: string
    at: string
    why: string
  }
  /**
   * Who met it, the newest last, and what that client did next.
   */
  meetings: {
    requestId: string
    at: string
    /**
     * The user that the request was about.
     */
    about?: string
    /**
     * Such as `retried after 250 ms`; `nothing yet` where the client was not seen again.
     */
    next: string
  }[]
}
export interface FaultList {
  faults: Fault[]
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
export interface DeliveriesAwaited {
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
