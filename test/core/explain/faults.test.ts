import { expect, test } from 'vitest'
import type { Explanation, Har, RecordedRequest } from '../../../src/admin/contract.gen.ts'
import { createCaller, creation, type Caller } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { deliveries, settled } from '../../helpers/webhooks.ts'
import { NOW } from './mistakes.ts'

const fresh = async () => {
  const server = await createSandbox({ clock: NOW })
  return { server, caller: createCaller(server) }
}

/** The record of the newest request, with its explanation, HAR entry and curl command. */
async function newest(caller: Caller) {
  const { requests } = (await caller.get('/_standin/requests?last=1')).json<{
    requests: RecordedRequest[]
  }>()
  const record = requests[0]!
  const path = `/_standin/requests/${record.id}`
  const explained = (await caller.get(`${path}/explain`)).json<Explanation>()
  const { text } = await caller.get(`${path}/explain`, { Accept: 'text/plain' })
  const { log } = (await caller.get(`${path}?format=har`)).json<Har>()
  const curl = (await caller.get(`${path}?format=curl`)).text
  const steps = explained.decisions.map(({ step }) => step)
  return { record, explained, text, steps, entry: log.entries[0]!, curl }
}

/** Creates a user with this fault, which may end the connection. */
async function create(caller: Caller, fault: string, api: 'cryptlex' | 'formsonfire' = 'cryptlex') {
  const { headers, ...sent } = creation(api)
  const request = { ...sent, method: 'POST', headers: { ...headers, 'Standin-Fault': fault } }
  await caller.send({ ...request, body: JSON.stringify(sent.body) }).catch(() => undefined)
}

const HEAD = ['sandbox', 'route']
const CREDENTIALS = ['credentials', 'accept', 'body', 'contract', 'strict']

test.each([
  ['500', 500, ['faults', 'answer']],
  ['500;after=auth', 500, ['credentials', 'faults', 'answer']],
  ['500;after=validation', 500, [...CREDENTIALS, 'faults', 'answer']],
  ['commit-500', 500, [...CREDENTIALS, 'operation', 'saving', 'webhooks', 'faults', 'answer']],
  ['404', 404, ['faults', 'answer']],
  ['503', 503, ['faults', 'answer']],
  ['login-page', 200, ['faults', 'answer']],
  ['reset', 0, ['faults', 'answer']],
  ['close;after=auth', 0, ['credentials', 'faults', 'answer']],
  ['commit-reset', 0, [...CREDENTIALS, 'operation', 'saving', 'webhooks', 'faults', 'answer']],
  ['created-later', 500, [...CREDENTIALS, 'faults', 'answer']],
])(
  'a request that the fault %s ended is explained up to that point',
  async (fault, status, rest) => {
    const { caller } = await fresh()
    await create(caller, fault)
    const { record, explained, text, steps } = await newest(caller)
    expect([record.answer.status, explained.status]).toEqual([status, status])
    expect(record.faults).toMatchObject([{ id: 'header-1' }])
    expect(steps).toEqual([...HEAD, ...rest])
    const refused = explained.decisions.filter(({ outcome }) => outcome === 'refused')
    expect(refused.map(({ step }) => step)).toEqual(['faults'])
    expect(explained.summary).toContain(`the fault header-1 (${record.faults![0]!.fault})`)
    // The sender has nothing to change.
    expect([explained.hints, explained.nearest, record.hints]).toEqual([[], [], undefined])
    expect(text).not.toMatch(/undefined|\[object|answered 0|REFUSED/)
    expect(text).toMatch(/^\d+\. Faults: FIRED$/m)
    const isCreated = fault.startsWith('commit-')
    expect(record.user !== undefined).toBe(isCreated)
    expect(explained.summary.includes('was created')).toBe(isCreated)
  },
)

test('a fault that keeps the answer is shown as fired, and one that does not match as not fired', async () => {
  const { server, caller } = await fresh()
  await create(caller, 'delay=1ms')
  expect((await newest(caller)).text).toMatch(/^\d+\. Faults: FIRED$/m)
  server.sandbox.faults.add('500;operation=createUser')
  await caller.create('cryptlex', { email: 'b@example.test' })
  expect((await newest(caller)).text).toMatch(/^\d+\. Faults: none fired$/m)
})

test('a magic address ends a request before its bad credentials are checked', async () => {
  const { caller } = await fresh()
  const headers = { Authorization: 'Bearer nope' }
  await caller.send({
    ...creation('cryptlex', { email: 'ada+fault.500@example.test' }),
    headers,
  })
  const { steps, record } = await newest(caller)
  expect(record.faults).toEqual([{ id: 'magic-1', fault: '500' }])
  expect(steps).toEqual([...HEAD, 'faults', 'answer'])
})

test('an ended connection has status 0 in the log, HAR, curl, explanation and verification', async () => {
  const { caller } = await fresh()
  await create(caller, 'reset')
  await caller.create('cryptlex')
  const { requests } = (await caller.get('/_standin/requests?status=0')).json<{
    requests: RecordedRequest[]
  }>()
  expect(requests.map(({ id }) => id)).toEqual(['req-1'])
  expect(requests[0]!.answer).toEqual({ status: 0, headers: {}, body: { text: '', size: 0 } })
  await create(caller, 'reset')
  const { entry, curl, text } = await newest(caller)
  expect(entry).toMatchObject({
    response: { status: 0, statusText: '', httpVersion: '', headers: [] },
    _faults: [{ id: 'header-1', fault: 'reset' }],
  })
  expect(curl).toMatch(/^# req-4 at \S+, without an answer\n/)
  expect(text).toContain('req-4: POST /v3/resellers/reseller-001/users was not answered')
  expect(text).toContain('Not answered: the fault header-1 (reset) ended the connection.')
  expect(text).toContain('Answer: none\n   The connection ended without an answer.')
  const expectations = [{ status: 0, count: { exactly: 2 } }]
  const verified = await caller.post('/_standin/verify', { expectations })
  expect(verified.json()).toMatchObject({ passed: true })
})

test('a page from a fault is explained with its own media type and without evidence', async () => {
  const { caller } = await fresh()
  await create(caller, '502', 'formsonfire')
  const { explained, entry, record } = await newest(caller)
  expect(explained.decisions.at(-1)).toMatchObject({
    text: 'The answer is 502 in text/html.',
    evidence: [],
  })
  expect(entry).toMatchObject({
    response: { status: 502, content: { mimeType: 'text/html; charset=utf-8' } },
  })
  expect(record.answer.body.text).toContain('<h1>502')
  expect(record.stage).toBe('route')
})

test('an invalid fault is refused without evidence of a vendor', async () => {
  const { caller } = await fresh()
  await create(caller, 'webhook=bad-signature')
  const { record, explained } = await newest(caller)
  expect(record.problem!.reason).toBe('fault.invalid')
  const refused = explained.decisions.filter(({ outcome }) => outcome === 'refused')
  expect(refused.map(({ evidence }) => evidence)).toEqual([[]])
})

test('a request that a fault only delayed is explained as accepted', async () => {
  const { caller } = await fresh()
  await create(caller, 'delay=1ms')
  const { explained, record, steps } = await newest(caller)
  expect(record.faults).toEqual([{ id: 'header-1', fault: 'delay=1ms' }])
  expect(steps.slice(0, 4)).toEqual([...HEAD, 'faults', 'credentials'])
  expect(explained.summary).toContain('Accepted and answered with 201.')
})

test('a fault that could not be applied is explained as not fired', async () => {
  const { caller } = await fresh()
  await create(caller, 'xml-prefixes')
  const { record, explained } = await newest(caller)
  expect([record.answer.status, record.faults]).toEqual([201, undefined])
  const { text, checks } = explained.decisions.find(({ step }) => step === 'faults')!
  expect(text).toBe('One fault is armed; it did not fire.')
  expect(checks![0]!.text).toMatch(/^did not fire: /)
})

test('a user that was not stored is not in the record or the explanation', async () => {
  const { server, caller } = await fresh()
  await create(caller, 'not-stored')
  const { record, explained } = await newest(caller)
  expect([record.answer.status, record.user, record.deliveries]).toEqual([
    201,
    undefined,
    undefined,
  ])
  expect(explained.summary).not.toContain('was created')
  expect(server.sandbox.users['cryptlex']).toBe(0)
})

test('a request lists its deliveries, and each delivery its request', async () => {
  const { caller } = await fresh()
  await caller.create('cryptlex')
  const { record, text, entry } = await newest(caller)
  const [delivery] = await deliveries(caller, '&requestId=req-1')
  expect(record.deliveries).toEqual([delivery!.id])
  expect(delivery!.requestId).toBe('req-1')
  expect(entry).toMatchObject({ _deliveries: [delivery!.id] })
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    `The event reseller.user.created occurred; it is delivered as ${delivery!.id}.`,
  )
  await caller.create('cryptlex')
  expect((await newest(caller)).record.deliveries).toBeUndefined()
})

test.each(['commit-reset', 'commit-500', 'created-later;later=1s'])(
  'the webhook of a user is delivered although %s hid the creation',
  async (fault) => {
    const { server, caller } = await fresh()
    await create(caller, fault)
    await server.sandbox.turnClock(() => ({ held: NOW + 5000 }))
    await settled(caller)
    const sent = await deliveries(caller)
    expect(sent.map(({ state, requestId }) => [state, requestId])).toEqual([['delivered', 'req-1']])
  },
)

test('a created webhook is not reported as a user', async () => {
  const { caller } = await fresh()
  const headers = { Authorization: 'Bearer standin-token-webhooks' }
  const url = '/_standin/inbox/mine'
  const webhook = { name: 'mine', url, token: 'a-token-for-webhooks', active: true }
  const body = { ...webhook, events: ['reseller.user.created'] }
  const answer = await caller.post('/v3/webhooks', body, headers)
  const { record, explained } = await newest(caller)
  expect([answer.status, record.user], answer.text).toEqual([201, undefined])
  expect(explained.summary).not.toContain('user')
})

test.each([
  ['400;fields=email', 'A fault made up the errors of email: they do not describe the request'],
  ['400;fields=email,role:maxLength', 'A fault made up the errors of email and role: they do not'],
  ['user.duplicate', 'A fault made up the reason user.duplicate: it does not describe the request'],
  ['401', /A fault made up the reason [\w.]+: it does not describe the request/],
  ['404', /A fault made up the reason [\w.]+: it does not describe the request/],
])('an answer to which the fault %s made up a reason says so', async (fault, warning) => {
  const { caller } = await fresh()
  await create(caller, fault)
  const { record, explained } = await newest(caller)
  const made = record.warnings.filter(({ code }) => code === 'fault.made-up')
  expect(made.map(({ text }) => text)).toEqual([
    typeof warning === 'string'
      ? (expect.stringContaining(warning) as string)
      : (expect.stringMatching(warning) as string),
  ])
  const { text, outcome } = explained.decisions.find(({ step }) => step === 'faults')!
  expect(outcome).toBe('refused')
  expect(text).toContain(', which made up the reason: ')
  // No other step mentions what the fault made up.
  const others = explained.decisions.filter(({ step }) => !['faults', 'answer'].includes(step))
  expect(JSON.stringify(others)).not.toContain('made')
})

test.each(['500', '429', '503;times=1', 'reset', 'login-page', 'commit-500'])(
  'the fault %s states nothing of the request, and the answer has no warning',
  async (fault) => {
    const { caller } = await fresh()
    await create(caller, fault)
    const { record } = await newest(caller)
    expect(record.warnings).toEqual([])
  },
)
