import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { isRecord } from '../../src/core/contract/schema.ts'

/**
 * The evidence of the contracts, and the test that proves each statement. Most tests prove all
 * places of one kind; the other places are listed one by one.
 */

export interface Proof {
  /** Below test/. */
  readonly file: string
  /** The title as written in the file. */
  readonly title: string
}

/** One statement of a contract with its evidence. */
export interface Promised {
  /** Path to it in the contract, without the levels that all places have. */
  readonly place: string
  readonly evidence: Readonly<Record<string, string>>
}

/** Evidence of a place; `rules` has the evidence of rules that are known in another way. */
type Evidence = Readonly<Record<string, string>> & {
  readonly rules?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Levels of the contract's tree that are left out of a place. */
const OMITTED = ['components', 'schemas', 'properties', 'content']

/** All statements of a contract that have evidence. */
export function promisesOf(file: string): Promised[] {
  const found: Promised[] = []
  const walk = (node: unknown, path: readonly string[]) => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      if (key !== 'x-evidence') walk(value, [...path, stepTo(path, key, value)])
      else {
        const place = path.filter((step) => !OMITTED.includes(step)).join(' · ')
        const { rules = {}, ...evidence } = value as Evidence // the specs' tests check it
        found.push({ place, evidence })
        for (const [rule, about] of Object.entries(rules)) {
          found.push({ place: `${place} · ${rule}`, evidence: about })
        }
      }
    }
  }
  walk(load(readFileSync(new URL(`../../specs/${file}`, import.meta.url), 'utf8')), [])
  return found
}

/** A parameter by its name, anything else by its key. */
const stepTo = (path: readonly string[], key: string, value: unknown): string =>
  path.at(-1) === 'parameters' && isRecord(value) && typeof value['name'] === 'string'
    ? value['name']
    : key

const PROMISES = 'apis/promises.test.ts'
const answered: Proof = { file: 'apis/conformance.test.ts', title: '$api $about in $type' }
const example: Proof = {
  file: 'apis/examples.test.ts',
  title: '$api $operation $mediaType $name gets an answer of the contract',
}
const fieldsSent: Proof = {
  file: PROMISES,
  title: 'each field of an answer is sent in one, as its schema says',
}
const fieldsRead: Proof = {
  file: PROMISES,
  title: '$api $operation: each field is read as in an example, and refused with another type',
}
const strictRules: Proof = {
  file: PROMISES,
  title: '$api $operation: each rule of strict refuses what documented accepts',
}
const eventSent: Proof = {
  file: 'flows/webhooks.test.ts',
  title: 'a created user triggers a webhook with the documented body, signed over its bytes',
}
const eventsSent: Proof = {
  file: 'apis/cryptlex/user-lifecycle.test.ts',
  title: 'report the user as it is after an update, and as it was before a removal',
}

/** Schemas of requests; all others but those of events are of answers. */
const READ = /^(NewUser|UserChanges|NewWebhook|WebhookChanges|User|UserUpdate|UserToDelete)( · |$)/

/** The test of each kind of place; the first that matches counts. */
const KINDS: readonly (readonly [RegExp, Proof])[] = [
  [
    /^servers · /,
    {
      file: PROMISES,
      title: 'a contract has the path prefix of the production server that it names',
    },
  ],
  [
    /^webhooks · reseller\.user\.created · post · responses · 4XX$/,
    {
      file: 'flows/webhooks.test.ts',
      title: 'a failed delivery is retried by the vendor’s plan with the same bytes at exact times',
    },
  ],
  [/^webhooks · reseller\.user\.created · /, eventSent],
  [/^webhooks · /, eventsSent],
  [/^UserCreatedEvent/, eventSent],
  [/^User(Updated|Deleted)Event/, eventsSent],
  [/^paths · \S+ · \w+$/, answered],
  [
    / · requestBody$/,
    { file: PROMISES, title: '$api $operation: a request without its body is refused' },
  ],
  [/ · requestBody · /, example],
  [/^paths · .* · responses · \d+$/, answered],
  [/^responses · /, answered],
  [/^headers · /, answered],
  // The root of an XML answer.
  [/^\w+Xml$/, answered],
  [
    / · (minLength|maxLength)$/,
    {
      file: PROMISES,
      title: '$api $operation: each limit from elsewhere is a limit of documented too',
    },
  ],
  [
    / · x-bits$/,
    {
      file: 'apis/formsonfire/users.test.ts',
      title: 'CompanyId beyond 32 bits is a 400 in strict, in XML and JSON',
    },
  ],
  [
    /^Organization · allowedUsers · minimum$/,
    { file: 'apis/cryptlex/users.test.ts', title: 'is the minimum in fixtures' },
  ],
  [/^CompanyId · type$/, fieldsRead],
  [/^\w+Strict · if · /, { file: PROMISES, title: 'strict accepts what %s allows' }],
  [/^\w+Strict( · |$)/, strictRules],
]

const credentials = 'apis/credentials.test.ts'
const lists = 'apis/cryptlex/user-lifecycle.test.ts'
const paged = 'has twenty users a page, or up to a hundred; an empty page is the end'
const filtered = 'is filtered and sorted by %s'
const eventLog = 'each attempt is in the event log, the oldest first, page by page'
const webhooks = 'apis/cryptlex/webhooks.test.ts'
const lifecycle = 'apis/formsonfire/lifecycle.test.ts'
const USERS = 'paths · /resellers/{resellerId}/users · get · parameters'
const LOGS = 'paths · /webhook-event-logs · get · parameters'
const FOUND = 'paths · /v2/user · get · parameters'
const SEARCH = 'paths · /v2/user/search · get · parameters'

/** The tests of single places. */
const SINGLE: Readonly<
  Record<string, Readonly<Record<string, readonly [file: string, title: string]>>>
> = {
  mykaarma: {
    'paths · /v2/user/partner/{user_uuid} · put · parameters · user_uuid': [
      'apis/mykaarma/lifecycle.test.ts',
      'of an unknown user is a 400, as the page lists no 404',
    ],
    'paths · /v2/user/dealer/{dealerUuid} · get · parameters · dealerUuid': [
      'apis/mykaarma/lifecycle.test.ts',
      'of an unknown dealer are none, and under strict a 403',
    ],
    'paths · /v2/user/dealer/{dealerUuid} · get · parameters · includeInvalid': [
      'apis/mykaarma/lifecycle.test.ts',
      'are the same with includeInvalid=%s',
    ],
    'securitySchemes · basicAuth': [credentials, '$api, $title: $status'],
  },
  cryptlex: {
    ...Object.fromEntries(
      ['page', 'limit'].map((name) => [`${USERS} · ${name}`, [lists, paged]] as const),
    ),
    ...Object.fromEntries(
      [
        'sort',
        'search',
        'organizationId',
        'role',
        'email',
        'name',
        'lastSeenAt',
        'createdAt',
        'updatedAt',
      ].map((name) => [`${USERS} · ${name}`, [lists, filtered]] as const),
    ),
    [`${USERS} · id`]: [lists, 'finds a user by its id, and by the exact time of its creation'],
    [`${USERS} · productId`]: [lists, 'has a warning for %s'],
    'paths · /resellers/{resellerId}/users/{id} · parameters · id': [
      lists,
      '%s is answered with 404 for an unknown user',
    ],
    'paths · /webhooks · get · parameters · page': [webhooks, 'webhooks are listed page by page'],
    'paths · /webhooks · get · parameters · limit': [webhooks, 'webhooks are listed page by page'],
    'paths · /webhooks/{id} · parameters · id': [
      webhooks,
      'a webhook is created, listed, read, changed and deleted',
    ],
    ...Object.fromEntries(
      ['page', 'limit', 'webhookId', 'event'].map(
        (name) => [`${LOGS} · ${name}`, [webhooks, eventLog]] as const,
      ),
    ),
    'parameters · resellerId': [
      'apis/cryptlex/users.test.ts',
      'an unknown reseller is created on first use, with a warning each time',
    ],
    'securitySchemes · bearerAuth': [credentials, '$api, $title: $status'],
  },
  formsonfire: {
    ...Object.fromEntries(
      ['Id', 'Email', 'ExternalId'].map(
        (name) => [`${FOUND} · ${name}`, [lifecycle, 'finds a user by %s']] as const,
      ),
    ),
    'paths · /v2/user · delete · parameters · Id': [
      lifecycle,
      'removes the user at once, in both formats and from body or query',
    ],
    ...Object.fromEntries(
      ['Name', 'Email', 'ExternalId', 'Status', 'PageNo', 'PageSize'].map(
        (name) => [`${SEARCH} · ${name}`, [lifecycle, '%j finds %j']] as const,
      ),
    ),
    ...Object.fromEntries(
      ['UseNames', 'UseExternalIds'].map(
        (name) =>
          [
            `${SEARCH} · ${name}`,
            [lifecycle, 'returns names or external ids of folders and groups where it is asked to'],
          ] as const,
      ),
    ),
    [`${SEARCH} · IncludeDeletedUserAudits`]: [
      lifecycle,
      'warns that it has no audits of deleted users',
    ],
    'paths · /v2/user · delete · requestBody': [
      lifecycle,
      'removes the user at once, in both formats and from body or query',
    ],
    'securitySchemes · companyId': [credentials, '$way, $title: $status'],
    'securitySchemes · integrationKey': [credentials, '$way, $title: $status'],
    'parameters · CompanyId': [credentials, '$title: the query wins over $type'],
    'parameters · IntegrationKey': [credentials, '$title: the query wins over $type'],
    'parameters · format': ['apis/formsonfire/users.test.ts', '?%s=json sets the format'],
    ...Object.fromEntries(
      ['UserCreated', 'UserUpdated', 'UserFound', 'UsersFound', 'UserDeleted']
        .flatMap((name) => [name, `${name}Xml`])
        .map(
          (name) =>
            [
              `${name} · ResponseStatus`,
              [PROMISES, 'a field that Standin leaves out is in no answer'],
            ] as const,
        ),
    ),
    'UserDeleted · User': [PROMISES, 'a field that Standin leaves out is in no answer'],
    'UserDeletedXml · User': [PROMISES, 'a field that Standin leaves out is in no answer'],
  },
}

/** The test that fails when the statement no longer holds. */
export function proofOf(api: string, place: string): Proof {
  const single = SINGLE[api]?.[place]
  if (single) return { file: single[0], title: single[1] }
  const kind = KINDS.find(([pattern]) => pattern.test(place))
  if (kind) return kind[1]
  // Cryptlex' User is of answers; that of Forms On Fire of requests.
  if (!/^[A-Z]/.test(place)) throw new Error(`no test proves ${place} of ${api}`)
  const isRead = READ.test(place) && !(api === 'cryptlex' && /^User( |$)/.test(place))
  return isRead ? fieldsRead : fieldsSent
}

/** The places that are listed by name, for the test that each exists. */
export const singlePlaces = (api: string): string[] => Object.keys(SINGLE[api] ?? {})

/** Returns true if the file has a test with this title. */
export function isTest({ file, title }: Proof): boolean {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
  return ["'", '"', '`'].some((quote) => {
    const quoted = `${quote}${title}${quote}`
    const at = text.indexOf(quoted)
    return at !== -1 && /(\btest|\))\(\s*$/.test(text.slice(0, at))
  })
}
