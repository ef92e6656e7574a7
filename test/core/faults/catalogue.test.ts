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

/** A way to request or arm a fault. */
interface Trigger {
  readonly name: string
  readonly origin: 'header' | 'magic' | 'admin' | 'config' | 'code'
  readonly can?: (fault: string) => boolean
  readonly start?: (endpoint: Endpoint, cases: readonly Case[]) => Settings
  /** Arms the fault for the user of this name and returns the request to send. */
  readonly arm: (
    server: TestSandbox,
    endpoint: Endpoint,
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
    arm: async (_server, _endpoint, fault, name) =>
      await Promise.resolve({ name, headers: { 'Standin-Fault': fault } }),
  },
  {
    name: 'the header Prefer',
    origin: 'header',
    can: (fault) => STATUSES.includes(Number(fault)),
    arm: async (_server, _endpoint, fault, name) =>
      await Promise.resolve({ name, headers: { Prefer: `code=${fault}` } }),
  },
  {
    name: 'a magic address',
    origin: 'magic',
    arm: async (_server, _endpoint, fault, name) =>
      await Promise.resolve({ name: `${name}+fault.${fault.replaceAll(';', '/')}` }),
  },
  {
    name: 'the admin API',
    origin: 'admin',
    arm: async (server, endpoint, fault, name) => {
      const caller = createCaller(server)
      const armed = await caller.post('/_standin/faults', whole(endpoint, fault, name))
      expect(armed.status, armed.text).toBe(201)
      return { name }
    },
  },
  {
    name: 'an option at the start',
    origin: 'config',
    start: (endpoint, cases) => ({
      faults: cases.map(({ fault }, i) => whole(endpoint, fault, userOf(i))),
    }),
    arm: async (_server, _endpoint, _fault, name) => await Promise.resolve({ name }),
  },
  {
    name: 'code',
    origin: 'code',
    arm: async (server, endpoint, fault, name) => {
      server.sandbox.faults.add(whole(endpoint, fault, name))
      return await Promise.resolve({ name })
    },
  },
]

/** The observed result of a fault, in the order of comparison. */
function seen(server: TestSandbox, endpoint: Endpoint, answer: RawAnswer, name: string) {
  const armed = faultOf(server, answer)
  const mine =
    armed ?? server.sandbox.faults.list().find((one) => isFor(one.definition, endpoint, name))
  return {
    status: answer.status,
    end: answer.end,
    whole: isWhole(answer),
    users: usersNamed(server, endpoint, name).length,
    type: answer.headers['content-type'],
    reason: answer.headers['standin-reason'],
    warning: answer.headers['standin-warning']?.includes('code=fault.not-applicable'),
    named: armed !== undefined,
    origin: mine?.origin,
    counts: mine && [mine.eligible, mine.fired],
    breaks: mine && server.sandbox.faults.breaksContract(mine),
  }
}

/** True if a fault was armed for the user of this name. */
function isFor(
  { match }: { match?: { fields?: Readonly<Record<string, unknown>> } },
  { api }: Endpoint,
  name: string,
): boolean {
  return match?.fields?.[NAMES[api][0]] === addressOf(name)
}

function awaited(
  endpoint: Endpoint,
  { expected }: Case,
  answer: RawAnswer,
  origin: Trigger['origin'],
) {
  const { status, end, whole: isAll, users, idle, breaks, reason } = expected
  const own = endpoint.answers === 'xml' ? 'application/xml' : 'application/json; charset=utf-8'
  const isWish = origin === 'header' || origin === 'magic'
  // An answer without a head does not name its fault.
  // Node reports a reset as an orderly end while bytes before it are unread.
  const isMasked = end === 'reset' && answer.end === 'closed' && answer.bytes.length > 0
  const isFound = status !== 0 ? !idle || !isWish : !isWish
  return {
    status,
    end: isMasked ? answer.end : end,
    whole: isAll,
    users,
    type: status === 0 ? undefined : (expected.type ?? own),
    reason: reason ?? answer.headers['standin-reason'],
    warning: idle ?? (status === 0 ? undefined : answer.headers['standin-warning'] && false),
    named: status !== 0 && !idle,
    origin: isFound ? origin : undefined,
    counts: isFound ? [1, idle ? 0 : 1] : undefined,
    breaks: isFound ? breaks : undefined,
  }
}

describe.each(triggers)('$name', ({ origin, can, start, arm }) => {
  test.each(endpoints)('fires every fault at $name', async (endpoint) => {
    const cases = casesAt(endpoint).filter(({ fault }) => can?.(fault) ?? true)
    const server = await createSandbox({
      clock: Date.UTC(2026, 0, 15),
      ...start?.(endpoint, cases),
    })
    await forEachConcurrently(cases, async (one, i) => {
      const { fault, expected } = one
      const asked = await arm(server, endpoint, fault, userOf(i))
      const hangs = expected.end === 'waiting'
      const answer = await sendRaw(server, endpoint, { ...asked, hangs })
      const name = asked.name ?? ''
      expect({ fault, ...seen(server, endpoint, answer, name) }).toEqual({
        fault,
        ...awaited(endpoint, one, answer, origin),
      })
    })
    const { length } = cases
    expect(length).toBeGreaterThan(50)
    // Faults that no answer names are counted all the same.
    const fired = server.sandbox.faults.list().reduce((sum, one) => sum + one.fired, 0)
    expect(fired).toBe(cases.filter(({ expected }) => !expected.idle).length)
  })
})
