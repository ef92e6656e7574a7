import request from 'supertest'
import { expect, test } from 'vitest'
import { createCaller, named, type Caller } from '../helpers/caller.ts'
import { createCryptlexUser, createSandbox } from '../helpers/sandbox.ts'

interface Verified {
  readonly passed: boolean
  readonly results: readonly {
    readonly name: string
    readonly passed: boolean
    readonly found: number
    readonly requests: readonly string[]
    readonly difference?: string
    readonly nearest?: readonly {
      readonly id: string
      readonly differences: readonly { at: string; wanted: string; found: string }[]
    }[]
  }[]
}

async function verify(caller: Caller, expectations: object[], more = {}): Promise<Verified> {
  const answer = await caller.post('/_standin/verify', { expectations, ...more })
  expect(answer.status, answer.text).toBe(200)
  return answer.json<Verified>()
}

/** Creates ada at Cryptlex and myKaarma, and grace at Cryptlex twice; the second is refused. */
async function createCallerWithRequests(): Promise<Caller> {
  const caller = createCaller(await createSandbox())
  await caller.create('cryptlex', named('cryptlex', 'ada')) // req-1
  await caller.create('mykaarma', named('mykaarma', 'ada')) // req-2
  await caller.create('cryptlex', named('cryptlex', 'grace')) // req-3
  await caller.create('cryptlex', named('cryptlex', 'grace')) // req-4
  return caller
}

const CREATE = { operation: 'createResellerUser' }
const at = (email: string) => ({ ...CREATE, match: { fields: { email } } })

test.each<[string, object]>([
  ['one request', at('ada@example.test')],
  ['an exact number', { ...CREATE, count: { exactly: 3 } }],
  ['no request', { ...CREATE, status: 401, count: { exactly: 0 } }],
  ['a maximum', { api: 'formsonfire', count: { atMost: 1 } }],
  ['a range', { api: 'cryptlex', count: { atLeast: 1, atMost: 3 } }],
  ['a status', { ...CREATE, status: '2xx', count: { exactly: 2 } }],
  ['method and path', { method: 'POST', path: '/v3/resellers/reseller-001/users' }],
  ['a path by regex', { path: { regex: '^/manage/' }, count: { exactly: 1 } }],
  ['headers', { match: { headers: { 'content-type': { regex: '^application/json' } } } }],
  ['a parameter of the path', { match: { params: { resellerId: 'reseller-001' } } }],
  ['the caller', { match: { credential: 'standin-token' }, count: { exactly: 3 } }],
  ['the caller by Basic', { match: { credential: 'partner:partner-secret' } }],
  ['a secret', { match: { fields: { password: 'analytical-engine-1' } } }],
])('an expectation about %s passes', async (_, expectation) => {
  const caller = await createCallerWithRequests()
  const { passed, results } = await verify(caller, [expectation])
  expect(results[0]).toMatchObject({ name: 'expectation 1', passed: true })
  expect(results[0]).not.toHaveProperty('difference')
  expect(passed).toBe(true)
})

test('too few requests are reported with the nearest ones and their differences', async () => {
  const caller = await createCallerWithRequests()
  const { passed, results } = await verify(caller, [
    { name: 'alan', ...at('alan@example.test'), status: 201 },
    at('ada@example.test'),
  ])
  expect(passed).toBe(false)
  expect(results.map((result) => result.passed)).toEqual([false, true])
  const [alan] = results as [Verified['results'][number]]
  expect(alan).toMatchObject({ name: 'alan', found: 0, requests: [] })
  expect(alan.nearest!.map(({ id }) => id)).toEqual(['req-3', 'req-1', 'req-4'])
  expect(alan.nearest![0]!.differences).toEqual([
    { at: 'fields.email', wanted: '"alan@example.test"', found: '"grace@example.test"' },
  ])
  expect(alan.difference).toBe(
    `expected at least 1 request, got 0; nearest:
  req-3: fields.email is "grace@example.test", not "alan@example.test"
  req-1: fields.email is "ada@example.test", not "alan@example.test"
  req-4: status is 409, not 201; fields.email is "grace@example.test", not "alan@example.test"`,
  )
})

test('too many requests are listed', async () => {
  const caller = await createCallerWithRequests()
  const { results } = await verify(caller, [
    { ...at('grace@example.test'), count: { exactly: 1 } },
    { ...CREATE, count: { atMost: 2 } },
  ])
  expect(results.map(({ difference }) => difference)).toEqual([
    'expected exactly 1 request, got 2: req-3, req-4',
    'expected at most 2 requests, got 3: req-1, req-3, req-4',
  ])
  expect(results[0]!.requests).toEqual(['req-3', 'req-4'])
})

test('a failed expectation says when no request was recorded', async () => {
  const caller = createCaller(await createSandbox())
  const { results } = await verify(caller, [CREATE])
  expect(results[0]!.difference).toBe(
    'expected at least 1 request, got 0; no other request was recorded',
  )
})

test('before and after compare the first matches of two expectations', async () => {
  const caller = await createCallerWithRequests()
  const expectations = (more: object) => [
    { name: 'ada', ...at('ada@example.test'), ...more },
    { name: 'grace', ...at('grace@example.test') },
    { name: 'alan', ...at('alan@example.test'), count: { atMost: 1 } },
  ]
  const differenceWith = async (more: object) => {
    const { passed, results } = await verify(caller, expectations(more))
    return passed || results[0]!.difference
  }
  expect(await differenceWith({ before: 'grace' })).toBe(true)
  expect(await differenceWith({ after: 'grace' })).toBe(
    'req-1 should have come after req-3, the first match of grace',
  )
  expect(await differenceWith({ before: 'alan' })).toBe(
    'it cannot come before alan: no request matches alan',
  )
  const { reason, text } = await caller.post('/_standin/verify', {
    expectations: expectations({ before: 'nobody' }),
  })
  expect(reason).toBe('expectation.unknown')
  expect(text).toContain(
    'ada is to come before nobody, but no expectation has this name; there are: ada, grace, alan',
  )
})

test('an order holds with other requests in between', async () => {
  const caller = await createCallerWithRequests()
  const ada = { name: 'ada', ...at('ada@example.test') }
  const both = { name: 'both', ...CREATE, count: { atLeast: 2 } }
  const partner = { name: 'partner', api: 'mykaarma' }
  expect((await verify(caller, [ada, partner, both], { order: true })).passed).toBe(true)
  expect((await verify(caller, [partner, both], { order: true })).passed).toBe(true)
  const { passed, results } = await verify(caller, [both, partner, ada], { order: true })
  expect(passed).toBe(false)
  expect(results.map((result) => result.passed)).toEqual([true, true, false])
  expect(results[2]!.difference).toBe('no match came after req-2, the match of partner')
  expect((await verify(caller, [both, partner, ada])).passed).toBe(true)
})

test('since leaves out earlier requests', async () => {
  const caller = await createCallerWithRequests()
  expect((await verify(caller, [at('ada@example.test')], { since: 'req-1' })).passed).toBe(false)
  expect((await verify(caller, [at('grace@example.test')], { since: 'req-3' })).passed).toBe(true)
})

test.each<[object, string, string]>([
  [{ operation: 'createUsers', count: { exactly: 0 } }, 'operation.unknown', 'createResellerUser'],
  [{ match: { fields: { email: { regex: '(' } } } }, 'expression.invalid', 'not well-formed'],
  [{ match: { fields: { password: { regex: '^a' } } } }, 'pattern.invalid', 'only equals'],
  [{ match: { fields: { 'a[': 1 } } }, 'pattern.invalid', 'is not a field path'],
  [{ status: '9xx' }, 'pattern.invalid', 'a status such as 201, a class such as 4xx'],
  [{ count: {} }, 'body.invalid', 'count'],
  [{ api: 'okta' }, 'body.invalid', 'api must be one of'],
])('%j is refused', async (expectation, reason, detail) => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.post('/_standin/verify', { expectations: [expectation] })
  expect([answer.status, answer.reason]).toEqual([400, reason])
  expect(answer.text).toContain(detail)
})

test('two expectations of the same name are refused', async () => {
  const caller = createCaller(await createSandbox())
  const expectations = [
    { name: 'a', ...CREATE },
    { name: 'a', ...CREATE },
  ]
  expect((await caller.post('/_standin/verify', { expectations })).reason).toBe(
    'expectation.duplicate',
  )
})

test('a misspelt member of an expectation is refused, since the expectation would check less', async () => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.post('/_standin/verify', {
    expectations: [{ ...CREATE, cuont: { exactly: 0 } }],
  })
  expect([answer.status, answer.reason]).toEqual([400, 'body.invalid'])
  expect(answer.text).toContain('cuont')
})

interface Awaited {
  readonly fulfilled: boolean
  readonly requests: readonly { readonly id: string }[]
  readonly difference?: string
}

test('await answers at once with recorded requests, and waits for the rest', async () => {
  const server = await createSandbox()
  const [caller, waiter] = [createCaller(server), createCaller(server)]
  await caller.create('cryptlex', named('cryptlex', 'ada'))
  const url = '/_standin/requests/await?operation=createResellerUser&status=201'
  const now = (await waiter.get(url)).json<Awaited>()
  expect(now).toMatchObject({ fulfilled: true, requests: [{ id: 'req-1' }] })
  const later = waiter.get(`${url}&count=2&timeout=1m`)
  while (server.sandbox.requests.listening === 0) await caller.get('/_standin/health')
  await caller.create('cryptlex', named('cryptlex', 'ada')) // refused: it does not count
  await caller.create('cryptlex', named('cryptlex', 'grace'))
  const both = (await later).json<Awaited>()
  expect(both.fulfilled).toBe(true)
  expect(both.requests).toHaveLength(2)
  expect(server.sandbox.requests.listening).toBe(0)
})

test('await reports the nearest requests when its time is up', async () => {
  const caller = await createCallerWithRequests()
  const answer = await caller.get(
    '/_standin/requests/await?operation=createResellerUser&status=401&timeout=20ms',
  )
  const { fulfilled, requests, difference } = answer.json<Awaited>()
  expect([fulfilled, requests]).toEqual([false, []])
  expect(difference).toContain(
    '0 of 1 requests arrived within 20ms; nearest:\n  req-4: status is 409, not 401',
  )
  const some = await caller.get('/_standin/requests/await?api=cryptlex&count=4&timeout=1ms')
  expect(some.json<Awaited>().requests).toHaveLength(3)
  const long = await caller.get('/_standin/requests/await?timeout=11m')
  expect(long.reason).toBe('timeout.too-long')
})

test('a hundred clients that wait at once all get their answer', async () => {
  const server = await createSandbox()
  const waiting = Array.from({ length: 100 }, (_, i) =>
    createCaller(server)
      .get(`/_standin/requests/await?email=user-${i}@example.test&timeout=1m`)
      .then((answer) => answer.json<Awaited>().fulfilled),
  )
  const caller = createCaller(server)
  for (let i = 0; i < 100; i++) await caller.create('cryptlex', named('cryptlex', `user-${i}`))
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: 100 }, () => true))
})

test('refuses expressions that would block the server', async () => {
  const sandbox = await createSandbox()
  for (let i = 0; i < 40; i++) {
    await createCryptlexUser(sandbox, { firstName: 'a'.repeat(4000) })
  }
  const regex = `${'(a?a?a?a?a?a?a?a?a?a?){5}'.repeat(4)}b$`
  const expectations = Array.from({ length: 3 }, () => ({
    match: { fields: { firstName: { regex } } },
  }))
  const answer = await request(sandbox.url)
    .post('/_standin/verify')
    .send({ expectations })
    .expect(400)
  expect(answer.body).toMatchObject({ reason: 'expression.invalid' })
})
