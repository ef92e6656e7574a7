import request, { type Test } from 'supertest'
import { expect, it } from 'vitest'
import type { DeliveryPage, Settled, UserPage } from '../../src/admin/contract.gen.ts'
import { createCryptlexUser, createSandbox, type TestSandbox } from '../helpers/sandbox.ts'

const START = Date.UTC(2026, 0, 15, 9, 30)

const get = (sandbox: TestSandbox, path: string): Test =>
  request(sandbox.url).get(`/_standin${path}`)
const post = (sandbox: TestSandbox, path: string, body: object = {}): Test =>
  request(sandbox.url).post(`/_standin${path}`).send(body)

const deliveriesOf = async (sandbox: TestSandbox) =>
  ((await get(sandbox, '/deliveries')).body as DeliveryPage).deliveries
const usersOf = async (sandbox: TestSandbox) =>
  ((await get(sandbox, '/users?api=cryptlex')).body as UserPage).users

/** Creates a user with this fault; the connection may break. */
const createWith = async (sandbox: TestSandbox, fault: string): Promise<void> => {
  await Promise.allSettled([createCryptlexUser(sandbox).set('Standin-Fault', fault)])
}

it.each(['commit-reset', 'commit-close', 'created-later'])(
  'sends one webhook for the user that %s created',
  async (fault) => {
    const sandbox = await createSandbox({ clock: START })
    await createWith(sandbox, fault)
    await post(sandbox, '/clock/advance', { by: '10s' })
    const { settled } = (await post(sandbox, '/settle', { timeout: '5s' })).body as Settled
    expect(settled).toBe(true)
    expect(await usersOf(sandbox)).toHaveLength(1)
    expect(await deliveriesOf(sandbox)).toMatchObject([
      { event: 'reseller.user.created', state: 'delivered', attempts: [{ number: 1 }] },
    ])
  },
)

it('refuses webhooks to the admin API, although they come from this machine', async () => {
  const sandbox = await createSandbox()
  await request(sandbox.url)
    .post('/v3/webhooks')
    .auth('standin-token-webhooks', { type: 'bearer' })
    .send({
      name: 'reset',
      url: `${sandbox.url}/_standin/reset`,
      events: ['reseller.user.created'],
    })
    .expect(201)
  await createCryptlexUser(sandbox).expect(201)
  await post(sandbox, '/settle', { timeout: '5s' })
  expect(await usersOf(sandbox)).toHaveLength(1)
  const toReset = (await deliveriesOf(sandbox)).find(({ url }) => url.endsWith('reset'))
  expect(toReset?.attempts).toMatchObject([{ status: 403 }])
})

it.each(['chunked', 'gzip', 'slow', 'truncated'] as const)(
  'receives %s webhooks in its own inbox without the admin token',
  async (kind) => {
    const adminToken = 'a-token-of-this-test'
    const sandbox = await createSandbox({ adminToken, bodyTimeout: 1500 })
    const token = { 'Standin-Admin-Token': adminToken }
    await post(sandbox, '/webhooks/test', { fault: { kind, attempts: 1 } })
      .set(token)
      .expect(202)
    await post(sandbox, '/settle', { timeout: '5s' }).set(token)
    const answer = await get(sandbox, '/deliveries').set(token)
    const [delivery] = (answer.body as DeliveryPage).deliveries
    expect(delivery?.attempts[0]?.status).not.toBe(401)
    if (kind !== 'truncated') expect(delivery?.state).toBe('delivered')
    const inbox = await get(sandbox, '/inbox/default').set(token)
    expect(inbox.text.toLowerCase()).not.toContain('standin-pass')
  },
)

it('creates no user of created-later in a state that was restored meanwhile', async () => {
  const sandbox = await createSandbox({ clock: START })
  await request(sandbox.url).put('/_standin/snapshots/empty').expect(200)
  await createWith(sandbox, 'created-later')
  await post(sandbox, '/snapshots/empty/restore').expect(200)
  await post(sandbox, '/clock/advance', { by: '10s' }).expect(200)
  expect(await usersOf(sandbox)).toEqual([])
})

it('sends thousands of deliveries in order after the first succeeds', async () => {
  const settings = {
    clock: START,
    webhookOrder: true,
    webhookUrl: 'none',
    maxBody: 8 * 1024 * 1024,
  }
  const sandbox = await createSandbox(settings)
  await post(sandbox, '/webhooks', { url: '/_standin/inbox/line?status=500&times=2' }).expect(201)
  const state = (await post(sandbox, '/webhooks/test').then(() => get(sandbox, '/state'))).body as {
    webhooks: { deliveries: { id: string }[] }
  }
  const [first] = state.webhooks.deliveries
  const deliveries = Array.from({ length: 5000 }, (_, i) => ({
    ...first,
    id: `whd_${i}`,
    attempts: [],
    nextAt: START,
  }))
  await request(sandbox.url)
    .put('/_standin/state')
    .send({ ...state, webhooks: { ...state.webhooks, deliveries } })
    .expect(200)
  await post(sandbox, '/clock/advance', { by: '10m' }).expect(200)
  const { settled } = (await post(sandbox, '/settle', { timeout: '5s' })).body as Settled
  expect(settled).toBe(true)
})
