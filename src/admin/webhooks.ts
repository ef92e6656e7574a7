import type { Event, Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import { SUBSCRIPTIONS, type Subscription } from '../core/webhooks/delivery.ts'
import { type DeliveryFault } from '../core/fault.ts'
import { subscribe } from '../core/webhooks/subscriptions.ts'
import type * as Contract from './contract.gen.ts'
import { deliveryFor, shownDelivery } from './deliveries.ts'
import { milliseconds } from './clock.ts'
import type { SandboxPort } from './ports.ts'

type Names =
  'listSubscriptions' | 'createSubscription' | 'deleteSubscription' | 'testWebhook' | 'redeliver'

/** Who is told, and having them told something. */
export function webhookTasks(world: SandboxPort): Record<Names, Task> {
  const { webhooks } = world
  return {
    listSubscriptions: () => {
      webhooks.flush()
      const body: Contract.SubscriptionList = { webhooks: webhooks.subscriptions.map(shown) }
      return { status: 200, body }
    },
    createSubscription: async (call) => {
      const { events = ['*'], ...given } = call.body as Contract.NewSubscription // it is checked
      const refusal = given.url.startsWith('/')
        ? undefined
        : world.egress.refusesLiterally(given.url)
      if (refusal) throw refusal
      const row = world.store.transact(() =>
        subscribe(world.store, { ...given, events }, world.tools),
      )
      await world.saved()
      const doubt = webhooks.urlWarning(given.url)
      if (doubt) call.warn(doubt.code, doubt.text)
      return { status: 201, body: shown(row), created: row.id }
    },
    deleteSubscription: async (call) => {
      const row = subscriptionFor(world, call.params['webhook'])
      world.store.transact(() => world.store.collection(SUBSCRIPTIONS).remove(row.id))
      await world.saved()
      return { status: 200, body: shown(row) }
    },
    testWebhook: async (call) => {
      const given = call.body as Contract.WebhookTest // the contract has checked it
      const row = subscriptionFor(world, given.subscription)
      const faults = given.fault ? [faultFrom(given.fault)] : undefined
      const event: Event = {
        name: given.event ?? row.events.find((name) => name !== '*') ?? 'test',
        data: given.data ?? { test: true },
        // Ticks of 100 ns, as a vendor that tells events writes them.
        triggeredAt: new Date(world.clock.now()).toISOString().replace('Z', '0000Z'),
      }
      const cause = { id: call.id, ...(faults ? { deliveryFaults: faults } : {}) }
      const id = world.store.transact(() => webhooks.recordFor(row, event, cause))
      await world.saved()
      call.deliveries = [id]
      webhooks.deliver([id])
      return { status: 202, body: shownDelivery(webhooks.delivery(id)!) } // it was just made
    },
    redeliver: (call) => {
      const { fault } = call.body as Contract.Redelivery // the contract has checked it
      const { id } = deliveryFor(world, call)
      webhooks.redeliver(id, fault ? [faultFrom(fault)] : [])
      call.deliveries = [id]
      return { status: 202, body: shownDelivery(webhooks.delivery(id)!) } // it is there, see above
    },
  }
}

/** A fault as requests give it, in our own units. */
export function faultFrom({ kind, by, attempts }: Contract.DeliveryFault): DeliveryFault {
  return {
    kind,
    ...(by === undefined ? {} : { by: milliseconds(by) }),
    ...(attempts === undefined ? {} : { attempts }),
  }
}

/** @throws Problem 404 webhook.unknown */
function subscriptionFor({ webhooks }: SandboxPort, id: string | undefined): Subscription {
  const all = webhooks.subscriptions
  const row = all.find((one) => (id === undefined ? one.active : one.id === id))
  if (row) return row
  const message =
    id === undefined
      ? 'There is no webhook that is active; POST /_standin/webhooks makes one'
      : `There is no webhook ${id}; GET /_standin/webhooks names them`
  throw new Problem(404, 'webhook.unknown', message)
}

function shown(row: Subscription): Contract.Subscription {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    active: row.active,
    events: [...row.events],
    status: row.status,
    failures: row.failures,
    ...(row.scheme === undefined ? {} : { scheme: row.scheme }),
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
  }
}
