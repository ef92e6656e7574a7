import type { Delivery, Fault, RecordedRequest, User } from '../admin/contract.gen.ts'
import { StandinError } from '../client/errors.ts'
import type { Standin } from '../client/standin.ts'
import type { FaultCounts, CalledRequest, WebhookDelivery } from './model.ts'

/** The data that is read from a sandbox after a run. */
export interface Observation {
  readonly requests: readonly RecordedRequest[]
  /** Users that the run created and that exist at its end. */
  readonly users: readonly User[]
  /** Deliveries to receivers other than the built-in inboxes. */
  readonly deliveries: readonly Delivery[]
  /** True if the sandbox's clock runs, so that recorded times are those of the system. */
  readonly isTimed: boolean
  /** The armed fault; undefined in the baseline, and if the command removed it. */
  readonly fault: Fault | undefined
}

/**
 * Maximum number of times that the log is read until it has the requests of all firings, and
 * milliseconds between them.
 */
const TRIES = 20
const PAUSE = 10

/**
 * Reads a sandbox after a run.
 *
 * @param before ids of the users that existed before the run
 */
export async function observe(
  sandbox: Standin,
  before: ReadonlySet<string>,
  faultId: string | undefined,
): Promise<Observation> {
  const fault = faultId === undefined ? undefined : await faultIn(sandbox, faultId)
  const requests = await completeLog(sandbox, fault)
  const [users, deliveries, isHeld] = await Promise.all([
    sandbox.users.list(),
    sandbox.webhooks.deliveries(),
    sandbox.clock.isHeld(),
  ])
  return {
    // The log is in the order of the answers.
    requests: requests.toSorted((a, b) => arrival(a) - arrival(b)),
    users: users.filter(({ api, id }) => !before.has(`${api} ${id}`)),
    deliveries: deliveries.filter(({ url }) => !url.includes('/_standin/inbox/')),
    isTimed: !isHeld,
    fault,
  }
}

/** Keys of the users of a sandbox, for `observe`. */
export async function userKeys(sandbox: Standin): Promise<ReadonlySet<string>> {
  return new Set((await sandbox.users.list()).map(({ api, id }) => `${api} ${id}`))
}

async function faultIn(sandbox: Standin, id: string): Promise<Fault | undefined> {
  try {
    return await sandbox.faults.get(id)
  } catch (error) {
    if (error instanceof StandinError && error.reason === 'fault.unknown') return undefined
    throw error
  }
}

/**
 * Reads the log until it contains the requests whose connection ended together with the command.
 */
async function completeLog(
  sandbox: Standin,
  fault: Fault | undefined,
): Promise<readonly RecordedRequest[]> {
  for (let tries = 1; ; tries++) {
    const requests = await sandbox.requests.list()
    const ids = new Set(requests.map(({ id }) => id))
    const isComplete =
      fault?.firings.every(({ requestId }) => requestId === undefined || ids.has(requestId)) ?? true
    if (isComplete || tries === TRIES) return requests
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
}

/** Time at which a request arrived, in milliseconds since 1970. */
export function arrival({ time, ms }: RecordedRequest): number {
  return Date.parse(time) - ms
}

/** Seconds of the Retry-After of an answer. */
export function retryAfterOf({ answer }: RecordedRequest): number | undefined {
  const value = Object.entries(answer.headers).find(
    ([name]) => name.toLowerCase() === 'retry-after',
  )?.[1]
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined
}

/** Path and query of a request without the prefix of its sandbox. */
export function target({ path = '', query = '' }: RecordedRequest): string {
  return `${path.replace(/^\/~[^/]+/, '')}${query === '' ? '' : `?${query}`}`
}

/** True if the fault fired for the request. */
export function isFaulty(request: RecordedRequest, fault: Fault | undefined): boolean {
  return fault !== undefined && (request.faults ?? []).some(({ id }) => id === fault.id)
}

/** The counts of the fault of a cell. */
export function faultCountsOf({ fault }: Observation): FaultCounts {
  if (fault === undefined) return { fired: 0, eligible: 0, removed: true }
  const { fired, eligible, nearestMiss } = fault
  return {
    fired,
    eligible,
    removed: false,
    ...(nearestMiss
      ? { nearestMiss: { requestId: nearestMiss.requestId, why: nearestMiss.why } }
      : {}),
  }
}

/** The requests of a run as a report shows them. */
export function exchangesOf({ requests, fault }: Observation): readonly CalledRequest[] {
  const start = requests[0] === undefined ? 0 : arrival(requests[0])
  return requests.map((request) => {
    const { id, api, operation, method = '', answer, problem, user } = request
    const retryAfter = retryAfterOf(request)
    return {
      id,
      at: Math.max(0, Math.round(arrival(request) - start)),
      ms: Math.round(request.ms),
      method,
      path: target(request),
      ...(api === undefined ? {} : { api }),
      ...(operation === undefined ? {} : { operation }),
      status: answer.status,
      ...(problem ? { reason: problem.reason } : {}),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      faulty: isFaulty(request, fault),
      ...(user
        ? { user: { id: user.id, ...(user.email === undefined ? {} : { email: user.email }) } }
        : {}),
    }
  })
}

/** The deliveries of a run as a report shows them. */
export function webhookDeliveriesOf({ deliveries }: Observation): readonly WebhookDelivery[] {
  return deliveries.map(({ id, event, requestId, attempts }) => ({
    id,
    event,
    ...(requestId === undefined ? {} : { requestId }),
    attempts: attempts.map(({ faults = [], status, error }) => ({
      faults,
      ...(status === undefined ? {} : { status }),
      ...(error === undefined ? {} : { error }),
    })),
  }))
}
