// npx playwright test
import { test as base, expect, type APIRequestContext } from '@playwright/test'
import { connectStandin, type Standin } from 'standin'

/** Stands for the page under test, which calls the API at this base URL. */
async function signUp(request: APIRequestContext, api: string, token: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    const answer = await request.post(`${api}/resellers/reseller-001/users`, {
      headers: { Authorization: `Bearer ${token}` },
      data: {
        firstName: 'Ada',
        email: 'ada@example.test',
        role: 'user',
        password: 'analytical-engine',
        allowCustomerPortalAccess: true,
      },
    })
    if (answer.status() < 500 || tries === 3) return answer.status()
  }
}

// One sandbox per test, so that workers do not see each other's users.
const test = base.extend<{ sandbox: Standin }>({
  sandbox: async ({}, use) => {
    const url = process.env['STANDIN_URL'] ?? 'http://localhost:4020'
    const standin = await connectStandin({ url, adminToken: process.env['STANDIN_ADMIN_TOKEN'] })
    await use(await standin.sandbox())
    await standin.close()
  },
})

test('signing up creates one user, and the webhook comes', async ({ request, sandbox }) => {
  const { urls, credentials } = sandbox
  expect(await signUp(request, urls.cryptlex, credentials.cryptlex.token)).toBe(201)

  await sandbox.requests.verify({
    operation: 'createResellerUser',
    match: { fields: { email: 'ada@example.test', role: 'user' } },
    count: { exactly: 1 },
  })
  await sandbox.webhooks.await({ event: 'reseller.user.created' })
})

test('signing up is tried again when the API is down', async ({ request, sandbox }) => {
  const { urls, credentials } = sandbox
  await sandbox.faults.add('503;times=2')
  expect(await signUp(request, urls.cryptlex, credentials.cryptlex.token)).toBe(201)

  expect(await sandbox.faults.unfired()).toEqual([])
  await sandbox.requests.verify({ status: 503, count: { exactly: 2 } })
})
