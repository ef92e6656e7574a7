import type {
  DeliveriesAwaited,
  Delivery,
  DeliveryPage,
  InboxPage,
  Settled,
} from '../../src/admin/contract.gen.ts'
import type { Answer, Caller } from './caller.ts'

/** Lists the deliveries of a sandbox that match a query. */
export async function deliveries(caller: Caller, query = '', base = ''): Promise<Delivery[]> {
  const answer = await caller.get(`${base}/_standin/deliveries?limit=1000${query}`)
  return good(answer).json<DeliveryPage>().deliveries
}

export async function settled(caller: Caller, timeout = '30s', base = ''): Promise<Settled> {
  return good(await caller.post(`${base}/_standin/settle`, { timeout })).json<Settled>()
}

export async function awaited(
  caller: Caller,
  query: string,
  base = '',
): Promise<DeliveriesAwaited> {
  return good(
    await caller.get(`${base}/_standin/deliveries/await?${query}`),
  ).json<DeliveriesAwaited>()
}

export async function inbox(caller: Caller, name = 'default', base = ''): Promise<InboxPage> {
  return good(await caller.get(`${base}/_standin/inbox/${name}?limit=1000`)).json<InboxPage>()
}

export async function advance(caller: Caller, by: string): Promise<void> {
  good(await caller.post('/_standin/clock/advance', { by }))
}

/** Sends a test webhook with a delivery fault. */
export async function sendTestWebhook(caller: Caller, fault?: object): Promise<Delivery> {
  const body = { data: USER, ...(fault ? { fault } : {}) }
  return good(await caller.post('/_standin/webhooks/test', body)).json<Delivery>()
}

/** The user in the body of a test webhook. */
export const USER = {
  id: '7b0c9c1e-52d4-4b53-9a0e-0f6f1d7a2c11',
  email: 'ada@example.test',
  name: 'Ada Byron',
}

export function good(answer: Answer): Answer {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`)
  return answer
}
