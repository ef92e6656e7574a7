// Generated from specs/standin.yaml by `npm run generate`. Do not edit.

/**
 * A name that is valid in a path and in a host name.
 */
export type Name = string
/**
 * A number with a unit: ms, s, m, h or d.
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
 * An exact value or a condition; a text such as `/^ada@/i` is a regular expression.
 */
export type WantedValue =
  | string
  | number
  | boolean
  | {
      equals?: unknown
      /**
       * Regular expression that matches any part of the value.
       */
      regex?: string
      /**
       * True to ignore case in `regex`.
       */
      ignoreCase?: boolean
      exists?: boolean
    }
/**
 * Signature scheme; defaults to the server's.
 */
export type Scheme = 'plain' | 'standard' | 'both'
export type DeliveryFaultKind =
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

export interface NewSession {
  /**
   * The admin token.
   */
  token?: string
  /**
   * The sandbox to which the session is extended.
   */
  sandbox?: string
}
export interface Session {
  /**
   * True if there is a session. A server without an admin token needs none.
   */
  open: boolean
}
/**
 * An OpenAPI document.
 */
export interface OpenapiDocument {
  openapi: string
  info: {}
  servers: {
    url: string
  }[]
  paths: {}
  [k: string]: unknown
}
export interface FrontPage {
  name: 'Standin'
  version: string
  sandbox: string
  /**
   * The process of the server; only for callers on the same machine.
   */
  process?: {
    pid: number
    /**
     * Folder of the state; absent for a server that keeps it in memory.
     */
    folder?: string
  }
  /**
   * Present if the admin API needs a token.
   */
  needsToken?: true
  /**
   * URL of the sandbox, as the caller reached it.
   */
  url: string
  apis: {
    name: string
    title: string
    /**
     * Base URL for a client of the API.
     */
    url: string
  }[]
  /**
   * URLs of the admin API; in `explain`, replace `{id}` with the id of a request.
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
   * The HTTPS listener; absent for a server without `--tls`.
   */
  https?: {
    port: number
    /**
     * True if the certificate is of Standin's own CA, which is at `/_standin/ca.pem`.
     */
    ca: boolean
  }
  /**
   * Path prefix of each API, below the prefix of the sandbox.
   */
  prefixes: {
    [k: string]: string
  }
  /**
   * Memory of the request logs, inboxes and completed deliveries of all sandboxes. Above the limit
   * (`--history-bytes`), the oldest entries of all sandboxes are dropped.
   */
  history: {
    bytes: number
    limit: number
    /**
     * Number of entries that were dropped because of the limit.
     */
    dropped: number
  }
}
export interface Readiness {
  status: 'ready'
  version: string
  /**
   * Number of sandboxes.
   */
  sandboxes: number
  /**
   * Result of the last write to the disk.
   */
  store: 'ok' | 'failing'
}
export interface Limits {
  limits: {
    name: string
    /**
     * Name of the limit, such as `logged requests`.
     */
    text: string
    /**
     * Scope of the limit, which applies to each sandbox or to the whole server.
     */
    of: 'sandbox' | 'server'
    used: number
    limit: number
    unit: 'items' | 'bytes'
    /**
     * Effect of the limit on a further item, such as `refused`.
     */
    beyond: 'refused' | 'oldest-removed'
  }[]
}
/**
 * A refusal as problem details (RFC 9457).
 */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  reason: string
  /**
   * Refused parts of the request; `detail` has all their texts.
   */
  violations?: {
    /**
     * Path in the body such as `email` or `users[0]`, name of a parameter, or `body`.
     */
    field: string
    text: string
  }[]
}
export interface NewSandbox {
  name?: Name
  seed?: number
  /**
   * Holds the clock at this time.
   */
  clock?: string
  profile?: Profile
  fixtures?: Fixtures
  /**
   * Removes the sandbox after this time without use, in real time.
   */
  ttl?: string
  /**
   * True if the state outlives the server, as that of `default` does; requires a server that stores state.
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
       * Dealers whose users it may create, change and list; all where none is given.
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
       * True to check signatures; false accepts JWTs signed elsewhere.
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
      /**
       * Maximum number of users; -1 means unlimited.
       */
      allowedUsers?: number
    }[]
    organizations?: {
      id: string
      resellerId: string
      /**
       * Maximum number of users; -1 means unlimited.
       */
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
         * `full` where none is given; requests with a limited key are refused.
         */
        access?: 'full' | 'limited'
      }[]
    }[]
    /**
     * Entries that a user can have; a request names them by id, name or the caller's own id.
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
     * Entries that a user can have; a request names them by id, name or the caller's own id.
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
   * Path prefix of the sandbox; empty for `default`.
   */
  prefix: string
  seed: number
  profile: string
  kept: boolean
  createdAt: string
  /**
   * Time at which the sandbox is removed unless it is used before.
   */
  expiresAt?: string
  /**
   * Number of users by API.
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
export interface Examples {
  calls: {
    api: string
    title: string
    operation: string
    method: string
    /**
     * Path with the prefix of the sandbox.
     */
    path: string
    headers: {
      [k: string]: string
    }
    /**
     * Sent as JSON.
     */
    body: {}
  }[]
}
export interface User {
  api: string
  id: string
  email?: string
  /**
   * The stored user, without passwords and keys.
   */
  user: {}
  /**
   * Fields that PATCH accepts; only in the answers to GET and PATCH of one user.
   */
  fields?: {
    name: string
    type: 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object'
    /**
     * Permitted values, if the contract lists them.
     */
    values?: string[]
    /**
     * The stored value; absent if there is none.
     */
    value?: string | boolean | number | unknown[] | {}
  }[]
}
export interface UserPage {
  users: User[]
  /**
   * Total number over all pages.
   */
  total: number
  /**
   * Value of `after` for the next page; absent on the last page.
   */
  next?: string
}
/**
 * Headers by name as sent; a list if a header was repeated.
 */
export interface RecordedHeaders {
  [k: string]: string | string[]
}
export interface RecordedBody {
  text: string
  /**
   * Encoding of `text`, unless it is plain text.
   */
  encoding?: 'base64'
  /**
   * Size in bytes, before the body was cut or redacted.
   */
  size: number
  /**
   * True if only the first 64 KiB were logged.
   */
  cut?: true
}
export interface Note {
  code: string
  text: string
}
/**
 * A request and its answer; `[redacted]` replaces secrets.
 */
export interface RecordedRequest {
  id: string
  /**
   * Time of the answer, by the sandbox's clock.
   */
  time: string
  /**
   * Absent if the request reached no API.
   */
  api?: string
  operation?: string
  /**
   * True for a request over HTTPS; absent for HTTP.
   */
  https?: true
  /**
   * Absent, like the path, if the request line was malformed.
   */
  method?: string
  /**
   * Path as sent, including the prefix of the sandbox.
   */
  path?: string
  /**
   * The malformed request line; cut, and absent if it may hold a secret.
   */
  line?: string
  query?: string
  headers: RecordedHeaders
  body?: RecordedBody
  answer: {
    /**
     * 0 if the connection ended without an answer.
     */
    status: number
    headers: RecordedHeaders
    body: RecordedBody
  }
  /**
   * Milliseconds from the request to its answer.
   */
  ms: number
  /**
   * Last stage that the request reached; a refused request ends at the stage that refused it.
   */
  stage: string
  /**
   * Reason of the refusal.
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
   * Hints on probable mistakes of the sender.
   */
  hints?: Note[]
  /**
   * The user that the request created.
   */
  user?: {
    api: string
    id: string
    email?: string
  }
  /**
   * Faults that fired.
   */
  faults?: {
    id: string
    /**
     * Short form of the fault, as far as it has one.
     */
    fault: string
  }[]
  /**
   * Ids of the deliveries that the request caused.
   */
  deliveries?: string[]
}
/**
 * Source of a rule.
 */
export interface Evidence {
  /**
   * `documented` is the vendor's page about the operation, `public` another public page, `assumed` a decision of Standin.
   */
  level: 'documented' | 'public' | 'assumed'
  /**
   * Quotation from the page, if it is short.
   */
  line?: string
  url?: string
  note?: string
}
/**
 * One check of the request.
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
   * `noted` means accepted with a warning.
   */
  outcome: 'passed' | 'noted' | 'refused'
  text: string
  evidence: Evidence[]
  checks?: Check[]
}
/**
 * An operation that the request may have been meant for.
 */
export interface NearestOperation {
  api: string
  operation: string
  method: string
  /**
   * Path of the operation; the sender has to fill in the parts in braces.
   */
  path: string
  edits: {
    kind: string
    text: string
  }[]
  /**
   * Distance from the request; smaller is nearer.
   */
  distance: number
}
/**
 * Explanation of the answer to a request.
 */
export interface Explanation {
  id: string
  /**
   * Absent, like the path, if the request line was malformed.
   */
  method?: string
  path?: string
  /**
   * The malformed request line; cut, and absent if it may hold a secret.
   */
  line?: string
  /**
   * 0 if the connection ended without an answer.
   */
  status: number
  operation?: string
  summary: string
  /**
   * The decisions in order; the last one is the answer.
   */
  decisions: Decision[]
  /**
   * Empty if the request matched an operation.
   */
  nearest: NearestOperation[]
  hints: Note[]
}
export interface RequestPage {
  requests: RecordedRequest[]
  /**
   * Total number over all pages.
   */
  total: number
  /**
   * Value of `after` for the next page; absent on the last page.
   */
  next?: string
}
export interface RequestsCleared {
  /**
   * Number of removed requests.
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
 * A request that almost matches, with its differences.
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
   * The first matching requests, up to `count`.
   */
  requests: RecordedRequest[]
  /**
   * Text that says what is missing.
   */
  difference?: string
  nearest?: Nearest[]
}
/**
 * Each value is an exact value or a condition: `{"equals": …}`, `{"regex": "…"}`, `{"exists":
 * false}`. `"ignoreCase": true` modifies `regex`.
 *
 */
export interface Match {
  /**
   * Conditions on fields of the body by path, such as `email`, `Folders[0]`, `$.Groups[*]`.
   */
  fields?: {}
  headers?: {}
  query?: {}
  /**
   * Conditions on path parameters, by their names in the contract.
   */
  params?: {}
  /**
   * Credential of the request: the token of Bearer, `user:password` or the user name of Basic, or the CompanyId of Forms On Fire.
   */
  credential?: {
    [k: string]: unknown
  }
}
export interface Expectation {
  /**
   * Name of the expectation in results and in `before` and `after`.
   */
  name?: string
  api?: ApiNameOrNone
  operation?: string
  method?: string
  /**
   * Path with the API's prefix and without the sandbox's; a text or a condition.
   */
  path?: {
    [k: string]: unknown
  }
  /**
   * Status such as `201` or `4xx`; 0 means no answer.
   */
  status?: number | string
  match?: Match
  /**
   * Expected number of requests; defaults to at least one.
   */
  count?: {
    exactly?: number
    atLeast?: number
    atMost?: number
  }
  /**
   * Name of another expectation; its first request must come after the first request of this one.
   */
  before?: string
  /**
   * Name of another expectation; its first request must come before the first request of this one.
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
   * True to require one request for each expectation in the given order; other requests may come between.
   */
  order?: boolean
  /**
   * A time or the id of a request; only later requests count.
   */
  since?: string
}
export interface Verified {
  passed: boolean
  /**
   * Results in the order of the expectations.
   */
  results: {
    name: string
    passed: boolean
    /**
     * Number of matching requests.
     */
    found: number
    /**
     * Ids of the first 100 matching requests.
     */
    requests: string[]
    /**
     * Text that says what is wrong; absent if the expectation passed.
     */
    difference?: string
    nearest?: Nearest[]
  }[]
}
export interface LedgerEntry {
  /**
   * Address as the first API stores it.
   */
  email: string
  /**
   * The most severe difference.
   */
  state: 'consistent' | 'missing' | 'duplicated' | 'spelt-differently'
  /**
   * All differences as a text.
   */
  text: string
  /**
   * The differences as a list; absent if there are none.
   */
  differences?: string[]
  /**
   * APIs without the person.
   */
  missing?: string[]
  users: {
    api: string
    id: string
    email?: string
    name?: string
  }[]
}
export interface ReportCard {
  /**
   * Number of checks with this verdict.
   */
  passed: number
  failed: number
  notSeen: number
  /**
   * Number of requests that were judged.
   */
  requests: number
  /**
   * Number of deliveries that were judged. Deliveries to an inbox are not judged.
   */
  deliveries: number
  /**
   * All checks, always in the same order.
   */
  checks: ReportCardCheck[]
}
export interface ReportCardCheck {
  /**
   * Stable name of the check, such as `waits-retry-after`.
   */
  id: string
  /**
   * The judged program.
   */
  subject: 'client' | 'receiver'
  /**
   * The expected behaviour.
   */
  title: string
  /**
   * `not-seen`: the records show neither the expected behaviour nor a violation.
   */
  verdict: 'passed' | 'failed' | 'not-seen'
  /**
   * The reason for the verdict in one sentence.
   */
  text: string
  /**
   * Ids of requests that show it, at most 10.
   */
  requests: string[]
  /**
   * Ids of deliveries that show it, at most 10.
   */
  deliveries: string[]
  /**
   * Short form of a fault to arm, or an action to take, so that the check can reach a verdict.
   */
  provoke: string
}
export interface Ledger {
  entries: LedgerEntry[]
  /**
   * Total number over all pages.
   */
  total: number
  /**
   * Value of `after` for the next page; absent on the last page.
   */
  next?: string
}
export interface Seeding {
  /**
   * Number of users to create at each API.
   */
  users: number
  apis?: ApiName[]
}
export interface Seeded {
  [k: string]: number
}
/**
 * One key for each API with its tables; `standin` holds the server's own data. Rows are
 * checked one by one; the first invalid one is reported.
 *
 */
export interface State {
  standin?: {
    format?: number
    counters?: {}
    settings?: {}
  }
  [k: string]: unknown
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
 * Differences by table, such as `cryptlex.users`; unchanged tables are omitted.
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
   * True if the clock is held.
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
 * Definition of a fault: its effect, its conditions and its count. `fault` is the short form, such as
 * `500;times=2`; the other fields override it. docs/fault-reference.md lists all faults with their
 * effect on clients.
 *
 */
export interface NewFault {
  /**
   * Short form: parts separated by `;`, each a status, a reason, a keyword or `name=value`.
   */
  fault?: string
  /**
   * Comment for people.
   */
  note?: string
  /**
   * Status of the refusal; the vendor's error format is used.
   */
  status?: number
  /**
   * `Standin-Reason` of the refusal, such as `token.expired`; it determines the status.
   */
  reason?: string
  /**
   * Fields that a 400 names, such as `emailAddress`, or with the broken rule, such as `firstName:maxLength`.
   *
   * @minItems 1
   */
  fields?: [string, ...string[]]
  /**
   * Value of `Retry-After` in seconds; a 429 stays in effect for this time.
   */
  retryAfter?: number
  /**
   * Format of the refusal. 502 to 599 default to `gateway`, other statuses to `vendor`.
   */
  words?: 'vendor' | 'gateway' | 'gateway-json' | 'login-page'
  /**
   * `Location` of a 3xx.
   */
  location?: string
  /**
   * Delay before any other effect: `2s`, `1s..3s` (uniform), `200ms~2s` (log-normal: median and 99th percentile), `forever`.
   */
  delay?: string
  /**
   * Part of the answer that is sent slowly.
   */
  slow?: 'headers' | 'body'
  /**
   * Bytes in one piece of a slow answer.
   */
  bytes?: number
  /**
   * Time between two pieces of a slow answer.
   */
  interval?: string
  /**
   * Connection fault.
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
   * Bytes of the body that `cut` sends.
   */
  cutAfter?: number
  /**
   * Body fault: a change to the body of the answer.
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
   * Outcome fault: the answer about the user differs from what is stored.
   */
  outcome?: 'not-stored' | 'created-later' | 'lost-then-duplicate' | 'duplicate-accepted'
  /**
   * Delay of `created-later`, by the sandbox's clock.
   */
  later?: string
  /**
   * The fault of the webhook that the request causes; see DeliveryFault.
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
   * Delay of `delay`, window of `reorder`, or age of `stale-timestamp`.
   */
  webhookBy?: string
  /**
   * Number of attempts of the delivery that have the fault, from the first one; defaults to all.
   */
  webhookAttempts?: number
  /**
   * Fault of the TLS handshake with this sandbox's host name, such as `name.localhost`: a
   * certificate that is expired, not yet valid, of another host or of an unknown CA, or a
   * handshake that is cut, reset, or offers only protocols before TLS 1.2. It has no
   * condition on a request, and the server must listen with HTTPS.
   */
  tls?: 'expired' | 'not-yet-valid' | 'wrong-host' | 'unknown-ca' | 'cut' | 'reset' | 'old-protocol'
  /**
   * API to which the fault applies; defaults to all APIs.
   */
  api?: 'mykaarma' | 'cryptlex' | 'formsonfire'
  /**
   * Operation to which the fault applies, by operationId.
   */
  operation?: string
  /**
   * Conditions on the request; all must hold.
   */
  match?: {
    headers?: Wanted
    /**
     * Credential as sent, unchecked: the user name, the token or the CompanyId.
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
   * Stage after which the fault fires: `route`, `auth` (credentials checked), `validation` (body checked) or `commit` (change stored).
   */
  after?: 'route' | 'auth' | 'validation' | 'commit'
  /**
   * Number of times the fault fires.
   */
  times?: number
  /**
   * Number of matching requests to skip first.
   */
  skip?: number
  /**
   * Fires for every n-th matching request only.
   */
  every?: number
  /**
   * Probability of firing; drawn from the sandbox's seed.
   */
  probability?: number
  /**
   * Effects for the first, second and later matching requests: `fail`, `pass`, or another fault in short form.
   *
   * @minItems 1
   * @maxItems 1000
   */
  sequence?: [string, ...string[]]
  /**
   * True to restart the sequence at its end; otherwise all later requests pass.
   */
  repeat?: boolean
  /**
   * Start of the period in which the fault fires, by the sandbox's clock.
   */
  from?: string
  /**
   * End of the period in which the fault fires (exclusive), by the sandbox's clock.
   */
  until?: string
  /**
   * Time after arming at which the fault expires, by the sandbox's clock.
   */
  expiresIn?: string
}
export interface Wanted {
  [k: string]: WantedValue
}
/**
 * Conditions on path parameters.
 */
export interface Wanted1 {
  [k: string]: WantedValue
}
/**
 * Conditions on fields of the body, such as `emailAddress`, `Folders[0]`, `$.organizationId`.
 */
export interface Wanted2 {
  [k: string]: WantedValue
}
export interface Fault {
  id: string
  /**
   * Source of the fault.
   */
  origin: 'config' | 'admin' | 'code' | 'header' | 'magic'
  /**
   * Short form of the fault, as far as it has one.
   */
  fault: string
  definition: NewFault
  armedAt: string
  expiresAt?: string
  /**
   * True if the fault can still fire.
   */
  live: boolean
  /**
   * True if the fault is meant to cause answers that the contract does not allow.
   */
  breaksContract: boolean
  /**
   * Number of matching requests.
   */
  eligible: number
  fired: number
  lastFiredAt?: string
  /**
   * The request that matched the most conditions without making it fire, and why.
   */
  nearestMiss?: {
    requestId: string
    at: string
    why: string
  }
  /**
   * The last 20 firings, the newest last, and what the client did next.
   */
  firings: {
    /**
     * Absent for a fault of the TLS handshake, which comes before the request.
     */
    requestId?: string
    /**
     * Server name of the TLS handshake; empty for an IP address.
     */
    host?: string
    at: string
    /**
     * The user that the request was about.
     */
    about?: string
    /**
     * Next action, such as `retried after 250 ms`; `nothing yet` if the client sent no other request.
     */
    next: string
  }[]
}
export interface FaultList {
  faults: Fault[]
}
export interface FaultCatalogue {
  /**
   * All operations of the API.
   */
  operations: {
    operation: string
    method: string
    /**
     * Path below the prefix of the API, as its contract has it.
     */
    path: string
  }[]
  faults: {
    /**
     * Short form.
     */
    fault: string
    /**
     * Effect, such as `Create the user, then answer 500`.
     */
    text: string
    group: 'refusal' | 'time' | 'connection' | 'body' | 'outcome' | 'webhook'
    /**
     * True for the faults that testers need most.
     */
    common: boolean
  }[]
}
/**
 * Fields of the API's create call.
 */
export interface UserChanges {}
export interface NewSubscription {
  /**
   * An http or https URL, or the path of an inbox of this sandbox.
   */
  url: string
  name?: string
  /**
   * Signing secret; if omitted, it is generated and shown in the answer to this call only.
   */
  token?: string
  /**
   * Previous signing secret; used in addition where the scheme allows two.
   */
  previousToken?: string
  active?: boolean
  /**
   * Names of events; defaults to all.
   *
   * @minItems 1
   * @maxItems 100
   */
  events?: [string, ...string[]]
  scheme?: Scheme
}
/**
 * A webhook subscription, without its token.
 */
export interface Subscription {
  id: string
  name: string
  url: string
  active: boolean
  events: string[]
  status: 'Healthy' | 'Unhealthy' | 'Suspended'
  /**
   * Number of consecutive failed attempts.
   */
  failures: number
  scheme?: Scheme
  createdAt: string
  updatedAt: string
}
/**
 * Fields of a webhook subscription to change.
 */
export interface SubscriptionChanges {
  /**
   * An http or https URL, or the path of an inbox of this sandbox.
   */
  url?: string
  name?: string
  active?: boolean
  /**
   * @minItems 1
   * @maxItems 100
   */
  events?: [string, ...string[]]
}
/**
 * A webhook subscription that was just created.
 */
export interface NewlyMadeSubscription {
  id: string
  name: string
  url: string
  active: boolean
  events: string[]
  status: 'Healthy' | 'Unhealthy' | 'Suspended'
  /**
   * Number of consecutive failed attempts.
   */
  failures: number
  /**
   * Generated signing secret; absent if the request contained one. No other answer has it.
   */
  token?: string
  scheme?: Scheme
  createdAt: string
  updatedAt: string
}
export interface SubscriptionList {
  webhooks: Subscription[]
}
/**
 * A delivery fault.
 */
export interface DeliveryFault {
  kind: DeliveryFaultKind
  /**
   * Delay of `delay` (default 5s), window of `reorder` (default 1s), or age of
   * `stale-timestamp` (default 1h).
   */
  by?: string
  /**
   * Number of attempts that have the fault, from the first one; defaults to all.
   */
  attempts?: number
}
export interface WebhookTest {
  /**
   * Id or name of the subscription; defaults to the first active one.
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
   * Start of the attempt, by the sandbox's clock.
   */
  at: string
  /**
   * Cause of the attempt: `event`, `redelivery`, `restart`, or the outcome of the previous attempt.
   */
  why: string
  /**
   * Delivery faults that fired.
   */
  faults?: string[]
  /**
   * Duration in milliseconds of real time.
   */
  ms: number
  status?: number
  headers?: {
    [k: string]: string
  }
  /**
   * Beginning of the receiver's answer.
   */
  excerpt?: string
  /**
   * Keyword for the cause of a missing answer.
   */
  error?: string
  message?: string
}
export interface Delivery {
  id: string
  event: string
  /**
   * Id of the subscription.
   */
  subscription: string
  /**
   * Name of the subscription; in the answer to a test webhook only.
   */
  subscriptionName?: string
  url: string
  userId?: string
  /**
   * Id of the request that caused the delivery.
   */
  requestId?: string
  createdAt: string
  state: 'pending' | 'delivered' | 'failed' | 'dropped'
  /**
   * Time of the next attempt.
   */
  nextAt?: string
  /**
   * Another condition that must hold before the next attempt.
   */
  waitsFor?: string
  /**
   * Reason why there will be no other attempt.
   */
  reason?: string
  /**
   * Exact text of the body.
   */
  body: string
  attempts: Attempt[]
  faults?: {}[]
}
/**
 * The request of an attempt, with the result of the signature check.
 */
export interface DeliveryCheck {
  /**
   * Number of the attempt; absent while none was made.
   */
  attempt?: number
  /**
   * Headers of the request, with their case and order; empty if nothing is sent.
   */
  headers: [string, string][]
  /**
   * Body as text, up to 64 KiB.
   */
  body: string
  bytes: number
  signature?: SignatureVerdict
}
/**
 * Result of the signature check; absent if no subscription has this inbox as its URL, or if
 * nothing is sent.
 *
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
export interface DeliveryPage {
  deliveries: Delivery[]
  /**
   * Total number over all pages.
   */
  total: number
  /**
   * Value of `after` for the next page; absent on the last page.
   */
  next?: string
}
export interface DeliveriesAwaited {
  fulfilled: boolean
  /**
   * Matching deliveries.
   */
  deliveries: Delivery[]
  /**
   * Number of deliveries that match the filter except for their state; 0 if `fulfilled` is true.
   */
  pendingTotal: number
  /**
   * The first 20 of these deliveries.
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
   * Maximum wait in real time, up to 60s; defaults to 5s.
   */
  timeout?: string
}
export interface Settled {
  settled: boolean
  /**
   * Number of pending deliveries.
   */
  pendingTotal: number
  /**
   * The first 20 of these deliveries.
   */
  pending: Pending[]
}
export interface InboxReceipt {
  /**
   * Number of the webhook in the inbox.
   */
  received: number
}
export interface InboxPage {
  /**
   * Number of webhooks received since the inbox was cleared, including ones no longer stored.
   */
  total: number
  received: InboxEntry[]
}
export interface InboxEntry {
  number: number
  at: string
  /**
   * Status of the answer.
   */
  status: number
  /**
   * Headers as received, with their case and order.
   */
  headers: [string, string][]
  /**
   * Body as text, up to 64 KiB.
   */
  body: string
  bytes: number
  signature?: SignatureVerdict
}
