import { expect, test } from 'vitest'
import { withDefaults } from '../../../src/config/config.ts'
import type { FaultDefinition } from '../../../src/core/fault.ts'
import { startServer } from '../../../src/server/server.ts'
import { createCaller } from '../../helpers/caller.ts'
import { endpoints, expectRefusal } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { sendRaw, refusalOf, usersNamed } from './kit.ts'

/** An invalid definition with texts of its refusal: the field, and what is allowed. */
type Row = readonly [given: unknown, ...says: readonly string[]]

/** Invalid short forms, which headers and addresses can hold too. */
const short: readonly Row[] = [
  ['nonsense', '"nonsense"', 'token.expired', 'reset', 'times'],
  ['50', '"50"', 'not a status', 'such as 500'],
  ['5000', '"5000"', 'not a status'],
  ['100', '"100"', 'not a status'],
  ['600', '"600"', 'not a status'],
  ['200', 'status', '300 to 599'],
  ['204', 'status', '300 to 599'],
  ['status=abc', 'status', 'integer'],
  ['status=99', 'status', 'least 200'],
  ['status=600', 'status', 'most 599'],
  ['status=403.5', 'status', 'integer'],
  ['no.such', 'reason', 'credentials.missing', 'user.duplicate'],
  ['reason=nope', 'reason', 'user.duplicate'],
  ['500;reason=', 'reason', 'least 1'],
  ['delay=soon', 'delay', '2s', 'forever'],
  ['delay=-1s', 'delay', '2s'],
  ['delay=1d', 'delay', '2s'],
  ['delay=2h', 'delay', 'most 1h'],
  ['delay=3s..1s', 'delay', 'shorter'],
  ['delay=3s~1s', 'delay', 'shorter'],
  ['delay=', 'delay', '2s'],
  ['slow=all', 'slow', 'headers', 'body'],
  ['bytes=5', 'bytes', 'slow'],
  ['interval=5ms', 'interval', 'slow'],
  ['slow-body;bytes=0', 'bytes', 'least 1'],
  ['slow-body;bytes=65537', 'bytes', 'most 65536'],
  ['slow-body;interval=x', 'interval', '5m'],
  ['slow-body;interval=2h', 'interval', 'most 1h'],
  ['connection=drop', 'connection', 'reset', 'close-after'],
  ['cut=many', 'cutAfter', 'integer'],
  ['cut=-1', 'cutAfter', 'least 0'],
  ['reset;cut-after=5', 'cutAfter', 'cut'],
  ['body=garbage', 'body', 'truncated', 'xml-cdata'],
  ['502;truncated', 'truncated', 'words vendor'],
  ['outcome=lost', 'outcome', 'not-stored', 'created-later'],
  ['500;later=5s', 'later', 'created-later'],
  ['created-later;later=soon', 'later', '5m'],
  ['created-later;after=commit', 'created-later', 'validation'],
  ['commit-not-stored', 'not-stored', 'validation'],
  ['words=proxy', 'words', 'vendor', 'gateway-json', 'login-page'],
  ['gateway', 'gateway', 'status'],
  ['vendor', 'vendor', 'status'],
  ['login-page;words=vendor', 'words', 'one'],
  ['fields=email', 'fields', 'status', 'reason'],
  ['400;fields=', 'fields', 'firstName:maxLength'],
  ['400;fields=a!b', 'fields[0]', 'firstName:maxLength'],
  ['400;fields=email,a:', 'fields[1]', 'firstName:maxLength'],
  ['retry-after=3', 'retryAfter', 'status'],
  ['429;retry-after=-1', 'retryAfter', 'least 0'],
  ['429;retry-after=86401', 'retryAfter', 'most 86400'],
  ['location=there', 'location', 'status'],
  ['404;location=there', 'location', '300 to 399'],
  ['after=later', 'after', 'route', 'commit'],
  ['after=commit', 'status', 'delay', 'outcome'],
  ['times=2', 'status', 'fault', 'short form'],
  ['500;times=0', 'times', 'least 1'],
  ['500;times=1000001', 'times', 'most 1000000'],
  ['500;times=two', 'times', 'integer'],
  ['500;times=', 'times', 'integer'],
  ['500;times', '"times"', 'name=value'],
  ['500;skip=-1', 'skip', 'least 0'],
  ['500;every=0', 'every', 'least 1'],
  ['500;probability=2', 'probability', 'most 1'],
  ['500;probability=-0.1', 'probability', 'least 0'],
  ['500;probability=half', 'probability', 'number'],
  ['500;sequence=fail,nope', 'sequence[1]', '"nope"', 'reset'],
  ['500;repeat=true', 'repeat', 'sequence'],
  ['500;repeat=often', 'repeat', 'boolean'],
  ['500;from=noon', 'from', 'date-time'],
  ['500;until=2026-02-30T00:00:00Z', 'until', 'date-time'],
  ['500;expires-in=never', 'expiresIn', '5m'],
  ['500;api=okta', 'api', 'mykaarma', 'cryptlex', 'formsonfire'],
  ['500;operation=createEverything', 'operation', 'create'],
  ['500;match=all', 'match', 'object'],
  ['500;fault=500', '"fault=500"', 'name=value'],
  ['500;tries=3', '"tries=3"', 'times', 'skip'],
  ['500;Times=3', '"Times=3"', 'times'],
  [';', '";"', 'a status'],
  ['commit-', '"commit-"', 'commit-'],
  ['500;401', 'status', 'twice'],
]

/** Invalid objects, which headers and addresses cannot hold. */
const whole: readonly Row[] = [
  [{}, 'status', 'outcome', 'short form'],
  [{ note: 'x' }, 'status'],
  [{ fault: '' }, 'fault', 'least 1'],
  [{ fault: 'x'.repeat(501) }, 'fault', 'most 500'],
  [{ fault: 500 }, 'fault', 'string'],
  [{ status: '500' }, 'status', 'integer'],
  [{ status: 500, note: 'x'.repeat(501) }, 'note', 'most 500'],
  [{ status: 500, time: 3 }, 'time', 'times', 'did you mean times?'],
  [{ status: 500, api: ['cryptlex'] }, 'api', 'string'],
  [{ status: 400, fields: 'email' }, 'fields', 'array'],
  [{ status: 400, fields: [] }, 'fields', 'minItems'],
  [{ status: 400, fields: [1] }, 'fields[0]', 'string'],
  [{ status: 302, location: 'a b' }, 'location', 'without spaces'],
  [{ status: 302, location: 'a\r\nX: y' }, 'location', 'without spaces'],
  [{ status: 500, sequence: [] }, 'sequence', 'minItems'],
  [{ status: 500, sequence: ['commit-500'] }, 'sequence[0]', 'after'],
  [{ status: 500, match: { header: {} } }, 'match.header', 'headers', 'did you mean headers?'],
  [{ status: 500, match: [] }, 'match', 'object'],
  [{ status: 500, match: { headers: { 'X-A': null } } }, 'match.headers.X-A', 'string'],
  [{ status: 500, match: { fields: { email: ['a'] } } }, 'match.fields.email', 'string'],
  [{ status: 500, match: { fields: { email: '/(/' } } }, 'match.fields.email', 'well-formed'],
  [{ status: 500, match: { fields: { email: '/(?=a)/' } } }, 'match.fields.email', 'lookaround'],
  [{ status: 500, match: { query: { a: `/${'x'.repeat(257)}/` } } }, 'match.query.a', '256'],
  [{ status: 500, match: { fields: { 'a[b]': 'x' } } }, 'match.fields.a[b]', 'is not a field path'],
  [{ status: 500, match: { fields: { '': 'x' } } }, 'match.fields', 'is not a field path'],
  [{ status: 500, match: { fields: { email: { like: 'a' } } } }, 'match.fields.email', 'like'],
  [{ status: 500, match: { fields: { email: {} } } }, 'match.fields.email', 'minProperties'],
  [
    { status: 500, match: { fields: { email: { exists: true, ignoreCase: true } } } },
    'match.fields.email',
    'needs regex beside it',
  ],
  [{ status: 500, match: { fields: { password: '/^a/' } } }, 'match.fields.password', 'a secret'],
  [{ status: 500, match: { credential: '/^a/' } }, 'match.credential', 'a secret'],
  [{ status: 500, match: { credential: '' } }, 'match.credential', 'least 1'],
  [{ status: 500, operation: 'createUser', api: 'cryptlex' }, 'operation', 'createResellerUser'],
  [{ reason: 'token.expired', api: 'mykaarma' }, 'reason', 'credentials.missing'],
  [
    { reason: 'token.expired', sequence: ['fail', 'key.wrong'] },
    'token.expired, key.wrong',
    'no API',
  ],
  [[], 'body', 'object'],
  [null, 'body', 'object'],
  [7, 'body', 'object'],
]

test('the table is long enough', () => {
  expect(short.length + whole.length).toBeGreaterThan(100)
})

test.each([...short, ...whole])(
  '%j is refused in code and by the admin API',
  async (given, ...says) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const message = refusalOf(() => server.sandbox.faults.add(given))
    for (const words of says) expect(message).toContain(words)
    const body = typeof given === 'string' ? { fault: given } : given
    for (const answer of [
      await caller.post('/_standin/faults', JSON.stringify(body)),
      await caller.put('/_standin/faults/mine', JSON.stringify(body)),
      await caller.put('/_standin/faults', { faults: [{ status: 500 }, body] }),
    ]) {
      expect([answer.status, answer.reason]).toEqual([
        400,
        expect.stringMatching(/^(fault|body)\.invalid$/),
      ])
      for (const words of says) {
        if (words !== 'body') expect(answer.json()['detail']).toContain(words)
      }
    }
    expect((await caller.get('/_standin/faults')).json()).toEqual({ faults: [] })
    expect((await caller.create('cryptlex')).status).toBe(201)
  },
)

test.each([
  ['rest', 'reset'],
  ['Truncted', 'truncated'],
  ['dealy=2s', 'delay=2s'],
  ['500;tmies=2', 'times=2'],
  ['comit-500', 'commit-500'],
  ['5oo', '500'],
  ['5O3;times=2', '503'],
  ['commit-5oo', '500'],
  ['503x', '503'],
  [{ status: 500, api: 'mykarma' }, 'mykaarma'],
  ['commti-reset', 'commit-reset'],
  ['commit-rest', 'reset'],
  ['tokn.expired', 'token.expired'],
  [{ statuss: 500 }, 'status'],
  [{ status: 500, match: { header: {} } }, 'headers'],
  [{ status: 500, operation: 'createReselerUser' }, 'createResellerUser'],
])('%j is refused with the suggestion %s', async (given, meant) => {
  const server = await createSandbox()
  const message = refusalOf(() => server.sandbox.faults.add(given))
  expect(message).toContain(`; did you mean ${meant}?`)
  expect(message.length).toBeLessThan(120)
  const body = typeof given === 'string' ? { fault: given } : given
  const answer = await createCaller(server).post('/_standin/faults', JSON.stringify(body))
  expect(answer.json()['detail']).toContain(`; did you mean ${meant}?`)
})

test.each(['nonsense', '50', '500;Times', 'no.such'])(
  '%j is refused without a suggestion',
  async (given) => {
    const { sandbox } = await createSandbox()
    expect(refusalOf(() => sandbox.faults.add(given))).not.toContain('did you mean')
  },
)

test('an invalid startup fault stops the start and is named by its position', async () => {
  for (const [given, ...says] of [...short, ...whole]) {
    const faults = [given as FaultDefinition]
    const starting = startServer(withDefaults({ port: 0, memory: true, faults }))
    const message = await starting.then(
      async (server) => {
        await server.close()
        return `${JSON.stringify(given)} was taken`
      },
      (error: unknown) => String(error),
    )
    for (const words of says) expect(message).toContain(words)
    expect(message).toMatch(/--faults/)
    expect(message).not.toContain('\n')
  }
})

test.each(endpoints)(
  'a request at $name with an invalid fault is refused with the reason',
  async (endpoint) => {
    const server = await createSandbox()
    for (const [i, [given, ...says]] of short.entries()) {
      const fault = String(given)
      const name = `u${i}`
      const magic = `${name}+fault.${fault.replaceAll(';', '/')}`
      const asked = [{ name, headers: { 'Standin-Fault': fault } }, { name: magic }]
      // The message lists the names of this API only.
      const own = says.filter((words) => !/^[a-z]+\.[a-z-]+$/.test(words))
      for (const one of asked) {
        const { status, headers, body } = await sendRaw(server, endpoint, one)
        expectRefusal(endpoint, { status, headers, text: String(body) }, 400, 'fault.invalid')
        const text = String(body).replaceAll(/&quot;|\\"/g, '"')
        for (const words of own) expect(text).toContain(words)
        expect(headers['standin-fault']).toBeUndefined()
        expect(usersNamed(server, endpoint, one.name)).toEqual([])
      }
    }
    expect(server.sandbox.faults.list()).toEqual([])
  },
)

test.each(['', ' ', '500, 401', 'x'.repeat(8000), '\u00e9', '500;\ttimes=x', '<script>', '"'])(
  'the header %j is refused with the reason',
  async (fault) => {
    const server = await createSandbox()
    for (const endpoint of endpoints) {
      const answer = await sendRaw(server, endpoint, { headers: { 'Standin-Fault': fault } })
      const { status, headers, body } = answer
      expectRefusal(endpoint, { status, headers, text: String(body) }, 400, 'fault.invalid')
      expect(body.length).toBeLessThan(3000)
    }
  },
)
