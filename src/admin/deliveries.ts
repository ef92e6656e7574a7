import type { Task } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import { Problem } from '../core/problem.ts'
import { Slices } from '../core/slices.ts'
import type { Attempt, Delivery } from '../core/webhooks/delivery.ts'
import { milliseconds } from './clock.ts'
import type * as Contract from './contract.gen.ts'
import { shownBody, signatureBody } from './inbox.ts'
import { limitOf, unknownPage } from './paging.ts'
import type { SandboxPort } from './ports.ts'

/** Default and maximum time limit of a wait, in milliseconds. */
const DEFAULT_TIMEOUT = 5000
const MAX_TIMEOUT = 60_000
/** Maximum number of pending deliveries in an answer; 100,000 of them would be 23 MB. */
const MAX_PENDING = 20

type Names = 'listDeliveries' | 'getDelivery' | 'checkDelivery' | 'awaitDeliveries' | 'settle'

/** Handlers of `/deliveries`, `/deliveries/await` and `/settle`. */
export function deliveryTasks(sandbox: SandboxPort): Record<Names, Task> {
  const { webhooks } = sandbox
  return {
    listDeliveries: async (call) => {
      webhooks.flush() // removes deliveries beyond the limit
      return { status: 200, body: await pageOf(call, webhooks.deliveries) }
    },
    getDelivery: (call) => ({ status: 200, body: deliveryBody(deliveryFor(sandbox, call)) }),
    checkDelivery: (call) => {
      const { attempt, request, signature } = webhooks.check(deliveryFor(sandbox, call))
      const { headers, body } = request
      const answer: Contract.DeliveryCheck = {
        ...(attempt === undefined ? {} : { attempt }),
        headers: headers.map(([name, value]) => [name, value]),
        ...shownBody(body),
        ...(signature ? { signature: signatureBody(signature) } : {}),
      }
      return { status: 200, body: answer }
    },
    awaitDeliveries: async (call) => {
      const matches = filterFrom(call)
      const state = call.query.get('state') ?? 'delivered'
      const count = Number(call.query.get('count') ?? 1)
      const found = await webhooks.waitFor(
        (delivery) => matches(delivery) && delivery.state === state,
        count,
        timeoutOf(call.query.get('timeout')),
      )
      const others: Delivery[] = []
      const matching: Delivery[] = [...(found ?? [])]
      let pendingTotal = 0
      const slices = new Slices(call.signal)
      for (const one of found ? [] : webhooks.deliveries) {
        if (slices.isOver) await slices.next()
        if (!matches(one)) continue
        if (one.state === state) matching.push(one)
        else if (pendingTotal++ < MAX_PENDING) others.push(one)
      }
      const body: Contract.DeliveriesAwaited = {
        fulfilled: found !== undefined,
        deliveries: matching.map(deliveryBody),
        pendingTotal,
        pending: others.map(pendingBody),
      }
      return { status: 200, body }
    },
    settle: async (call) => {
      const { timeout } = call.body as Contract.Settling // the contract has checked it
      const { settled, total, pending } = await webhooks.settle(
        timeoutOf(timeout ?? null),
        MAX_PENDING,
      )
      const body: Contract.Settled = {
        settled,
        pendingTotal: total,
        pending: pending.map(pendingBody),
      }
      return { status: 200, body }
    },
  }
}

/** @throws Problem 404 delivery.unknown */
export function deliveryFor(sandbox: SandboxPort, call: Call): Delivery {
  const id = call.params['delivery']!
  const delivery = sandbox.webhooks.delivery(id)
  if (delivery) return delivery
  const message = `There is no delivery ${id}; only the newest 1000 completed deliveries are stored`
  throw new Problem(404, 'delivery.unknown', message)
}

/** A delivery as the admin API returns it. */
export function deliveryBody(delivery: Delivery): Contract.Delivery {
  const { before: _, createdAt, nextAt, attempts, faults, ...rest } = delivery
  return {
    ...rest,
    createdAt: iso(createdAt),
    ...(nextAt === undefined ? {} : { nextAt: iso(nextAt) }),
    attempts: attempts.map(({ at, faults: fired, ...attempt }) => ({
      ...attempt,
      at: iso(at),
      ...(fired ? { faults: [...fired] } : {}),
    })),
    ...(faults ? { faults: faults.map((fault) => ({ ...fault })) } : {}),
  }
}

/** @throws Problem 400 time.out-of-range */
function timeoutOf(text: string | null): number {
  return text === null ? DEFAULT_TIMEOUT : Math.min(MAX_TIMEOUT, milliseconds(text))
}

/** The filter that the query requests. */
function filterFrom({ query }: Call): (delivery: Delivery) => boolean {
  const names = ['event', 'userId', 'subscription', 'requestId'] as const
  const expected = names.flatMap((name) => {
    const value = query.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return (delivery) => expected.every(([name, value]) => delivery[name] === value)
}

/** @throws Problem 400 page.unknown */
async function pageOf(call: Call, all: Iterable<Delivery>): Promise<Contract.DeliveryPage> {
  const matches = filterFrom(call)
  const state = call.query.get('state')
  const after = call.query.get('after')
  const limit = limitOf(call)
  const page: Delivery[] = []
  let total = 0
  let remaining = 0
  let isBehind = after === null
  const last = call.query.get('last')
  const slices = new Slices(call.signal)
  const found = last === null ? matching() : await newest(matching(), Number(last), slices)
  for (const one of found) {
    if (slices.isOver) await slices.next()
    total++
    if (isBehind && remaining++ < limit) page.push(one)
    isBehind ||= one.id === after
  }
  if (!isBehind) throw unknownPage('; that delivery may no longer be stored')
  const next = remaining > limit ? page.at(-1)?.id : undefined
  return { deliveries: page.map(deliveryBody), total, ...(next === undefined ? {} : { next }) }

  function* matching(): Generator<Delivery> {
    for (const one of all) {
      if (matches(one) && (state === null || one.state === state)) yield one
    }
  }
}

async function newest(
  all: Iterable<Delivery>,
  count: number,
  slices: Slices,
): Promise<readonly Delivery[]> {
  let found: Delivery[] = []
  for (const one of all) {
    if (slices.isOver) await slices.next()
    found.push(one)
    if (found.length >= 2 * count) found = found.slice(-count)
  }
  return found.slice(-count)
}

/** A delivery that is not in the requested state, with the reason as a text. */
function pendingBody(delivery: Delivery): Contract.Pending {
  const { id, event, nextAt, state, reason } = delivery
  const last = delivery.attempts.at(-1)
  const outcome = last ? `attempt ${last.number} ${outcomeOf(last)}` : 'no attempt was made yet'
  const why =
    state !== 'pending'
      ? `${state}${reason === undefined ? '' : `: ${reason}`}; ${outcome}`
      : delivery.waitsFor
        ? 'it waits for the removal of the user'
        : `${outcome}; the next is due ${nextAt === undefined ? 'now' : `at ${iso(nextAt)}`}`
  return { id, event, ...(nextAt === undefined ? {} : { nextAt: iso(nextAt) }), why }
}

function outcomeOf({ status, error, message }: Attempt): string {
  return status === undefined ? `failed (${error}: ${message})` : `got ${status}`
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
