import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { withDefaults, type Config } from '../../src/config/config.ts'
import { logEntryOf, type LogEntry } from '../../src/telemetry/log-entry.ts'
import { LineWriter } from '../../src/telemetry/log-lines.ts'
import { prettyLine } from '../../src/telemetry/pretty-line.ts'
import type { AnsweredCall } from '../../src/core/request/pipeline-context.ts'
import { startServer } from '../../src/server/server.ts'
import { createCaller, creation } from '../helpers/caller.ts'
import { createFolder, CRYPTLEX, FORMSONFIRE, MYKAARMA } from '../helpers/sandbox.ts'

/** Starts a server and collects the lines that it logs. */
async function logging(settings: Partial<Config>) {
  const lines: string[] = []
  const config = withDefaults({ port: 0, memory: true, ...settings })
  const server = await startServer(config, { lines: { write: (line) => lines.push(line) } })
  onTestFinished(server.close)
  return { server, lines, caller: createCaller(server) }
}

const entries = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>)

test('a pretty line shows request, answer and reason', async () => {
  const { lines, caller } = await logging({ log: 'pretty' })
  await caller.post('/_standin/sandboxes', { name: 'checkout' })
  await caller.create('cryptlex', { role: 'astronomer' }, '/~checkout')
  await caller.create('cryptlex', {}, '/~checkout')
  await caller.get('/nope')
  const plain = lines.map((line) =>
    line
      .replace(/^\d\d:\d\d:\d\d\.\d\d\d /, 'TIME ')
      .replace(/ \d+\.\dms/, ' MS')
      .replace(/user [\da-f-]{36}/, 'user ID'),
  )
  expect(plain).toEqual([
    'TIME POST 201 /_standin/sandboxes standin req-1 MS\n',
    `TIME POST 201 /~checkout${CRYPTLEX} cryptlex checkout/req-1 MS user ID 1 webhook warning role.unknown\n`,
    `TIME POST 409 /~checkout${CRYPTLEX} cryptlex checkout/req-2 MS user.duplicate\n`,
    'TIME GET  404 /nope standin req-2 MS route.unknown\n',
  ])
})

test('a JSON line holds the same fields', async () => {
  const { lines, caller } = await logging({ log: 'json' })
  const created = await caller.create('cryptlex')
  await caller.create('cryptlex')
  const said = {
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    sandbox: 'default',
    api: 'cryptlex',
    operation: 'createResellerUser',
    method: 'POST',
    url: CRYPTLEX,
    duration: expect.any(Number) as number,
    faults: [],
    warnings: [],
    msg: 'request',
  }
  const user = created.json()['id']
  expect(entries(lines)).toEqual([
    { ...said, level: 'info', id: 'req-1', status: 201, user, webhooks: 1 },
    { ...said, level: 'warn', id: 'req-2', status: 409, reason: 'user.duplicate', webhooks: 0 },
  ])
})

test.each([
  ['debug', ['/_standin/health', '/_standin/users', '/nope', '/_standin/state']],
  ['info', ['/_standin/users', '/nope', '/_standin/state']],
  ['warn', ['/nope', '/_standin/state']],
  ['error', ['/_standin/state']],
] as const)('--log-level %s logs %j', async (logLevel, expected) => {
  const { server, lines, caller } = await logging({ log: 'json', logLevel })
  vi.spyOn(server.sandbox.store, 'document').mockImplementation(() => {
    throw new Error('a bug of ours')
  })
  for (const path of ['/_standin/health', '/_standin/users', '/nope', '/_standin/state']) {
    await caller.get(path)
  }
  vi.restoreAllMocks()
  const all = entries(lines)
  expect(all.filter(({ msg }) => msg === 'request').map(({ url }) => url)).toEqual(expected)
  // A bug is logged with its stack, as JSON too.
  const bug = all.find(({ msg }) => msg !== 'request')
  expect(bug).toMatchObject({ level: 'error', err: { message: 'a bug of ours' } })
})

test('nothing is logged by default', async () => {
  for (const settings of [{}, { log: 'off' as const }]) {
    const { lines, caller } = await logging(settings)
    await caller.create('cryptlex')
    expect(lines).toEqual([])
  }
})

test('requests rejected before routing are logged too', async () => {
  const { lines, caller } = await logging({ log: 'json' })
  await caller.get('/_standin/users', { Host: 'evil.test' })
  await caller.post('/_standin/reset', undefined, { Origin: 'https://evil.test' })
  expect(entries(lines)).toMatchObject([
    { status: 421, reason: 'host.foreign' },
    { status: 403, reason: 'origin.foreign' },
  ])
})

test.each(['pretty', 'json'] as const)('a %s line shows none of 24 secrets', async (log) => {
  const { lines, caller } = await logging({ log, adminToken: 'planted-00', logLevel: 'debug' })
  let planted = 0
  const secret = () => `planted-${String(++planted).padStart(2, '0')}`
  const jwt = `eyJhbGciOiJIUzI1NiJ9.${btoa(secret())}.${secret()}`
  const basic = (text: string) => `Basic ${btoa(text)}`
  const formsonfire = creation('formsonfire')
  const queries = ['IntegrationKey', 'integrationkey', 'Integration', 'password', 'access_token']
  const more = ['%49ntegrationKey', 'pass', 'q', 'code']
  const requests = [
    { ...creation('mykaarma'), headers: { Authorization: basic(`partner:${secret()}`) } },
    { ...creation('mykaarma'), headers: { Authorization: secret() } },
    { ...creation('cryptlex'), headers: { Authorization: `Bearer ${secret()}` } },
    { ...creation('cryptlex'), headers: { Authorization: `Bearer ${jwt}` } },
    creation('cryptlex', { password: secret() }),
    creation('cryptlex', { passwort: secret() }),
    creation('mykaarma', { password: secret() }),
    { ...creation('cryptlex'), body: `{"password":"${secret()}` },
    { ...formsonfire, body: { CompanyId: 1815, IntegrationKey: secret() } },
    { ...formsonfire, body: `<User><IntegrationKey>${secret()}</IntegrationKey>` },
    ...[...queries, ...more].map((name) => ({
      ...formsonfire,
      path: `${FORMSONFIRE}?CompanyId=1815&${name}=${secret()}`,
    })),
    { method: 'POST', path: `${MYKAARMA}?${secret()}` },
    { method: 'GET', path: `/v3/${jwt}` },
    { method: 'GET', path: `/v3/resellers/${jwt}/users` },
    { method: 'GET', path: `/api/v2/user/0123456789abcdef-${secret()}` },
    { method: 'GET', path: `/api/v2/user:${secret()}@x` },
    { method: 'GET', path: '/_standin/users', headers: { 'Standin-Admin-Token': secret() } },
    { method: 'GET', path: '/_standin/users', headers: { Cookie: `session=${secret()}` } },
  ]
  for (const request of requests) await caller.send(request)
  expect(lines).toHaveLength(requests.length)
  expect(planted).toBeGreaterThanOrEqual(24)
  const text = lines.join('')
  expect(text).not.toMatch(/planted|cGxhbnRlZC|eyJ|partner:/)
  // Hidden values keep their names.
  expect(text).toContain(`${FORMSONFIRE}?CompanyId=…&IntegrationKey=…`)
})

test('control characters are escaped for the terminal', async () => {
  const { lines, caller } = await logging({ log: 'pretty' })
  await caller.create('cryptlex', { '\u001b[31m': 1, '\u009b31m': 1, '\ud83d\ude00\r\n': 1 })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^[\x20-\x7e]+\n$/)
  expect(lines[0]).toContain('warning unknown-field.\\u{1b}[31m unknown-field.\\u{9b}31m')
})

test('a pretty line may be in colour and shows the faults that fired', () => {
  const entry: LogEntry = {
    level: 'error',
    id: 'req-7',
    sandbox: 'default',
    api: 'cryptlex',
    operation: 'createResellerUser',
    method: 'POST',
    url: '/v3',
    status: 503,
    duration: 1.25,
    user: undefined,
    reason: 'fault.armed',
    faults: ['f-1', 'f-2'],
    webhooks: 2,
    warnings: [],
  }
  const now = Date.parse('2026-01-15T09:30:00.123Z')
  expect(prettyLine(entry, now, false)).toBe(
    '09:30:00.123 POST 503 /v3 cryptlex req-7 1.3ms fault.armed 2 webhooks fault f-1 f-2\n',
  )
  expect(prettyLine(entry, now, true)).toContain('\u001b[31m503\u001b[0m')
})

test('a request without an answer is logged with the fault that fired', async () => {
  const { server, lines, caller } = await logging({ log: 'json' })
  server.sandbox.faults.add('commit-reset;times=1')
  await caller.create('cryptlex').catch(() => undefined)
  expect(entries(lines)).toMatchObject([
    {
      level: 'warn',
      status: 0,
      faults: ['fault-1'],
      webhooks: 1,
      user: expect.any(String) as string,
    },
  ])
})

test('only faults that fired are logged, as a warning', async () => {
  const answered: AnsweredCall[] = []
  const { server, caller } = await logging({})
  const context = [...server.sandbox.contexts.values()].find(({ api }) => api.name === 'cryptlex')!
  Object.assign(context, { observe: (one: AnsweredCall) => answered.push(one) })
  await caller.create('cryptlex')
  const [one] = answered
  one!.call.faults = [
    { id: 'f-1', fired: false, why: 'another e-mail' },
    { id: 'f-2', fired: true, why: 'it fits' },
  ]
  expect(logEntryOf(one!)).toMatchObject({ level: 'warn', status: 201, faults: ['f-2'] })
})

test('all lines are written in order before close resolves', async () => {
  const file = join(createFolder(), 'log')
  const fd = openSync(file, 'w')
  const lines = new LineWriter(fd)
  for (let i = 0; i < 20_000; i++) {
    lines.write(`${i}\n`)
    if (i % 5000 === 0) await new Promise(setImmediate)
  }
  await lines.close()
  closeSync(fd)
  const written = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(written).toEqual(Array.from({ length: 20_000 }, (_, i) => String(i)))
})

test('a log that cannot be written stops nothing and uses bounded memory', async () => {
  const lines = new LineWriter(9999)
  const line = `${'x'.repeat(1023)}\n`
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 100_000; i++) lines.write(line)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000)
  await lines.close()
  lines.write(line)
  await lines.close()
})
