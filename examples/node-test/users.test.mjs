// node --test
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { useStandin } from 'standin/node-test'

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

// One sandbox per test. A test fails if a fault that it armed never fired.
const standin = useStandin({ failOnUnfiredFaults: true })

describe('signing up', () => {
  test('creates one user, and the webhook comes', async () => {
    const { urls, credentials } = standin
    const status = await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')
    assert.equal(status, 201)

    await standin.requests.verify({
      operation: 'createResellerUser',
      match: { fields: { email: 'ada@example.test', role: 'user' } },
      count: { exactly: 1 },
    })
    await standin.webhooks.await({ event: 'reseller.user.created' })
  })

  test('is tried again when the API is down', async () => {
    const { urls, credentials } = standin
    await standin.faults.add('503;times=2')
    const status = await signUp(urls.cryptlex, credentials.cryptlex.token, 'ada@example.test')
    assert.equal(status, 201)

    await standin.requests.verify({ status: 503, count: { exactly: 2 } })
  })
})
