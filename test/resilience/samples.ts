import type { Delivery, Fault, RecordedRequest } from '../../src/admin/contract.gen.ts'
import type { Judgement } from '../../src/resilience/judgement.ts'
import type { CalledOperation } from '../../src/resilience/model.ts'
import type { Observation } from '../../src/resilience/observation.ts'

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
