import type { Delivery, Fault, RecordedRequest } from '../../src/admin/contract.gen.ts'
import type { Judgement } from '../../src/resilience/judgement.ts'
import type { Baseline, CalledOperation, CellResult, Report } from '../../src/resilience/model.ts'
import { exchangesOf, type Observation } from '../../src/resilience/observation.ts'
import { planFor } from '../../src/resilience/plan.ts'

export const CREATE = 'cryptlex.createResellerUser'

/** An operation of a baseline. */
export const operation = (more: Partial<CalledOperation> = {}): CalledOperation => ({
  api: 'cryptlex',
  operation: 'createResellerUser',
  method: 'POST',
  calls: 1,
  creates: true,
  statuses: [201, 400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500],
  notifies: false,
  ...more,
})

export interface SentRequest {
  readonly id: string
  /** Milliseconds from the start at which it arrived. */
  readonly at?: number
  readonly status?: number
  readonly email?: string
  readonly method?: string
  readonly operation?: string
  readonly path?: string
  readonly query?: string
  readonly retryAfter?: number
  /** True if the fault fired for it. */
  readonly faulty?: boolean
  /** True if it created a user with the address. */
  readonly created?: boolean
  /** Body of the answer. */
  readonly answered?: string
}

const START = Date.parse('2026-01-15T09:30:00Z')

export function sent(request: SentRequest): RecordedRequest {
  const { id, at = 0, status = 201, email = 'ada@example.test', method = 'POST' } = request
  const ms = 2
  return {
    id,
    time: new Date(START + at + ms).toISOString(),
    api: 'cryptlex',
    operation: request.operation ?? 'createResellerUser',
    method,
    path: request.path ?? '/~sandbox-1/v3/resellers/reseller-001/users',
    ...(request.query === undefined ? {} : { query: request.query }),
    headers: {},
    ...(method === 'GET' ? {} : { body: { text: JSON.stringify({ email }), size: 30 } }),
    answer: {
      status,
      headers:
        request.retryAfter === undefined ? {} : { 'Retry-After': String(request.retryAfter) },
      body: { text: request.answered ?? '', size: 0 },
    },
    ms,
    stage: 'answer',
    warnings: [],
    ...(request.created === true ? { user: { api: 'cryptlex', id: `user-of-${id}`, email } } : {}),
    ...(request.faulty === true ? { faults: [{ id: 'fault-1', fault: '500' }] } : {}),
  }
}

export const FAULT: Fault = {
  id: 'fault-1',
  origin: 'admin',
  fault: '500',
  definition: { fault: '500' },
  armedAt: '2026-01-15T09:30:00.000Z',
  live: true,
  breaksContract: false,
  eligible: 1,
  fired: 1,
  firings: [],
}

/** A delivery whose attempts have these faults and statuses. */
export const delivery = (
  requestId: string,
  ...attempts: readonly (readonly [fault: string | undefined, status: number])[]
): Delivery => ({
  id: `whd-of-${requestId}`,
  event: 'reseller.user.created',
  subscription: 'subscription-1',
  url: 'http://127.0.0.1:9/hook',
  requestId,
  createdAt: '2026-01-15T09:30:00.000Z',
  state: 'delivered',
  body: '{}',
  attempts: attempts.map(([fault, status], at) => ({
    number: at + 1,
    at: '2026-01-15T09:30:00.000Z',
    why: 'event',
    ms: 1,
    status,
    ...(fault === undefined ? {} : { faults: [fault] }),
  })),
})

/** The observation of a run; the users are those that its requests created, but for the removed. */
export function observed(
  requests: readonly SentRequest[],
  more: Partial<Observation> = {},
): Observation {
  const recorded = requests.map(sent)
  return {
    requests: recorded,
    users: recorded.flatMap(({ user }) =>
      user ? [{ api: user.api, id: user.id, email: user.email!, user: {} }] : [],
    ),
    deliveries: [],
    isTimed: true,
    fault: FAULT,
    ...more,
  }
}

export const judgement = (repeats: Judgement['repeats'] = { [CREATE]: 1 }): Judgement => ({
  contracts: {
    'cryptlex.listResellerUsers': { method: 'GET', statuses: [200], query: ['page', 'key'] },
  },
  creates: new Set([CREATE]),
  repeats,
})

/** A report of three cells: one broke, one has a finding, one was survived; a fourth did not run. */
export function sampleReport(): Report {
  const baseline: Baseline = {
    operations: [operation()],
    ms: 300,
    repeats: { [CREATE]: 1 },
    findings: [],
  }
  const plan = planFor(baseline.operations, { calls: 1, faults: ['500', '503', 'commit-500'] })
  const at = (end: string) => plan.find(({ id }) => id.endsWith(end))!
  const exchanges = exchangesOf(
    observed([
      { id: 'req-1', status: 500, faulty: true, created: true, email: '<ada>@example.test' },
      { id: 'req-2', at: 40, status: 429, retryAfter: 3 },
    ]),
  )
  const result = (end: string, more: Partial<CellResult>): CellResult => ({
    cell: at(end),
    verdict: 'survived',
    why: 'The command passed, and log and state show nothing wrong.',
    ending: { exitCode: 0, timedOut: false, ms: 420, output: '' },
    faultCounts: { fired: 1, eligible: 1, removed: false },
    findings: [],
    exchanges,
    omitted: 0,
    deliveries: [],
    decisive: { id: 'req-1', explanation: 'req-1: …\n\nRefused with 500.\n\n1. Sandbox: ok' },
    ...more,
  })
  return {
    version: '0.1.0',
    command: ['npm', 'test', '--', 'a b'],
    seed: 1,
    baseline,
    results: [
      result('first/commit-500', {
        verdict: 'survived-with-findings',
        why: 'The command passed, but left orphaned-user.',
        findings: [{ id: 'orphaned-user', text: '<req-1> was lost', requests: ['req-1'] }],
      }),
      result('first/500', {
        verdict: 'broke',
        why: 'The command failed with exit code 1.',
        ending: {
          exitCode: 1,
          timedOut: false,
          ms: 300,
          output: '\u001B[31m</pre>\u001B[0m\u0007',
        },
        deliveries: [
          { id: 'whd-1', event: 'reseller.user.created', attempts: [{ faults: ['duplicate'] }] },
        ],
      }),
      result('first/503', {}),
    ],
    notRun: ['cryptlex.createResellerUser/every/500'],
    ms: 1200,
  }
}
