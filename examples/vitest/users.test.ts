// npx vitest run
import { connectStandin, startStandin, type Standin } from 'standin'
import { test as base, describe, expect } from 'vitest'

/** Stands for the code under test. It retries when the API is down. */
async function signUp(api: string, token: string, email: string): Promise<number> {
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

// One server for the file and one sandbox per test, so that tests may run in parallel.
const test = base
  .extend('standin', { scope: 'file' }, async ({}, { onCleanup }): Promise<Standin> => {
    const { STANDIN_URL: url, STANDIN_ADMIN_TOKEN: adminToken } = process.env
    const standin = url ? await connectStandin({ url, adminToken }) : await startStandin()
    onCleanup(() => standin.close())
    return standin
  })
  .extend('sandbox', async ({ standin }, { onCleanup }): Promise<Standin> => {
    const sandbox = await standin.sandbox()
    onCleanup(() => sandbox.close())
    return sandbox
  })

describe.concurrent('signing up', () => {
  test('creates one user, and the webhook comes', async ({ sandbox }) => {
    const { urls, credentials } = sandbox
    expect(await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')).toBe(201)

    await sandbox.requests.verify({
      operation: 'createResellerUser',
      match: { fields: { email: 'ada@example.test', role: 'user' } },
      count: { exactly: 1 },
    })
    await sandbox.webhooks.await({ event: 'reseller.user.created' })
  })

  test('is tried again when the API is down', async ({ sandbox }) => {
    const { urls, credentials } = sandbox
    await sandbox.faults.add('503;times=2')
    expect(await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')).toBe(201)

    expect(await sandbox.faults.unfired()).toEqual([])
    await sandbox.requests.verify({ status: 503, count: { exactly: 2 } })
    expect(await sandbox.users.find('ada@example.test')).toHaveLength(1)
  })

  test('is given up after three tries', async ({ sandbox }) => {
    const { urls, credentials } = sandbox
    await sandbox.faults.add('503')
    expect(await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')).toBe(503)
    expect(await sandbox.users.list()).toEqual([])
  })
})
