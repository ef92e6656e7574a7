import type * as contract from '../admin/contract.gen.ts'
import type { Question, Wire } from './wire.ts'

/** What the client asks of a sandbox, by the operation's name in `specs/standin.yaml`. */
export const ROUTES = {
  getHealth: 'GET /health',
  listSandboxes: 'GET /sandboxes',
  createSandbox: 'POST /sandboxes',
  getSandbox: 'GET /sandboxes/{name}',
  deleteSandbox: 'DELETE /sandboxes/{name}',
  getCredentials: 'GET /credentials',
  listUsers: 'GET /users',
  getUser: 'GET /users/{api}/{id}',
  updateUser: 'PATCH /users/{api}/{id}',
  deleteUser: 'DELETE /users/{api}/{id}',
  seedUsers: 'POST /seed',
  getLedger: 'GET /ledger',
  listRequests: 'GET /requests',
  clearRequests: 'DELETE /requests',
  awaitRequests: 'GET /requests/await',
  getRequest: 'GET /requests/{id}',
  explainRequest: 'GET /requests/{id}/explain',
  verifyRequests: 'POST /verify',
  resetSandbox: 'POST /reset',
  putFixtures: 'PUT /fixtures',
  getState: 'GET /state',
  putState: 'PUT /state',
  listSnapshots: 'GET /snapshots',
  saveSnapshot: 'PUT /snapshots/{snapshot}',
  deleteSnapshot: 'DELETE /snapshots/{snapshot}',
  restoreSnapshot: 'POST /snapshots/{snapshot}/restore',
  diffSnapshot: 'GET /snapshots/{snapshot}/diff',
  getClock: 'GET /clock',
  putClock: 'PUT /clock',
  advanceClock: 'POST /clock/advance',
  listFaults: 'GET /faults',
  addFault: 'POST /faults',
  replaceFaults: 'PUT /faults',
  clearFaults: 'DELETE /faults',
  getFault: 'GET /faults/{fault}',
  putFault: 'PUT /faults/{fault}',
  deleteFault: 'DELETE /faults/{fault}',
  listSubscriptions: 'GET /webhooks',
  createSubscription: 'POST /webhooks',
  deleteSubscription: 'DELETE /webhooks/{webhook}',
  testWebhook: 'POST /webhooks/test',
  listDeliveries: 'GET /deliveries',
  awaitDeliveries: 'GET /deliveries/await',
  getDelivery: 'GET /deliveries/{delivery}',
  redeliver: 'POST /deliveries/{delivery}/redeliver',
  settle: 'POST /settle',
  listInbox: 'GET /inbox/{inbox}',
  clearInbox: 'DELETE /inbox/{inbox}',
} as const

/** What each answers, where it is asked for JSON. */
interface Answers {
  getHealth: contract.Health
  listSandboxes: contract.SandboxList
  createSandbox: contract.Sandbox
  getSandbox: contract.Sandbox
  deleteSandbox: contract.Sandbox
  getCredentials: contract.Credentials
  listUsers: contract.UserPage
  getUser: contract.User
  updateUser: contract.User
  deleteUser: contract.User
  seedUsers: contract.Seeded
  getLedger: contract.Ledger
  listRequests: contract.RequestPage
  clearRequests: contract.RequestsCleared
  awaitRequests: contract.Awaited
  getRequest: contract.RecordedRequest
  explainRequest: contract.Explanation
  verifyRequests: contract.Verified
  resetSandbox: contract.Sandbox
  putFixtures: contract.Sandbox
  getState: contract.State
  putState: contract.Sandbox
  listSnapshots: contract.SnapshotList
  saveSnapshot: contract.Snapshot
  deleteSnapshot: contract.Snapshot
  restoreSnapshot: contract.Sandbox
  diffSnapshot: contract.Difference
  getClock: contract.ClockState
  putClock: contract.ClockState
  advanceClock: contract.ClockState
  listFaults: contract.FaultList
  addFault: contract.Fault
  replaceFaults: contract.FaultList
  clearFaults: contract.FaultList
  getFault: contract.Fault
  putFault: contract.Fault
  deleteFault: contract.Fault
  listSubscriptions: contract.SubscriptionList
  createSubscription: contract.Subscription
  deleteSubscription: contract.Subscription
  testWebhook: contract.Delivery
  listDeliveries: contract.DeliveryPage
  awaitDeliveries: contract.DeliveriesAwaited
  getDelivery: contract.Delivery
  redeliver: contract.Delivery
  settle: contract.Settled
  listInbox: contract.InboxPage
  clearInbox: contract.InboxPage
}

export type Operation = keyof typeof ROUTES

export interface Call extends Question {
  /** Of the path, by their names in the contract. */
  readonly params?: Readonly<Record<string, string>>
}

/** The admin API of one sandbox. */
export class Admin {
  /** Before every path of the sandbox: empty for `default`, else such as `/~checkout-42`. */
  readonly prefix: string
  readonly wire: Wire

  constructor(wire: Wire, prefix: string) {
    this.wire = wire
    this.prefix = prefix
  }

  /** @throws StandinError */
  async ask<K extends Operation>(operation: K, call: Call = {}): Promise<Answers[K]> {
    const [method, path] = this.#route(operation, call)
    return (await this.wire.ask(method, path, call)) as Answers[K] // the contract says so
  }

  /** The same as text. */
  read(operation: Operation, call: Call): Promise<string> {
    return this.wire.read(this.#route(operation, call)[1], call)
  }

  #route(operation: Operation, { params = {} }: Call): [method: string, path: string] {
    const [method = '', path = ''] = ROUTES[operation].split(' ')
    const filled = path.replaceAll(/{(\w+)}/g, (_, name: string) =>
      encodeURIComponent(params[name] ?? ''),
    )
    return [method, `${this.prefix}/_standin${filled}`]
  }
}

/**
 * All of a list that comes in pages.
 *
 * @param page the next one, after this mark
 * @param limit at most this many
 */
export async function all<T>(
  page: (after: string | undefined, limit: number) => Promise<Page<T>>,
  limit = Infinity,
): Promise<T[]> {
  const found: T[] = []
  let after: string | undefined
  do {
    const { items, next } = await page(after, Math.min(MOST, limit - found.length))
    found.push(...items)
    after = next
  } while (after !== undefined && found.length < limit)
  return found
}

/** Of a page. */
const MOST = 1000

export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string | undefined
}

export type ApiName = contract.ApiName

/** Such as `5m` or `250ms`, or milliseconds. */
export type Duration = string | number

/** As the admin API writes it. */
export function durationText(duration: Duration): string {
  return typeof duration === 'number' ? `${Math.round(duration)}ms` : duration
}

/** A time with its zone, a Date, or milliseconds since 1970. */
export type Time = string | Date | number

export function timeText(time: Time): string {
  return typeof time === 'string' ? time : new Date(time).toISOString()
}
