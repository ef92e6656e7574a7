// node --test
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
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
before(async () => {
  const { STANDIN_URL: url, STANDIN_ADMIN_TOKEN: adminToken } = process.env
  standin = url ? await connectStandin({ url, adminToken }) : await startStandin()
})
after(() => standin.close())

/** Creates a sandbox for one test, so that tests may run in parallel. */
async function sandboxFor(t) {
  const sandbox = await standin.sandbox()
  t.after(() => sandbox.close())
  return sandbox
}

describe('signing up', { concurrency: true }, () => {
  test('creates one user, and the webhook comes', async (t) => {
    const sandbox = await sandboxFor(t)
    const { urls, credentials } = sandbox
    const status = await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')
    assert.equal(status, 201)

    await sandbox.requests.verify({
      operation: 'createResellerUser',
      match: { fields: { email: 'ada@example.test', role: 'user' } },
      count: { exactly: 1 },
    })
    await sandbox.webhooks.await({ event: 'reseller.user.created' })
  })

  test('is tried again when the API is down', async (t) => {
    const sandbox = await sandboxFor(t)
    const { urls, credentials } = sandbox
    await sandbox.faults.add('503;times=2')
    const status = await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')
    assert.equal(status, 201)

    assert.deepEqual(await sandbox.faults.unfired(), [])
    await sandbox.requests.verify({ status: 503, count: { exactly: 2 } })
  })
})
