import { expect, test } from 'vitest'
import { endpoints } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { arm, cryptlex, mykaarma, sendRaw } from './kit.ts'

test.each([
  ['302;location=/login', '/login'],
  ['307;location=https://example.test/', 'https://example.test/'],
  ['302;words=gateway;location=/there', '/there'],
])('%s has a Location', async (fault, location) => {
  const server = await createSandbox()
  for (const endpoint of endpoints) {
    const { headers } = await sendRaw(server, endpoint, { headers: { 'Standin-Fault': fault } })
    expect(headers['location']).toBe(location)
  }
})

test('an injected 429 reports no requests left', async () => {
  const server = await createSandbox()
  for (const fault of ['429', 'rate.exceeded']) {
    const { headers } = await sendRaw(server, cryptlex, { headers: { 'Standin-Fault': fault } })
    expect(headers).toMatchObject({ 'x-rate-limit-remaining': '0', 'retry-after': '5' })
  }
})

test('a reason fires only at the APIs that have it', async () => {
  const server = await createSandbox()
  const armed = arm(server, 'token.expired')
  for (const endpoint of endpoints) {
    const answer = await sendRaw(server, endpoint)
    expect(answer.status).toBe(endpoint === cryptlex ? 401 : endpoint.created)
    const headers = { 'Standin-Fault': 'credentials.no-colon' }
    const answered = await sendRaw(server, endpoint, { headers })
    if (endpoint === mykaarma) expect(answered.status).toBe(401)
    else {
      expect([answered.status, answered.headers['standin-reason']]).toEqual([400, 'fault.invalid'])
      expect(String(answered.body)).toContain('user.duplicate')
    }
  }
  expect(armed.nearestMiss?.why).toMatch(/api/)
})
