import type { Call } from '../core/call.ts'
import type { Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import type { Attempt, Delivery } from '../core/webhooks/delivery.ts'
import type * as Contract from './contract.gen.ts'
import { milliseconds } from './clock.ts'
import type { SandboxPort } from './ports.ts'

const PAGE = 100
/** Milliseconds. */
const TIMEOUT = 5000
const LONGEST_TIMEOUT = 60_000

type Names = 'listDeliveries' | 'getDelivery' | 'awaitDeliveries' | 'settle'

/** What was sent, and waiting for it. */
export function deliveryTasks(world: SandboxPort): Record<Names, Task> {
  const { webhooks } = world
  return {
    listDeliveries: (call) => {
      webhooks.flush() // so that no more are there than are kept
      return { status: 200, body: page(call, webhooks.deliveries) }
    },
    getDelivery: (call) => ({ status: 200, body: shownDelivery(deliveryFor(world, call)) }),
    awaitDeliveries: async (call) => {
      const wanted = filter(call)
      const state = call.query.get('state') ?? 'delivered'
      const count = Number(call.query.get('count') ?? 1)
      const found = await webhooks.waitFor(
        (delivery) => wanted(delivery) && delivery.state === state,
        count,
        timeoutOf(call.query.get('timeout')),
      )
      const matching = found ?? webhooks.deliveries.filter(wanted)
      const body: Contract.DeliveriesAwaited = {
        fulfilled: found !== undefined,
        deliveries: matching.filter((one) => one.state === state).map(shownDelivery),
        pending: found ? [] : matching.filter((one) => one.state !== state).map(pending),
      }
      return { status: 200, body }
    },
    settle: async (call) => {
      const { timeout } = call.body as Contract.Settling // the contract has checked it
      const { settled, pending: left } = await webhooks.settle(timeoutOf(timeout ?? null))
      const body: Contract.Settled = { settled, pending: left.map(pending) }
      return { status: 200, body }
    },
  }
}

/** @throws Problem 400 time.out-of-range */
function timeoutOf(text: string | null): number {
  return text === null ? TIMEOUT : Math.min(LONGEST_TIMEOUT, milliseconds(text))
}

function filter({ query }: Call): (delivery: Delivery) => boolean {
  const wanted = ['event', 'userId', 'subscription', 'requestId'] as const
  const asked = wanted.flatMap((name) => {
    const value = query.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return (delivery) => asked.every(([name, value]) => delivery[name] === value)
}

/** @throws Problem 400 page.unknown */
function page(call: Call, all: readonly Delivery[]): Contract.DeliveryPage {
  const wanted = filter(call)
  const state = call.query.get('state')
  const found = all.filter((one) => wanted(one) && (state === null || one.state === state))
  const after = call.query.get('after')
  const limit = Number(call.query.get('limit') ?? PAGE)
  const start = after === null ? 0 : found.findIndex(({ id }) => id === after) + 1
  if (after !== null && start === 0) {
    const message = 'after must be the next of a page of the same list, and may be gone by now'
    throw new Problem(400, 'page.unknown', message)
  }
  const deliveries = found.slice(start, start + limit)
  const next = start + limit < found.length ? deliveries.at(-1)?.id : undefined
  return {
    deliveries: deliveries.map(shownDelivery),
    total: found.length,
    ...(next === undefined ? {} : { next }),
  }
}

/** @throws Problem 404 delivery.unknown */
export function deliveryFor(world: SandboxPort, call: Call) {
  const id = call.params['delivery']!
  const delivery = world.webhooks.delivery(id)
  if (delivery) return delivery
  const message = `There is no delivery ${id}; of those that are done with, the newest 1000 are kept`
  throw new Problem(404, 'delivery.unknown', message)
}

/** Why something did not come, in a sentence. */
function pending(delivery: Delivery): Contract.Pending {
  const { id, event, nextAt, state, reason } = delivery
  const last = delivery.attempts.at(-1)
  const became = last ? `attempt ${last.number} ${becameOf(last)}` : 'no attempt was made yet'
  const why =
    state !== 'pending'
      ? `${state}${reason === undefined ? '' : `: ${reason}`}; ${became}`
      : delivery.waitsFor
        ? `it waits for the user’s removal`
        : `${became}; the next is due at ${nextAt === undefined ? 'once' : iso(nextAt)}`
  return { id, event, ...(nextAt === undefined ? {} : { nextAt: iso(nextAt) }), why }
}

function becameOf({ status, error, message }: Attempt): string {
  return status === undefined ? `failed (${error}: ${message})` : `was answered ${status}`
}

export function shownDelivery(delivery: Delivery): Contract.Delivery {
  const { before: _, createdAt, nextAt, attempts, faults, ...rest } = delivery
  return {
    ...rest,
    createdAt: iso(createdAt),
    ...(nextAt === undefined ? {} : { nextAt: iso(nextAt) }),
    attempts: attempts.map(({ at, faults: spoilt, ...attempt }) => ({
      ...attempt,
      at: iso(at),
      ...(spoilt ? { faults: [...spoilt] } : {}),
    })),
    ...(faults ? { faults: faults.map((fault) => ({ ...fault })) } : {}),
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
