import type { CalledOperation } from './model.ts'

/** A kind of failure that the plan combines with operations and positions. */
export interface FaultClass {
  /** Part of the ids of cells. */
  readonly id: string
  /** Effect, as a verb phrase whose subject is the API: `answers 500`. */
  readonly text: string
  readonly group: Group
  /** Short form of the fault that the class arms. */
  readonly fault: string
  /**
   * Number of consecutive calls that fail, beginning at the position. Ignored for the position
   * `every`.
   */
  readonly times: number
  readonly positions: readonly ('first' | 'later' | 'every')[]
  readonly applies: (operation: CalledOperation) => boolean
  /** True for a class that runs only if `--faults` names it. */
  readonly optional?: true
}

/** Headings of the groups of fault classes in reports, in the order of the groups. */
export const GROUPS = {
  lost: 'Stored, answer lost',
  failing: 'Fails',
  silent: 'No answer',
  broken: 'Unusual answer',
  refused: 'Refuses',
  webhook: 'Webhook',
} as const
export type Group = keyof typeof GROUPS

const always = () => true
const writes = ({ method }: CalledOperation) => method !== 'GET' && method !== 'HEAD'
const creates = (operation: CalledOperation) => operation.creates
const notifies = (operation: CalledOperation) => operation.notifies

const EACH = ['first', 'later', 'every'] as const
const SINGLE = ['first', 'later'] as const
const FIRST = ['first'] as const

type Row = readonly [
  id: string,
  fault: string,
  text: string,
  positions: FaultClass['positions'],
  applies?: FaultClass['applies'],
  more?: { readonly times?: number; readonly optional?: true },
]

const OPTIONAL = { optional: true } as const

// The plan keeps this order, so the most revealing classes come first.
const ROWS: Readonly<Record<Group, readonly Row[]>> = {
  lost: [
    ['commit-500', 'commit-500', 'stores the change, then answers 500', EACH, writes],
    ['commit-reset', 'commit-reset', 'stores the change, then resets the connection', EACH, writes],
    ['commit-hang', 'commit-hang', 'stores the change, and does not answer', SINGLE, writes],
    ['not-stored', 'not-stored', 'answers success, and stores nothing', FIRST, creates, OPTIONAL],
    [
      'lost-then-duplicate',
      'lost-then-duplicate',
      'answers 500 and loses the user, then refuses it as a duplicate',
      FIRST,
      creates,
      OPTIONAL,
    ],
  ],
  failing: [
    ['500', '500', 'answers 500', EACH],
    ['503', '503', 'answers 503 with the page of a gateway', EACH],
    // 2 s, because on a busy machine the retries of a webhook with the plan `fast` can take longer
    // than one second.
    ['429', '429;retry-after=2', 'limits the rate for 2 s (429 with Retry-After)', EACH],
    ['500-twice', '500', 'answers 500 twice', FIRST, always, { times: 2 }],
    ['503-twice', '503', 'answers 503 twice', FIRST, always, { times: 2 }],
    ['502', '502', 'answers 502 as a gateway does', SINGLE, always, OPTIONAL],
    ['504', '504', 'answers 504 as a gateway does', SINGLE, always, OPTIONAL],
  ],
  silent: [
    ['hang', 'hang', 'does not answer, longer than any client waits', EACH],
    ['reset', 'reset', 'resets the connection before it stores anything', EACH],
    ['close', 'close', 'closes the connection without an answer', SINGLE, always, OPTIONAL],
  ],
  broken: [
    ['cut', 'cut', 'closes the connection within the body', SINGLE],
    ['truncated', 'truncated', 'sends half of the body as if it were complete', SINGLE],
    ['extra-fields', 'extra-fields', 'adds fields that the contract does not have', ['every']],
    ['login-page', 'login-page', 'answers 200 with a login page in HTML', SINGLE, always, OPTIONAL],
    ['empty', 'empty', 'sends an empty body', SINGLE, always, OPTIONAL],
  ],
  refused: [
    ['401', '401', 'refuses the credentials, as after their expiry', EACH],
    // Statuses of the contract are added by `refusals`.
  ],
  webhook: [
    ['webhook-twice', 'webhook=duplicate', 'sends the webhook twice', SINGLE, notifies],
    ['webhook-lost', 'webhook=drop', 'does not send the webhook', SINGLE, notifies],
    [
      'webhook-late',
      'webhook=delay;webhook-by=500ms',
      'sends the webhook half a second later',
      SINGLE,
      notifies,
    ],
    [
      'webhook-early',
      'webhook=before-answer',
      'sends the webhook before the answer',
      SINGLE,
      notifies,
    ],
    [
      'webhook-bad-signature',
      'webhook=wrong-secret;webhook-attempts=1',
      'signs the first attempt of the webhook with a wrong secret',
      SINGLE,
      notifies,
    ],
    [
      'webhook-unsigned',
      'webhook=unsigned;webhook-attempts=1',
      'sends the first attempt of the webhook without a signature',
      SINGLE,
      notifies,
    ],
    [
      'webhook-reordered',
      'webhook=reorder;webhook-by=500ms',
      'sends the webhook after a later one',
      SINGLE,
      notifies,
    ],
    [
      'webhook-extra-fields',
      'webhook=extra-fields',
      'adds unknown fields to the webhook',
      SINGLE,
      notifies,
      OPTIONAL,
    ],
  ],
}

/**
 * Documented refusals that have no class here: they concern the format of a request, or another
 * class covers them.
 */
const NO_REFUSAL = [401, 405, 406, 408, 413, 415, 429]

/** Returns all classes that can apply to these operations, the most revealing first. */
export function classesFor(operations: readonly CalledOperation[]): readonly FaultClass[] {
  const rows = (Object.entries(ROWS) as [Group, readonly Row[]][]).flatMap(([group, all]) => [
    ...all.map((row) => classOf(group, row)),
    ...(group === 'refused' ? refusals(operations) : []),
  ])
  return rows.filter(({ applies }) => operations.some(applies))
}

function classOf(group: Group, [id, fault, text, positions, applies, more]: Row): FaultClass {
  return { id, fault, text, group, positions, times: 1, applies: applies ?? always, ...more }
}

/** One class for each refusal that a contract documents. */
function refusals(operations: readonly CalledOperation[]): readonly FaultClass[] {
  const statuses = [...new Set(operations.flatMap((operation) => operation.statuses))]
    .filter((status) => status >= 400 && status <= 499 && !NO_REFUSAL.includes(status))
    .sort((a, b) => a - b)
  return statuses.map((status) => ({
    id: String(status),
    fault: String(status),
    text: `refuses with ${status}`,
    group: 'refused' as const,
    positions: SINGLE,
    times: 1,
    applies: (operation: CalledOperation) => operation.statuses.includes(status),
  }))
}

/** Ids of the classes that exist for every contract; a refusal is named by its status. */
export const CLASS_IDS: readonly string[] = Object.values(ROWS)
  .flat()
  .map(([id]) => id)
