import { expect, test } from 'vitest'
import { createCaller, creation } from '../../helpers/caller.ts'
import { entryPoints } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { spentOn } from '../../helpers/time.ts'
import { add, ask, cryptlex, refusalOf } from './kit.ts'

test.each(['constructor', '__proto__', '500;constructor', '500;__proto__', 'valueof'])(
  'a name of every object, %s, is no word of the short form',
  async (fault) => {
    const own = await createSandbox()
    expect(refusalOf(() => add(own, fault))).toContain('is no part of a fault')
    expect(own.sandbox.faults.list()).toEqual([])
  },
)
test.each(['99', '5000'])('a number that is no status, %s, is told which are', async (fault) => {
  const own = await createSandbox()
  expect(refusalOf(() => add(own, fault))).toBe(
    `"${fault}" is no status that a fault can have; allowed: 300 to 599, such as 500`,
  )
})
test.each(['headers', 'params', 'query', 'fields'])(
  'a match of %s on a name that every object has is an ordinary miss',
  async (part) => {
    const own = await createSandbox()
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const entries = Object.fromEntries([[name, 'x']])
      add(own, { status: 500, match: { [part]: entries } })
    }
    for (const entryPoint of entryPoints) {
      expect((await ask(own, entryPoint, { name: entryPoint.answers })).status).toBe(
        entryPoint.created,
      )
    }
    for (const { fired, nearest } of own.sandbox.faults.list()) {
      expect([fired, nearest?.why]).toEqual([0, expect.stringContaining('is nothing')])
    }
    expect(own.logged).toEqual([])
  },
)

test('an expiry beyond all calendars can be armed and shown', async () => {
  const caller = createCaller(await createSandbox())
  const armed = await caller.post('/_standin/faults', {
    fault: '500',
    expiresIn: '999999999999d',
  })
  expect(armed.status, armed.text).toBe(201)
  expect(armed.json()).toMatchObject({ expiresAt: '9999-12-31T23:59:59.999Z', live: true })
  expect((await caller.get('/_standin/faults')).status).toBe(200)
})

test.each([
  { slow: 'body', interval: '2h' },
  { slow: 'body', interval: '999999999999d' },
])('no answer is made slower than a timer can be: %j', async (fault) => {
  const own = await createSandbox()
  expect(refusalOf(() => add(own, fault))).toContain('interval must be at most 1h')
})

test.each(['500;times=2', '500;skip=1', '500;api=cryptlex', '500;from=2026-01-15T09:30:00Z'])(
  'a step of a sequence, %s, counts nothing of its own',
  async (step) => {
    const own = await createSandbox()
    expect(refusalOf(() => add(own, { status: 500, sequence: [step] }))).toMatch(/sequence\[0\]/)
  },
)

test.each([
  [{ status: 500, sequence: ['fail', 'cut'] }, true],
  [{ fault: 'cut', sequence: ['500', 'pass'] }, false],
  [{ status: 500, api: 'cryptlex', sequence: ['pass', '418'] }, true],
  [{ status: 500, sequence: ['fail', '401'] }, false],
])('a sequence breaks the contract where one of its steps does: %j', async (given, breaks) => {
  const own = await createSandbox()
  const { faults } = own.sandbox
  expect(faults.breaksContract(add(own, given))).toBe(breaks)
})

test.each([
  ['502;truncated', 'body'],
  ['login-page;empty', 'body'],
  ['slow-body;cut', 'slow'],
  ['404;location=/there', 'location'],
  ['500;repeat=true', 'repeat'],
  ['500;sequence=fail,pass;every=2', 'every'],
  ['500;sequence=fail,pass;probability=0.5', 'probability'],
  ['500;from=2026-01-15T10:00:00Z;until=2026-01-15T09:00:00Z', 'until'],
  ['500;401', 'status'],
  ['500;times=2;times=3', 'times'],
  ['reset;close', 'connection'],
  ['commit-500;after=auth', 'after'],
])('%s, of which a part would do nothing, is refused', async (fault, field) => {
  const own = await createSandbox()
  expect(refusalOf(() => add(own, fault))).toContain(field)
  expect(own.sandbox.faults.list()).toEqual([])
})

test.each(['$..email', 'Folders[', 'a[b]', 'a..b', '[?(@.x)]', '', 'a['])(
  'a path that leads nowhere, %s, is refused',
  async (path) => {
    const own = await createSandbox()
    const match = { fields: { [path]: 'x' } }
    expect(refusalOf(() => add(own, { status: 500, match }))).toMatch(
      /match\.fields.*no place in a body/,
    )
  },
)

test.each([
  '/.*.*.*.*.*.*=$/',
  '/(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)=/',
  `/${'a?'.repeat(60)}${'a'.repeat(60)}=/`,
  `/${'(a|)'.repeat(25)}${'a'.repeat(25)}=/`,
  `/${'a{0,1}'.repeat(11)}a=/`,
  '/(?=(a*))\\1*=/',
  '/a*a*a*a*a*a*=/i',
  '/(a*)(a*)(a*)(a*)(a*)(a*)=/',
])('a pattern that could take for ever does not: %s', async (pattern) => {
  const own = await createSandbox()
  const refused = () => add(own, { status: 500, match: { fields: { email: pattern } } })
  try {
    refused()
  } catch (error) {
    expect(String(error)).toContain('match.fields.email')
    return
  }
  const fields = { email: `${'a'.repeat(1900)}@example.test` }
  const spent = await spentOn(async () => {
    expect((await ask(own, cryptlex, { fields })).status).toBe(201)
  })
  expect(spent).toBeLessThan(3000)
})

test('patterns as people write them match', async () => {
  const own = await createSandbox()
  for (const [pattern, email] of [
    ['/^ada@/i', 'Ada@example.test'],
    ['/^[a-z]+\\.[a-z]+@(example|other)\\.test$/', 'ada.byron@example.test'],
    ['/^.+[+]vip.*@.*\\.test$/', 'ada+vip1@example.test'],
    ['/^(ada|grace|alan|edsger)[0-9]{1,3}@/', 'grace12@example.test'],
  ] as const) {
    const { id } = add(own, { status: 409, match: { fields: { email: pattern } } })
    const heard = await ask(own, cryptlex, { fields: { email } })
    expect([heard.status, heard.headers['standin-fault']]).toEqual([409, id])
    own.sandbox.faults.remove(id)
  }
})

test.each([
  { reason: 'internal' },
  { status: 500, times: 2, skip: 1 },
  { reason: 'token.expired', after: 'validation' },
  { status: 400, fields: ['firstName', 'lastName:maxLength'] },
  { connection: 'cut', cutAfter: 5, probability: 0.5 },
  { status: 429, retryAfter: 3, expiresIn: '5m' },
  { delay: '1s..3s', words: 'gateway-json', status: 503 },
  { status: 200, words: 'login-page' },
  { status: 500, sequence: ['fail', 'pass', '503'], repeat: true },
  { outcome: 'created-later', later: '2s' },
])('the short form that is shown of %j says the same', async (definition) => {
  const caller = createCaller(await createSandbox())
  const { fault } = (await caller.post('/_standin/faults', definition)).json<{ fault: string }>()
  const again = await caller.post('/_standin/faults', { fault })
  expect(again.json(), fault).toMatchObject({ definition, fault })
})

test.each([
  ['mykaarma', { credential: 'partner' }],
  ['mykaarma', { credential: 'partner:partner-secret' }],
  ['cryptlex', { credential: 'standin-token' }],
  ['formsonfire', { credential: { exists: true } }],
  ['cryptlex', { fields: { email: { regex: '^ADA@', ignoreCase: true }, company: '' } }],
  ['cryptlex', { fields: { email: { equals: 'ada@example.test' }, nope: { exists: false } } }],
  ['formsonfire', { fields: { 'Folders[*]': { exists: true } }, query: { debug: true } }],
  ['cryptlex', { headers: { 'X-Trace': { exists: false } }, params: { resellerId: '/^RES/i' } }],
] as const)('at %s, a fault that waits for %j is met', async (api, match) => {
  const own = await createSandbox()
  const caller = createCaller(own)
  add(own, { status: 418, api, match })
  add(own, { status: 419, match: { ...match, headers: { 'X-Other': 'x' } } })
  const sent = creation(api, api === 'cryptlex' ? { company: '' } : {})
  const path =
    api === 'formsonfire' ? `${sent.path}&debug=true`.replace(/^([^?]*)&/, '$1?') : sent.path
  const answer = await caller.send({ ...sent, path })
  expect(answer.status, JSON.stringify(own.sandbox.faults.list()[0]!.nearest)).toBe(418)
})

test('a company in the body is who calls', async () => {
  const own = await createSandbox()
  const { CompanyId } = own.sandbox.credentials['formsonfire']!
  add(own, { status: 418, match: { credential: String(CompanyId) } })
  const caller = createCaller(own)
  expect((await caller.create('formsonfire')).status).toBe(418)
  const expectations = [{ match: { credential: String(CompanyId) }, count: { exactly: 1 } }]
  expect((await caller.post('/_standin/verify', { expectations })).json()).toMatchObject({
    passed: true,
  })
})
