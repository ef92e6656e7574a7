import { describe, expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { createSandbox, type Settings, type TestSandbox } from '../../helpers/sandbox.ts'
import { casesAt, STATUSES, type Case } from './cases.ts'
import {
  addressOf,
  sendRaw,
  forEachConcurrently,
  isWhole,
  NAMES,
  faultOf,
  usersNamed,
  type RequestOptions,
  type RawAnswer,
} from './kit.ts'

/** A way in which a fault is asked for. */
interface Trigger {
  readonly name: string
  readonly origin: 'header' | 'magic' | 'admin' | 'config' | 'code'
  readonly can?: (fault: string) => boolean
  readonly start?: (door: Endpoint, cases: readonly Case[]) => Settings
  /** Arms it for the user of this name, and says what is sent. */
  readonly arm: (
    server: TestSandbox,
    door: Endpoint,
    fault: string,
    name: string,
  ) => Promise<RequestOptions>
}

const userOf = (at: number) => `user${at}`
const whole = ({ api }: Endpoint, fault: string, name: string) => ({
  fault,
  api,
  match: { fields: { [NAMES[api][0]]: addressOf(name) } },
})

const triggers: readonly Trigger[] = [
  {
    name: 'the header Standin-Fault',
    origin: 'header',
    arm: async (_server, _door, fault, name) =>
      await Promise.resolve({ name, headers: { 'Standin-Fault': fault } }),
  },
  {
    name: 'the header Prefer',
    origin: 'header',
    can: (fault) => STATUSES.includes(Number(fault)),
    arm: async (_server, _door, fault, name) =>
      await Promise.resolve({ name, headers: { Prefer: `code=${fault}` } }),
  },
  {
    name: 'a magic address',
    origin: 'magic',
    arm: async (_server, _door, fault, name) =>
      await Promise.resolve({ name: `${name}+fault.${fault.replaceAll(';', '/')}` }),
  },
  {
    name: 'the admin API',
    origin: 'admin',
    arm: async (server, door, fault, name) => {
      const caller = createCaller(server)
      const armed = await caller.post('/_standin/faults', whole(door, fault, name))
      expect(armed.status, armed.text).toBe(201)
      return { name }
    },
  },
  {
    name: 'an option at the start',
    origin: 'config',
    start: (door, cases) => ({
      faults: cases.map(({ fault }, i) => whole(door, fault, userOf(i))),
    }),
    arm: async (_server, _door, _fault, name) => await Promise.resolve({ name }),
  },
  {
    name: 'code',
    origin: 'code',
    arm: async (server, door, fault, name) => {
      server.sandbox.faults.add(whole(door, fault, name))
      return await Promise.resolve({ name })
    },
  },
]

/** What is to be seen of a fault, in the order in which it is compared. */
function seen(server: TestSandbox, door: Endpoint, heard: RawAnswer, name: string) {
  const rule = faultOf(server, heard)
  const mine = rule ?? server.sandbox.faults.list().find((one) => isFor(one.definition, door, name))
  return {
    status: heard.status,
    end: heard.end,
    whole: isWhole(heard),
    users: usersNamed(server, door, name).length,
    type: heard.headers['content-type'],
    reason: heard.headers['standin-reason'],
    warning: heard.headers['standin-warning']?.includes('code=fault.not-applicable'),
    named: rule !== undefined,
    origin: mine?.origin,
    counts: mine && [mine.eligible, mine.fired],
    breaks: mine && server.sandbox.faults.breaksContract(mine),
  }
}

/** Whether a fault was armed for the user of this name. */
function isFor(
  { match }: { match?: { fields?: Readonly<Record<string, unknown>> } },
  { api }: Endpoint,
  name: string,
): boolean {
  return match?.fields?.[NAMES[api][0]] === addressOf(name)
}

function awaited(door: Endpoint, { expected }: Case, heard: RawAnswer, origin: Trigger['origin']) {
  const { status, end, whole: isAll, users, idle, breaks, reason } = expected
  const own = door.answers === 'xml' ? 'application/xml' : 'application/json; charset=utf-8'
  const isWish = origin === 'header' || origin === 'magic'
  // Who got no head cannot be told which of all the wishes it was.
  // What comes right behind bytes that are unread yet is an end to Node, whatever it is.
  const isMasked = end === 'reset' && heard.end === 'closed' && heard.bytes.length > 0
  const isFound = status !== 0 ? !idle || !isWish : !isWish
  return {
    status,
    end: isMasked ? heard.end : end,
    whole: isAll,
    users,
    type: status === 0 ? undefined : (expected.type ?? own),
    reason: reason ?? heard.headers['standin-reason'],
    warning: idle ?? (status === 0 ? undefined : heard.headers['standin-warning'] && false),
    named: status !== 0 && !idle,
    origin: isFound ? origin : undefined,
    counts: isFound ? [1, idle ? 0 : 1] : undefined,
    breaks: isFound ? breaks : undefined,
  }
}

describe.each(triggers)('$name', ({ origin, can, start, arm }) => {
  test.each(endpoints)('brings about every fault at $name', async (door) => {
    const cases = casesAt(door).filter(({ fault }) => can?.(fault) ?? true)
    const server = await createSandbox({
      clock: Date.UTC(2026, 0, 15),
      ...start?.(door, cases),
    })
    await forEachConcurrently(cases, async (one, i) => {
      const { fault, expected } = one
      const asked = await arm(server, door, fault, userOf(i))
      const hangs = expected.end === 'waiting'
      const heard = await sendRaw(server, door, { ...asked, hangs })
      const name = asked.name ?? ''
      expect({ fault, ...seen(server, door, heard, name) }).toEqual({
        fault,
        ...awaited(door, one, heard, origin),
      })
    })
    const { length } = cases
    expect(length).toBeGreaterThan(50)
    // What nobody was told the name of was counted all the same.
    const fired = server.sandbox.faults.list().reduce((sum, rule) => sum + rule.fired, 0)
    expect(fired).toBe(cases.filter(({ expected }) => !expected.idle).length)
  })
})
