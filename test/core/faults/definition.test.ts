import { expect, test } from 'vitest'
import {
  BODY_FAULTS,
  CONNECTIONS,
  DELIVERY_FAULT_KINDS,
  OUTCOMES,
  WORDINGS,
} from '../../../src/core/fault.ts'
import { FAULT_STAGES } from '../../../src/core/stages.ts'
import { adminContract } from '../../../src/apis/contracts.ts'
import { createCaller, creation } from '../../helpers/caller.ts'
import { endpoints } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { spentOn } from '../../helpers/time.ts'
import { arm, sendRaw, cryptlex, refusalOf } from './kit.ts'

test.each(['constructor', '__proto__', '500;constructor', '500;__proto__', 'valueof'])(
  'an inherited property name, %s, is not a word of the short form',
  async (fault) => {
    const server = await createSandbox()
    expect(refusalOf(() => arm(server, fault))).toContain('is not a part of a fault')
    expect(server.sandbox.faults.list()).toEqual([])
  },
)
test.each(['99', '5000'])(
  'a number that is not a status, %s, is refused with the allowed ones',
  async (fault) => {
    const server = await createSandbox()
    expect(refusalOf(() => arm(server, fault))).toBe(
      `"${fault}" is not a status of a fault; allowed: 300 to 599, such as 500`,
    )
  },
)
test.each(['headers', 'params', 'query', 'fields'])(
  'a match of %s on an inherited property name does not match',
  async (part) => {
    const server = await createSandbox()
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const entries = Object.fromEntries([[name, 'x']])
      arm(server, { status: 500, match: { [part]: entries } })
    }
    for (const endpoint of endpoints) {
      expect((await sendRaw(server, endpoint, { name: endpoint.answers })).status).toBe(
        endpoint.created,
      )
    }
    for (const { fired, nearestMiss } of server.sandbox.faults.list()) {
      expect([fired, nearestMiss?.why]).toEqual([0, expect.stringContaining('is absent')])
    }
    expect(server.logged).toEqual([])
  },
)

test('a fault whose expiry is beyond the last date can be armed and listed', async () => {
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
])('an interval longer than an hour is refused: %j', async (fault) => {
  const server = await createSandbox()
  expect(refusalOf(() => arm(server, fault))).toContain('interval must be at most 1h')
})

test.each(['500;times=2', '500;skip=1', '500;api=cryptlex', '500;from=2026-01-15T09:30:00Z'])(
  'a step of a sequence cannot have a field of the whole fault: %s',
  async (step) => {
    const server = await createSandbox()
    expect(refusalOf(() => arm(server, { status: 500, sequence: [step] }))).toMatch(/sequence\[0\]/)
  },
)

test.each([
  [{ status: 500, sequence: ['fail', 'cut'] }, true],
  [{ fault: 'cut', sequence: ['500', 'pass'] }, false],
  [{ status: 500, api: 'cryptlex', sequence: ['pass', '418'] }, true],
  [{ status: 500, sequence: ['fail', '401'] }, false],
])('a sequence breaks the contract where one of its steps does: %j', async (given, breaks) => {
  const server = await createSandbox()
  const { faults } = server.sandbox
  expect(faults.breaksContract(arm(server, given))).toBe(breaks)
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
])('%s is refused, since one of its parts would have no effect', async (fault, field) => {
  const server = await createSandbox()
  expect(refusalOf(() => arm(server, fault))).toContain(field)
  expect(server.sandbox.faults.list()).toEqual([])
})

test.each(['$..email', 'Folders[', 'a[b]', 'a..b', '[?(@.x)]', '', 'a['])(
  'a malformed field path, %s, is refused',
  async (path) => {
    const server = await createSandbox()
    const match = { fields: { [path]: 'x' } }
    expect(refusalOf(() => arm(server, { status: 500, match }))).toMatch(
      /match\.fields.*is not a field path/,
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
])(
  'an expression with catastrophic backtracking ends in time or is refused: %s',
  async (pattern) => {
    const server = await createSandbox()
    const refused = () => arm(server, { status: 500, match: { fields: { email: pattern } } })
    try {
      refused()
    } catch (error) {
      expect(String(error)).toContain('match.fields.email')
      return
    }
    const fields = { email: `${'a'.repeat(1900)}@example.test` }
    const spent = await spentOn(async () => {
      expect((await sendRaw(server, cryptlex, { fields })).status).toBe(201)
    })
    expect(spent).toBeLessThan(3000)
  },
)

test('common regular expressions match', async () => {
  const server = await createSandbox()
  for (const [pattern, email] of [
    ['/^ada@/i', 'Ada@example.test'],
    ['/^[a-z]+\\.[a-z]+@(example|other)\\.test$/', 'ada.byron@example.test'],
    ['/^.+[+]vip.*@.*\\.test$/', 'ada+vip1@example.test'],
    ['/^(ada|grace|alan|edsger)[0-9]{1,3}@/', 'grace12@example.test'],
  ] as const) {
    const { id } = arm(server, { status: 409, match: { fields: { email: pattern } } })
    const answer = await sendRaw(server, cryptlex, { fields: { email } })
    expect([answer.status, answer.headers['standin-fault']]).toEqual([409, id])
    server.sandbox.faults.remove(id)
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
])('the short form that is listed for %j arms the same fault', async (definition) => {
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
] as const)('at %s a fault that matches %j fires', async (api, match) => {
  const server = await createSandbox()
  const caller = createCaller(server)
  arm(server, { status: 418, api, match })
  arm(server, { status: 419, match: { ...match, headers: { 'X-Other': 'x' } } })
  const sent = creation(api, api === 'cryptlex' ? { company: '' } : {})
  const path =
    api === 'formsonfire' ? `${sent.path}&debug=true`.replace(/^([^?]*)&/, '$1?') : sent.path
  const answer = await caller.send({ ...sent, path })
  expect(answer.status, JSON.stringify(server.sandbox.faults.list()[0]!.nearestMiss)).toBe(418)
})

test('a company in the body counts as the credential', async () => {
  const server = await createSandbox()
  const { CompanyId } = server.sandbox.credentials['formsonfire']!
  arm(server, { status: 418, match: { credential: String(CompanyId) } })
  const caller = createCaller(server)
  expect((await caller.create('formsonfire')).status).toBe(418)
  const expectations = [{ match: { credential: String(CompanyId) }, count: { exactly: 1 } }]
  expect((await caller.post('/_standin/verify', { expectations })).json()).toMatchObject({
    passed: true,
  })
})

test('a fault matches the body of a request with Expect: 100-continue', async () => {
  const server = await createSandbox()
  arm(server, { status: 409, match: { fields: { email: 'ada@example.test' } } })
  const answer = await sendRaw(server, cryptlex, {
    name: 'ada',
    headers: { Expect: '100-continue' },
  })
  expect(String(answer.bytes)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 409 /)
})

test('the contract lists the same kinds of faults as the code', () => {
  const contract = adminContract()
  const { properties = {} } = contract.component('NewFault')
  const enumOf = (name: string) => properties[name]?.['enum']
  expect(enumOf('body')).toEqual(BODY_FAULTS)
  expect(enumOf('connection')).toEqual(CONNECTIONS)
  expect(enumOf('outcome')).toEqual(OUTCOMES)
  expect(enumOf('words')).toEqual(WORDINGS)
  expect(enumOf('webhook')).toEqual(DELIVERY_FAULT_KINDS)
  expect(enumOf('after')).toEqual(FAULT_STAGES)
})
