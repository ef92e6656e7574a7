// Tests that hold whatever the systems do: what the service says of an account is true, and what it
// cannot do now it does not lose. Without a fault, everything has to work.
//
//   standin resilience -- npx tsx examples/integration/careful/service.test.ts
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { createService } from './service.ts'

const { env } = process
/** APIs of the systems, as Standin names them. */
const APIS = { licence: 'cryptlex', dealer: 'mykaarma', forms: 'formsonfire' } as const
type Name = keyof typeof APIS
type Accounts = Partial<Record<Name, { readonly state: string; readonly id?: string }>>

const service = createService(env['STANDIN_WEBHOOK_SECRET'] ?? '')
let url = ''

async function admin(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${env['STANDIN_ADMIN_URL']}${path}`, {
    method,
    headers: {
      'Content-Type': 'application/json',
      'Standin-Admin-Token': env['STANDIN_ADMIN_TOKEN'] ?? '',
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  assert.ok(answer.ok, `${method} ${path} was answered ${answer.status}`)
  return answer.json()
}

before(async () => {
  await new Promise<void>((resolve) => void service.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}` // it listens on a port
  await admin('POST', '/webhooks', {
    url: `${url}/webhooks`,
    token: env['STANDIN_WEBHOOK_SECRET'],
    events: ['reseller.user.created'],
  })
})

after(() => {
  service.close()
  service.closeAllConnections()
})

async function call(method: string, path: string, body?: object): Promise<Accounts> {
  const answer = await fetch(`${url}${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  assert.equal(answer.status, 200)
  return (await answer.json()) as Accounts // the service writes it
}

/** The accounts of a person, once each of them has a state. */
async function settled(email: string): Promise<Accounts> {
  for (let tries = 0; tries < 800; tries++) {
    const accounts = await call('GET', `/people/${email}`)
    if (Object.keys(accounts).length === 3) return accounts
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('An account has no state')
}

/** Compares what the service says with what the systems have. */
async function expectTruth(email: string, accounts: Accounts): Promise<void> {
  const { users } = (await admin('GET', `/users?email=${email}`)) as {
    users: readonly { readonly api: string }[]
  } // by the contract
  for (const name of Object.keys(APIS) as Name[]) {
    const count = users.filter(({ api }) => api === APIS[name]).length
    const state = accounts[name]?.state
    assert.equal(count, state === 'active' ? 1 : 0, `${name} is ${state}, with ${count} users`)
  }
}

/** What an account has to be if no fault is armed. */
function expectState(accounts: Accounts, expected: Readonly<Record<Name, string>>): void {
  if (env['STANDIN_RESILIENCE_CELL'] !== undefined) return
  for (const name of Object.keys(APIS) as Name[]) {
    assert.equal(accounts[name]?.state, expected[name], name)
  }
}

test('a new person has one account in each system, or the service says why not', async () => {
  const person = { firstName: 'Ada', lastName: 'Byron', email: 'ada@example.test' }
  await call('POST', '/people', person)
  const accounts = await settled(person.email)
  expectState(accounts, { licence: 'active', dealer: 'active', forms: 'active' })
  await expectTruth(person.email, accounts)
  // Who asks again gets the same.
  assert.deepEqual(await call('POST', '/people', person), accounts)
})

test('a person who leaves has none, or the service says why not', async () => {
  const person = { firstName: 'Grace', lastName: 'Hopper', email: 'grace@example.test' }
  await call('POST', '/people', person)
  const earlier = await settled(person.email)
  const accounts = await call('DELETE', `/people/${person.email}`)
  expectState(accounts, { licence: 'gone', dealer: 'active', forms: 'gone' })
  const removable = (name: Name) => earlier[name]?.state === 'active' && name !== 'dealer'
  const kept = (Object.keys(APIS) as Name[]).filter(
    (name) => removable(name) && accounts[name]?.state !== 'gone',
  )
  // An account that could not be removed is still there, and the service says so.
  const known = Object.fromEntries(kept.map((name) => [name, { state: 'active' }]))
  await expectTruth(person.email, { ...accounts, ...known })
})
