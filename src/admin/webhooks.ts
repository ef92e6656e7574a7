import type { Event, Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import { SUBSCRIPTIONS, type Subscription } from '../core/webhooks/delivery.ts'
import { type DeliveryFault } from '../core/fault.ts'
import { subscribe, updateSubscription } from '../core/webhooks/subscriptions.ts'
import type * as Contract from './contract.gen.ts'
import { deliveryBody, deliveryFor } from './deliveries.ts'
import { milliseconds } from './clock.ts'
import type { SandboxPort } from './ports.ts'

type Names =
  | 'listSubscriptions'
  | 'createSubscription'
  | 'updateSubscription'
  | 'deleteSubscription'
  | 'testWebhook'
  | 'redeliver'

/** Handlers of `/webhooks`, and of `/deliveries/{delivery}/redeliver`. */
export function webhookTasks(sandbox: SandboxPort): Record<Names, Task> {
  const { webhooks } = sandbox
  return {
    listSubscriptions: () => {
      webhooks.flush()
      const body: Contract.SubscriptionList = {
        webhooks: webhooks.subscriptions.map(subscriptionBody),
      }
      return { status: 200, body }
    },
    createSubscription: async (call) => {
      const { events = ['*'], ...fields } = call.body as Contract.NewSubscription // checked
      const refusal = fields.url.startsWith('/')
        ? undefined
        : sandbox.egress.refusalWithoutLookup(fields.url)
      if (refusal) throw refusal
      const row = sandbox.store.transact(() =>
        subscribe(sandbox.store, { ...fields, events }, sandbox.tools),
      )
      await sandbox.saved()
      const warning = webhooks.urlWarning(fields.url)
      if (warning) call.warn(warning.code, warning.text)
      const body: Contract.NewlyMadeSubscription = {
        ...subscriptionBody(row),
        // A token that was generated is shown here and nowhere else.
        ...(fields.token === undefined ? { token: row.token } : {}),
      }
      return { status: 201, body, created: row.id }
    },
    updateSubscription: async (call) => {
      const row = subscriptionFor(sandbox, call.params['webhook'])
      const changes = call.body as Contract.SubscriptionChanges // the contract has checked it
      const { url } = changes
      const refusal =
        url === undefined || url.startsWith('/')
          ? undefined
          : sandbox.egress.refusalWithoutLookup(url)
      if (refusal) throw refusal
      const changed = sandbox.store.transact(() =>
        updateSubscription(sandbox.store, row, changes, sandbox.clock.now()),
      )
      await sandbox.saved()
      const warning = url === undefined ? undefined : webhooks.urlWarning(url)
      if (warning) call.warn(warning.code, warning.text)
      return { status: 200, body: subscriptionBody(changed) }
    },
    deleteSubscription: async (call) => {
      const row = subscriptionFor(sandbox, call.params['webhook'])
      sandbox.store.transact(() => sandbox.store.collection(SUBSCRIPTIONS).remove(row.id))
      await sandbox.saved()
      return { status: 200, body: subscriptionBody(row) }
    },
    testWebhook: async (call) => {
      const test = call.body as Contract.WebhookTest // the contract has checked it
      const named = webhooks.subscriptions.filter(({ name }) => name === test.subscription)
      const row = subscriptionFor(
        sandbox,
        (named.find(({ active }) => active) ?? named[0])?.id ?? test.subscription,
      )
      const faults = test.fault ? [faultFrom(test.fault)] : undefined
      const event: Event = {
        name: test.event ?? row.events.find((name) => name !== '*') ?? 'test',
        data: test.data ?? { test: true },
        // Seven fraction digits (ticks of 100 ns), as the vendor with webhooks writes times.
        triggeredAt: new Date(sandbox.clock.now()).toISOString().replace('Z', '0000Z'),
      }
      const cause = { id: call.id, ...(faults ? { deliveryFaults: faults } : {}) }
      const id = sandbox.store.transact(() => webhooks.recordFor(row, event, cause))
      await sandbox.saved()
      call.deliveries = [id]
      webhooks.deliver([id])
      const delivery = deliveryBody(webhooks.delivery(id)!) // it was just recorded
      const body: Contract.Delivery = { ...delivery, subscriptionName: row.name }
      return { status: 202, body }
    },
    redeliver: (call) => {
      const { fault } = call.body as Contract.Redelivery // the contract has checked it
      const { id } = deliveryFor(sandbox, call)
      webhooks.redeliver(id, fault ? [faultFrom(fault)] : [])
      call.deliveries = [id]
      return { status: 202, body: deliveryBody(webhooks.delivery(id)!) } // deliveryFor has found it
    },
  }
}

/** Converts a fault of a request body to the internal units. */
function faultFrom({ kind, by, attempts }: Contract.DeliveryFault): DeliveryFault {
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
      ? 'There is no active webhook; create one with POST /_standin/webhooks'
      : `There is no webhook ${id}; GET /_standin/webhooks lists them`
  throw new Problem(404, 'webhook.unknown', message)
}

/** A subscription as the admin API returns it, without its token. */
function subscriptionBody(row: Subscription): Contract.Subscription {
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
