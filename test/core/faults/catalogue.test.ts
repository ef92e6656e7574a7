import { describe, expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { entryPoints, type EntryPoint } from '../../helpers/raw-requests.ts'
import { createSandbox, type Settings, type TestSandbox } from '../../helpers/sandbox.ts'
import { casesAt, STATUSES, type Case } from './cases.ts'
import {
  addressOf,
  ask,
  each,
  isWhole,
  NAMES,
  ruleOf,
  usersNamed,
  type Asked,
  type Heard,
} from './kit.ts'

/** A way in which a fault is asked for. */
interface Trigger {
  readonly name: string
  readonly origin: 'header' | 'magic' | 'admin' | 'config' | 'code'
  readonly can?: (fault: string) => boolean
  readonly start?: (entryPoint: EntryPoint, cases: readonly Case[]) => Settings
  /** Arms it for the user of this name, and says what is sent. */
  readonly arm: (
    server: TestSandbox,
    entryPoint: EntryPoint,
    fault: string,
    name: string,
  ) => Promise<Asked>
}

const userOf = (at: number) => `user${at}`
const whole = ({ api }: EntryPoint, fault: string, name: string) => ({
  fault,
  api,
  match: { fields: { [NAMES[api][0]]: addressOf(name) } },
})

const triggers: readonly Trigger[] = [
  {
    name: 'the header Standin-Fault',
    origin: 'header',
    arm: async (_server, _entryPoint, fault, name) =>
      await Promise.resolve({ name, headers: { 'Standin-Fault': fault } }),
  },
  {
    name: 'the header Prefer',
    origin: 'header',
    can: (fault) => STATUSES.includes(Number(fault)),
    arm: async (_server, _entryPoint, fault, name) =>
      await Promise.resolve({ name, headers: { Prefer: `code=${fault}` } }),
  },
  {
    name: 'a magic address',
    origin: 'magic',
    arm: async (_server, _entryPoint, fault, name) =>
      await Promise.resolve({ name: `${name}+fault.${fault.replaceAll(';', '/')}` }),
  },
  {
    name: 'the admin API',
    origin: 'admin',
    arm: async (server, entryPoint, fault, name) => {
      const caller = createCaller(server)
      const armed = await caller.post('/_standin/faults', whole(entryPoint, fault, name))
      expect(armed.status, armed.text).toBe(201)
      return { name }
    },
  },
  {
    name: 'an option at the start',
    origin: 'config',
    start: (entryPoint, cases) => ({
      faults: cases.map(({ fault }, i) => whole(entryPoint, fault, userOf(i))),
    }),
    arm: async (_server, _entryPoint, _fault, name) => await Promise.resolve({ name }),
  },
  {
    name: 'code',
    origin: 'code',
    arm: async (server, entryPoint, fault, name) => {
      server.sandbox.faults.add(whole(entryPoint, fault, name))
      return await Promise.resolve({ name })
    },
  },
]

/** What is to be seen of a fault, in the order in which it is compared. */
function seen(server: TestSandbox, entryPoint: EntryPoint, heard: Heard, name: string) {
  const rule = ruleOf(server, heard)
  const mine =
    rule ?? server.sandbox.faults.list().find((one) => isFor(one.definition, entryPoint, name))
  return {
    status: heard.status,
    end: heard.end,
    whole: isWhole(heard),
    users: usersNamed(server, entryPoint, name).length,
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
  { api }: EntryPoint,
  name: string,
): boolean {
  return match?.fields?.[NAMES[api][0]] === addressOf(name)
}

function awaited(
  entryPoint: EntryPoint,
  { expected }: Case,
  heard: Heard,
  origin: Trigger['origin'],
) {
  const { status, end, whole: isAll, users, idle, breaks, reason } = expected
  const own = entryPoint.answers === 'xml' ? 'application/xml' : 'application/json; charset=utf-8'
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
  test.each(entryPoints)('brings about every fault at $name', async (entryPoint) => {
    const cases = casesAt(entryPoint).filter(({ fault }) => can?.(fault) ?? true)
    const server = await createSandbox({
      clock: Date.UTC(2026, 0, 15),
      ...start?.(entryPoint, cases),
    })
    await each(cases, async (one, i) => {
      const { fault, expected } = one
      const asked = await arm(server, entryPoint, fault, userOf(i))
      const hangs = expected.end === 'waiting'
      const heard = await ask(server, entryPoint, { ...asked, hangs })
      const name = asked.name ?? ''
      expect({ fault, ...seen(server, entryPoint, heard, name) }).toEqual({
        fault,
        ...awaited(entryPoint, one, heard, origin),
      })
    })
    const { length } = cases
    expect(length).toBeGreaterThan(50)
    // What nobody was told the name of was counted all the same.
    const fired = server.sandbox.faults.list().reduce((sum, rule) => sum + rule.fired, 0)
    expect(fired).toBe(cases.filter(({ expected }) => !expected.idle).length)
  })
})
