import { expect, test } from 'vitest'
import {
  allUsers,
  APIS,
  type Caller,
  createCaller,
  creation,
  named,
  type Answer,
  type Sent,
} from '../helpers/caller.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { createPlainSandbox, fixture } from '../helpers/sandbox.ts'
import { LONG } from '../helpers/time.ts'

const SANDBOXES = 64
/** The number of requests to all sandboxes together. */
const OPERATIONS = repetitions(1600, 32_000)
const PROFILES = [
  'documented',
  'strict',
  'documented,cryptlex=strict',
  'strict,mykaarma=documented',
]

const names = Array.from({ length: SANDBOXES }, (_, i) => `box-${i}`)

const start = () => createPlainSandbox({ clock: Date.parse('2026-01-01T00:00:00Z') })

/** Pseudo-random numbers from a seed (mulberry32): the script of a sandbox depends on its number alone. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** The requests to the sandbox of this number, in order. */
function script(i: number): Sent[] {
  const pick = numbers(i + 1)
  const base = `/~${names[i]!}`
  const one = <T>(list: readonly T[]): T => list[pick(list.length)]!
  const admin = (method: string, path: string, body?: unknown): Sent => ({
    method,
    path: `${base}/_standin${path}`,
    body,
  })
  // Half of the names are used by this sandbox only, half by all sandboxes.
  const name = () => (pick(2) === 0 ? `box-${i}.own-${pick(60)}` : `shared-${pick(60)}`)
  const create = () => {
    const api = one(APIS)
    return creation(api, named(api, name()), base)
  }
  const createInXml = (): Sent => ({
    ...creation('formsonfire', {}, base),
    body: fixture('formsonfire.xml').replaceAll('grace', name()),
    headers: { 'Content-Type': 'application/xml' },
  })
  const bad = (): Sent => {
    const good = creation(one(APIS), {}, base)
    const body = good.body as object
    return one<Sent>([
      { ...good, headers: { Authorization: 'Bearer nonsense' } },
      { ...good, headers: {} },
      { ...good, body: { ...body, IntegrationKey: 'wrong' }, headers: {} },
      { ...good, body: { ...body, firstName: 7, FirstName: 7 } },
      { ...good, body: { ...body, unknown: name() } },
      { ...good, body: '{"firstName": ' },
      { ...good, method: 'PATCH' },
      { ...good, path: `${good.path}/nowhere` },
    ])
  }
  const look = () =>
    one([
      admin('GET', '/users?limit=20'),
      admin('GET', `/users?email=${name()}@example.test`),
      admin('GET', `/users?api=${one(APIS)}&limit=3`),
      admin('GET', '/clock'),
      admin('GET', '/snapshots'),
      admin('GET', '/snapshots/one/diff?with=two'),
      admin('GET', `/sandboxes/${names[i]!}`),
    ])
  const turn = () =>
    one([
      admin('POST', '/clock/advance', { by: `${pick(90)}s` }),
      admin('PUT', '/clock', { now: new Date(1.8e12 + pick(1e9) * 1000).toISOString() }),
      admin('PUT', `/snapshots/${one(['one', 'two'])}`),
      admin('POST', `/snapshots/${one(['one', 'two'])}/restore`),
      admin('DELETE', `/snapshots/two`),
      admin('GET', '/state'),
      admin('POST', '/seed', { users: 3, apis: [one(APIS)] }),
      ...(pick(4) === 0 ? [admin('POST', '/reset')] : []),
    ])
  return Array.from({ length: Math.ceil(OPERATIONS / SANDBOXES) }, () => {
    const n = pick(100)
    return n < 55 ? create() : n < 62 ? createInXml() : n < 77 ? bad() : n < 92 ? look() : turn()
  })
}

/**
 * All data that a client can read, except the time of the sandbox's creation, which is the
 * machine's time.
 */
function seen({ head, text }: Answer): string {
  return `${head}\n\n${text.replace(/"createdAt":"[^"]+","users"/, '"users"')}`
}

/** Creates the sandbox of this number, runs its script, and returns all answers and the final state. */
async function drive(caller: Caller, i: number): Promise<string[]> {
  const transcript: string[] = []
  const created = await caller.post('/_standin/sandboxes', {
    name: names[i],
    seed: i * 7919,
    profile: PROFILES[i % PROFILES.length],
    clock: new Date(1.7e12 + i * 86_400_000).toISOString(),
  })
  // The default sandbox answers this request, and numbers it among those of all other clients.
  transcript.push(seen(created).replace(/(Standin-Request-Id: req-)\d+/i, '$1n'))
  for (const sent of script(i)) transcript.push(seen(await caller.send(sent)))
  for (const path of ['users?limit=1000', 'state', 'snapshots', 'clock']) {
    transcript.push(seen(await caller.get(`/~${names[i]!}/_standin/${path}`)))
  }
  return transcript
}

test(
  `${OPERATIONS} operations in ${SANDBOXES} sandboxes at once get the same answers as in each alone`,
  LONG,
  async () => {
    const together = await start()
    const started = performance.now()
    const transcripts = await Promise.all(names.map((_, i) => drive(createCaller(together), i)))
    const between = performance.now()

    const apart = await start()
    const caller = createCaller(apart)
    const statuses = new Map<string, number>()
    for (const [i, transcript] of transcripts.entries()) {
      const alone = await drive(caller, i)
      await caller.delete(`/_standin/sandboxes/${names[i]!}`)
      expect(transcript).toHaveLength(alone.length)
      // Reports the first difference only.
      const n = transcript.findIndex((text, at) => text !== alone[at])
      if (n >= 0) expect(transcript[n], `${names[i]!}, request ${n}`).toBe(alone[n])
      for (const text of alone) {
        const status = text.slice(9, 12)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    const [inParallel, inTurn] = [between - started, performance.now() - between]
    console.log(
      `${OPERATIONS} operations: ${Math.round(inParallel)} ms together, ${Math.round(inTurn)} ms one by one;`,
      Object.fromEntries(statuses),
    )
    // The script covers all of these.
    for (const status of ['200', '201', '400', '401', '404', '405', '409', '429']) {
      expect(statuses.get(status) ?? 0, status).toBeGreaterThan(OPERATIONS < 32_000 ? -1 : 10)
    }

    const look = createCaller(together)
    for (const [i, name] of names.entries()) {
      const users = await allUsers(look, { base: `/~${name}` })
      expect(users.length).toBeGreaterThan(0)
      const { text } = await look.get(`/~${name}/_standin/state`)
      const foreignNames = [...text.matchAll(/box-(\d+)\.own/g)].filter(
        ([, of]) => Number(of) !== i,
      )
      expect(foreignNames, name).toEqual([])
    }
    expect(await allUsers(look)).toEqual([])
  },
)

test('sandboxes with the same seed generate the same values, with another seed none of them', async () => {
  const server = await start()
  const caller = createCaller(server)
  const answersOf = async (name: string, seed: number) => {
    await caller.post('/_standin/sandboxes', { name, seed, clock: '2026-01-01T00:00:00Z' })
    const answers: string[] = []
    for (let n = 0; n < 20; n++) {
      for (const api of APIS) {
        const answer = await caller.create(api, named(api, `user-${n}`), `/~${name}`)
        answers.push(seen(answer).replaceAll(`/~${name}/`, '/~/'))
      }
    }
    return answers
  }
  const [a, b, c] = await Promise.all([answersOf('a', 1), answersOf('b', 1), answersOf('c', 2)])
  expect(b).toEqual(a)
  const uuids = (answers: readonly string[]) =>
    new Set(answers.join().match(/[\da-f]{8}-?[\da-f]{4}-?4[\da-f]{3}-?[\da-f]{4}-?[\da-f]{12}/g))
  expect(uuids(a).size).toBeGreaterThan(60)
  expect([...uuids(c)].filter((id) => uuids(a).has(id))).toEqual([])
})
