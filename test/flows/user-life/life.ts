import * as fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { expect, onTestFinished } from 'vitest'
import { allUsers, Caller, type Answer, type Api, type Sent } from '../../helpers/caller.ts'
import { repetitions } from '../../helpers/repetitions.ts'
import { createPlainSandbox } from '../../helpers/sandbox.ts'

/** Calls per API. */
export const CALLS = repetitions(400, 10_000)
const LENGTH = 100
/** Calls between two comparisons of the whole state. */
const INTERVAL = 50

export const START = Date.parse('2026-01-15T09:30:00Z')
const DRY_RUN = { 'Standin-Fault': 'not-stored' }

/** A stored user as the admin API must list it. */
export interface Expected {
  readonly id: string
  readonly email: string | undefined
  /** Fields of the stored row. */
  readonly user: Readonly<Record<string, unknown>>
}

/** The users of an API in plain arrays and maps, with the documented rules. */
export interface Model<Call> {
  /** Sends the call, compares the answer with the expected one and changes the model. */
  apply: (call: Call) => Promise<void>
  /** Compares what the vendor's own calls return of all users. */
  compareAll: () => Promise<void>
  /** The users in the order in which they were created. */
  readonly expected: readonly Expected[]
}

/** The users of one API: random calls, and a model of them. */
export interface Life<Call> {
  readonly api: Api
  readonly calls: fc.Arbitrary<Call>
  readonly begin: (sandbox: LifeSandbox) => Model<Call>
}

/** The sandbox of one sequence of calls. */
export class LifeSandbox {
  readonly base: string
  readonly #caller: Caller
  /** Milliseconds since 1970 on the sandbox's clock, which is held. */
  now = START

  constructor(caller: Caller, base: string) {
    this.#caller = caller
    this.base = base
  }

  /** @param dry true: the fault `not-stored` answers as usual and stores nothing */
  send({ path, headers, ...sent }: Sent, dry = false): Promise<Answer> {
    return this.#caller.send({
      ...sent,
      path: `${this.base}${path}`,
      headers: { ...headers, ...(dry ? DRY_RUN : {}) },
    })
  }

  async turnClock(by: number): Promise<void> {
    this.now += by
    const body = { now: new Date(this.now).toISOString(), held: true }
    const answer = await this.send({ method: 'PUT', path: '/_standin/clock', body })
    expect(answer.status, answer.text).toBe(200)
  }

  /** Compares the users that the admin API lists, page by page. */
  async compareAdmin(api: Api, expected: readonly Expected[]): Promise<void> {
    const query = `&api=${api}`
    const users = await allUsers(this.#caller, { base: this.base, query, limit: 10 })
    expectEqual(
      users.map((user) => [user.id, user.email]),
      expected.map((user) => [user.id, user.email]),
    )
    expectEqual(
      users.map(({ user }, i) =>
        Object.fromEntries(Object.keys(expected[i]!.user).map((field) => [field, user[field]])),
      ),
      expected.map(({ user }) => user),
    )
  }
}

/** Applies random sequences of calls, each in a sandbox of its own, and compares after each call. */
export async function compareLife<Call>({ api, calls, begin }: Life<Call>): Promise<void> {
  const server = await createPlainSandbox()
  const caller = new Caller(server)
  onTestFinished(() => caller.close())
  let sequences = 0
  let done = 0
  await fc.assert(
    fc.asyncProperty(
      // A call that is left out makes a failing sequence shorter.
      fc.array(fc.option(calls, { nil: undefined, freq: 50 }), {
        minLength: LENGTH,
        maxLength: LENGTH,
      }),
      async (sequence) => {
        const name = `life-${++sequences}`
        const body = { name, clock: new Date(START).toISOString() }
        expect((await caller.post('/_standin/sandboxes', body)).status).toBe(201)
        const sandbox = new LifeSandbox(caller, `/~${name}`)
        try {
          const model = begin(sandbox)
          for (const [i, call] of sequence.entries()) {
            if (call === undefined) continue
            await model.apply(call)
            done++
            if ((i + 1) % INTERVAL !== 0) continue
            await model.compareAll()
            await sandbox.compareAdmin(api, model.expected)
          }
        } finally {
          await caller.delete(`/_standin/sandboxes/${name}`)
        }
      },
    ),
    // Some more, because sequences leave calls out.
    { numRuns: Math.ceil((CALLS / LENGTH) * 1.05), includeErrorInReport: true },
  )
  expect(done).toBeGreaterThanOrEqual(CALLS)
}

/** Compares values; much faster than `expect` where they are equal. */
export function expectEqual(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

export function expectStatus({ status, text: body }: Answer, expected: number): void {
  if (status !== expected) expect(status, body).toBe(expected)
}

// --- values --------------------------------------------------------------------------------------

const WORDS = ['ada', 'Bea', 'cyd', 'dot', 'eve', 'Fay', 'gus', 'hal', 'ivy', 'jan', 'kay', 'lea']

/** A word in one of two spellings, which are the same name. */
export const word = fc
  .tuple(fc.constantFrom(...WORDS), fc.boolean())
  .map(([text, upper]) => (upper ? text.toUpperCase() : text))

export const email = word.map((name) => `${name}@example.test`)

export const text: fc.Arbitrary<string> = fc.constantFrom(
  'Byron',
  'de la Cruz',
  'Łoś',
  'O’Neil & Sons',
  '<b>',
  '苗',
  'a',
)

/** True for most calls; the others answer and store nothing. */
export const dry = fc.nat({ max: 19 }).map((n) => n === 0)

/** Chooses one of the users so far. */
export const which = fc.nat({ max: 60 })

/** A field that is absent in half of the cases. */
export const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 })

/** Turns of the clock, backwards too. */
export const turn = fc.record({
  do: fc.constant('turn' as const),
  by: fc.integer({ min: -3000, max: 5000 }),
})

/** The fields that are present, as JSON has them. */
export function present<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}

/** Equality of names, as all three APIs compare those that are unique. */
export const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
