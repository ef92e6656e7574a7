import { expect, onTestFinished, test, vi } from 'vitest'
import { APIS, createCaller, creation, named, type Caller } from '../helpers/caller.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'
import { mintToken } from '../../src/apis/cryptlex/mint-token.ts'

interface ClockState {
  readonly now: string
  readonly held: boolean
}

const clock = async (caller: Caller, base = '') =>
  (await caller.get(`${base}/_standin/clock`)).json<ClockState>()

const NOON = '2030-06-01T12:00:00.000Z'

function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

test('a clock follows real time until it is held, and continues from there when it is released', async () => {
  fakeTime()
  const caller = createCaller(await createSandbox())
  const start = Date.now()
  expect(await clock(caller)).toEqual({ now: new Date(start).toISOString(), held: false })
  vi.setSystemTime(start + 5000)
  const held = (await caller.put('/_standin/clock', { held: true })).json()
  expect(held).toEqual({ now: new Date(start + 5000).toISOString(), held: true })
  vi.setSystemTime(start + 60_000)
  expect(await clock(caller)).toEqual(held)
  await caller.put('/_standin/clock', { held: false })
  vi.setSystemTime(start + 61_500)
  expect(await clock(caller)).toEqual({ now: new Date(start + 6500).toISOString(), held: false })
})

test('a running clock keeps running when it is set, and a held one stays held', async () => {
  fakeTime()
  const caller = createCaller(await createSandbox())
  expect((await caller.put('/_standin/clock', { now: NOON })).json()).toEqual({
    now: NOON,
    held: false,
  })
  vi.setSystemTime(Date.now() + 1000)
  expect((await clock(caller)).now).toBe('2030-06-01T12:00:01.000Z')
  await caller.put('/_standin/clock', { held: true })
  await caller.put('/_standin/clock', { now: '2031-01-01T00:00:00+02:00' })
  expect(await clock(caller)).toEqual({ now: '2030-12-31T22:00:00.000Z', held: true })
})

test.each([
  ['250ms', '2030-06-01T12:00:00.250Z'],
  ['90s', '2030-06-01T12:01:30.000Z'],
  ['5m', '2030-06-01T12:05:00.000Z'],
  ['36h', '2030-06-03T00:00:00.000Z'],
  ['30d', '2030-07-01T12:00:00.000Z'],
  ['0s', NOON],
])('a clock is advanced by %s', async (by, expected) => {
  const caller = createCaller(await createSandbox({ clock: Date.parse(NOON) }))
  const answer = await caller.post('/_standin/clock/advance', { by })
  expect(answer.json()).toEqual({ now: expected, held: true })
  // All dates in answers follow it.
  expect(answer.header('Date')).toBe(new Date(expected).toUTCString())
  const created = await caller.create('cryptlex')
  expect(created.json<{ createdAt: string }>().createdAt.slice(0, 23)).toBe(expected.slice(0, 23))
})

test.each([
  ['POST', '/advance', { by: '5 minutes' }, /^by must be/],
  ['POST', '/advance', { by: '-5m' }, /^by must be/],
  ['POST', '/advance', {}, /^by is required/],
  ['POST', '/advance', { by: '999999999999d' }, /^999999999999d from now is not between/],
  ['POST', '/advance', { by: '2912000d' }, /from now is not between the years 1970 and 9999/],
  ['PUT', '', {}, /./],
  ['PUT', '', { now: 'noon' }, /^now must be a date-time/],
  ['PUT', '', { now: '2030-02-30' }, /^now must be a date-time/],
  ['PUT', '', { now: '2030-06-01T12:00:00' }, /^now must be a date-time/],
  ['PUT', '', { now: '9999-12-31T23:59:59-01:00' }, /is not between/],
  ['PUT', '', { held: 'yes' }, /^held must be of type boolean/],
] as const)(
  '%s /clock%s refuses %j and leaves the clock unchanged',
  async (method, path, body, detail) => {
    const caller = createCaller(await createSandbox({ clock: Date.parse(NOON) }))
    const answer = await caller.send({ method, path: `/_standin/clock${path}`, body })
    expect(answer.status).toBe(400)
    expect(answer.json<{ detail: string }>().detail).toMatch(detail)
    expect(await clock(caller)).toEqual({ now: NOON, held: true })
    for (const api of APIS) {
      expect((await caller.create(api, named(api, 'ada'))).status).toBeLessThan(300)
    }
  },
)

test.each([true, false])('a kept sandbox’s clock survives a restart, held: %j', async (held) => {
  fakeTime()
  const data = createFolder()
  const server = await createSandbox({ data })
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'a', kept: true })
  for (const base of ['', '/~a']) await caller.put(`${base}/_standin/clock`, { now: NOON, held })
  await server.close()
  vi.setSystemTime(Date.now() + 60_000)
  const next = createCaller(await createSandbox({ data }))
  for (const base of ['', '/~a']) {
    const now = held ? NOON : '2030-06-01T12:01:00.000Z'
    expect(await clock(next, base)).toEqual({ now, held })
  }
  // A reset restores the initial clock.
  await next.post('/~a/_standin/reset')
  expect((await clock(next, '/~a')).held).toBe(false)
})

test('each sandbox has its own clock', async () => {
  const caller = createCaller(await createSandbox({ clock: Date.parse(NOON) }))
  await caller.post('/_standin/sandboxes', { name: 'a' })
  await caller.post('/~a/_standin/clock/advance', { by: '1d' })
  expect((await clock(caller)).now).toBe(NOON)
  expect((await clock(caller, '/~a')).now).toBe('2030-06-02T12:00:00.000Z')
})

test('a token expires by the sandbox’s clock, and is valid again when the clock is set back', async () => {
  const secret = 'a secret of at least thirty-two bytes'
  const server = await createSandbox({ clock: Date.parse(NOON), jwtSecret: secret })
  const caller = createCaller(server)
  const now = Date.parse(NOON) / 1000
  const token = await mintToken(
    { scopes: ['reseller:user:create'], issuedAt: now, expires: now + 3600 },
    secret,
  )
  const create = (name: string) => {
    const headers = { Authorization: `Bearer ${token}` }
    return caller.send({ ...creation('cryptlex', named('cryptlex', name)), headers })
  }
  expect((await create('a')).status).toBe(201)
  await caller.post('/_standin/clock/advance', { by: '59m' })
  expect((await create('b')).status).toBe(201)
  await caller.post('/_standin/clock/advance', { by: '2h' })
  const late = await create('c')
  expect([late.status, late.reason]).toEqual([401, 'token.expired'])
  await caller.put('/_standin/clock', { now: NOON })
  expect((await create('d')).status).toBe(201)
})
