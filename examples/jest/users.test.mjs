// NODE_OPTIONS=--experimental-vm-modules npx jest
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { connectStandin, startStandin } from 'standin'

/** Stands for the code under test. It retries when the API is down. */
async function signUp(api, token, email) {
  const user = { firstName: 'Ada', email, role: 'user', password: 'analytical-engine' }
  for (let tries = 1; ; tries++) {
    const { status } = await fetch(`${api}/resellers/reseller-001/users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...user, allowCustomerPortalAccess: true }),
    })
    if (status < 500 || tries === 3) return status
  }
}

let standin
beforeAll(async () => {
  const { STANDIN_URL: url, STANDIN_ADMIN_TOKEN: adminToken } = process.env
  standin = url ? await connectStandin({ url, adminToken }) : await startStandin()
})
afterAll(() => standin.close())

// One sandbox per test; files run in parallel, each with its own server.
let sandbox
beforeEach(async () => {
  sandbox = await standin.sandbox()
})
afterEach(() => sandbox.close())

test('signing up creates one user, and the webhook comes', async () => {
  const { urls, credentials } = sandbox
  expect(await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')).toBe(201)

  await sandbox.requests.verify({
    operation: 'createResellerUser',
    match: { fields: { email: 'ada@example.test', role: 'user' } },
    count: { exactly: 1 },
  })
  await sandbox.webhooks.await({ event: 'reseller.user.created' })
})

test('signing up is tried again when the API is down', async () => {
  const { urls, credentials } = sandbox
  await sandbox.faults.add('503;times=2')
  expect(await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')).toBe(201)

  expect(await sandbox.faults.unfired()).toEqual([])
  await sandbox.requests.verify({ status: 503, count: { exactly: 2 } })
})
