// The tests that usually come with such a service: everything works.
//
//   standin resilience -- npx tsx examples/integration/naive/service.test.ts
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createService } from './service.ts'

const { env } = process
const service = createService()
let url = ''
const admin = {
  'Content-Type': 'application/json',
  'Standin-Admin-Token': env['STANDIN_ADMIN_TOKEN'] ?? '',
}

before(async () => {
  await new Promise<void>((resolve) => void service.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}` // it listens on a port
  const subscribed = await fetch(`${env['STANDIN_ADMIN_URL']}/webhooks`, {
    method: 'POST',
    headers: admin,
    body: JSON.stringify({ url: `${url}/webhooks`, token: env['STANDIN_WEBHOOK_SECRET'] }),
  })
  assert.equal(subscribed.status, 201)
})

after(() => {
  service.close()
  service.closeAllConnections()
})

async function call(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${url}${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) })
}

/** The ids of a person's accounts, once the webhook has come. */
async function accountsOf(email: string): Promise<Record<string, string>> {
  for (let tries = 0; ; tries++) {
    const answer = await call('GET', `/people/${email}`)
    const person = (await answer.json()) as Record<string, string>
    if (person['forms'] !== undefined || tries === 100) return person
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a new person has an account in each system', async () => {
  const person = { firstName: 'Ada', lastName: 'Byron', email: 'ada@example.test' }
  const added = await call('POST', '/people', person)
  assert.equal(added.status, 200)
  const { licence, dealer, forms } = await accountsOf('ada@example.test')
  assert.ok(licence && dealer && forms)
})

test('a person who leaves keeps the one that cannot be removed', async () => {
  const person = { firstName: 'Grace', lastName: 'Hopper', email: 'grace@example.test' }
  await call('POST', '/people', person)
  await accountsOf('grace@example.test')
  const removed = await call('DELETE', '/people/grace@example.test')
  assert.equal(removed.status, 200)
  const users = await fetch(`${env['STANDIN_ADMIN_URL']}/users?email=grace@example.test`, {
    headers: admin,
  })
  assert.equal(((await users.json()) as { total: number }).total, 1)
})
