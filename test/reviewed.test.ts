import request, { type Test } from 'supertest'
import { expect, it } from 'vitest'
import type { DeliveryPage, Settled, UserPage } from '../src/admin/contract.ts'
import { createCryptlexUser, createSandbox, type TestSandbox } from './helpers/sandbox.ts'

const START = Date.UTC(2026, 0, 15, 9, 30)

const get = (sandbox: TestSandbox, path: string): Test =>
  request(sandbox.url).get(`/_standin${path}`)
const post = (sandbox: TestSandbox, path: string, body: object = {}): Test =>
  request(sandbox.url).post(`/_standin${path}`).send(body)

const deliveriesOf = async (sandbox: TestSandbox) =>
  ((await get(sandbox, '/deliveries')).body as DeliveryPage).deliveries
const usersOf = async (sandbox: TestSandbox) =>
  ((await get(sandbox, '/users?api=cryptlex')).body as UserPage).users

/** A create that meets this fault, whatever becomes of its connection. */
const createWith = async (sandbox: TestSandbox, fault: string): Promise<void> => {
  const creating = createCryptlexUser(sandbox).set('Standin-Fault', fault)
  await creating.then(
    () => {},
    () => {},
  )
}

it.each(['commit-reset', 'commit-close', 'created-later'])(
  'tells of the user that %s made, once',
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
