import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import {
  allUsers,
  APIS,
  Caller,
  CREATED,
  creation,
  idIn,
  named,
  type Api,
} from '../helpers/caller.ts'
import { repetitions } from '../helpers/repetitions.ts'
import { afterKill, createFolder } from '../helpers/sandbox.ts'
import { LONG } from '../helpers/time.ts'
import { withDefaults } from '../../src/config/config.ts'
import { startServer, type Server } from '../../src/server/server.ts'

const OPERATIONS = repetitions(600, 10_000)
const LENGTH = 100

type Operation =
  | { readonly do: 'create'; readonly api: Api; readonly name: string }
  | { readonly do: 'refused'; readonly api: Api }
  | { readonly do: 'find'; readonly api: Api; readonly name: string }
  | { readonly do: 'save' | 'restore' | 'forget'; readonly snapshot: string }
  | { readonly do: 'keep'; readonly every: number }
  | { readonly do: 'reset' | 'check' | 'close' | 'kill' }

interface Person {
  readonly api: Api
  readonly id: string
  readonly name: string
}

/** The expected state of a sandbox in plain arrays, without index, log or file. */
class Model {
  users: readonly Person[]
  readonly snapshots = new Map<string, readonly Person[]>()
  readonly #fixtures: readonly Person[]

  constructor(fixtures: readonly Person[]) {
    this.#fixtures = fixtures
    this.users = fixtures
  }

  find(api: Api, name: string): Person | undefined {
    return this.users.find(
      (user) => user.api === api && user.name.toLowerCase() === name.toLowerCase(),
    )
  }

  reset(): void {
    this.users = this.#fixtures
  }

  /** The users in the order in which the sandbox lists them. */
  get listed(): readonly string[] {
    return APIS.flatMap((api) => this.users.filter((user) => user.api === api)).map(
      ({ api, id, name }) => `${api} ${id} ${name}`,
    )
  }
}

const FIXTURES = JSON.stringify({
  mykaarma: {
    users: [{ ...(creation('mykaarma').body as object), ...named('mykaarma', 'first') }],
  },
  formsonfire: {
    users: [{ ...(creation('formsonfire').body as object), ...named('formsonfire', 'first') }],
  },
})

/** A server on a folder, which a test stops, kills and starts again. */
class RestartableServer {
  #folder = createFolder()
  #server: Server | undefined
  #callers: Caller[] = []
  readonly logged: string[] = []

  get caller(): Caller {
    return this.#callers[0]!
  }

  async start(): Promise<void> {
    const config = withDefaults({
      port: 0,
      data: this.#folder,
      durability: 'write',
      fixtures: FIXTURES,
      clock: Date.parse('2026-01-15T09:30:00Z'),
    })
    this.#server = await startServer(config, {
      log: {
        warn: (message) => this.logged.push(message),
        bug: (message, error) => this.logged.push(`${message}: ${String(error)}`),
      },
    })
    this.#callers = [new Caller(this.#server)]
  }

  async close(): Promise<void> {
    for (const caller of this.#callers) caller.close()
    await this.#server?.close()
    this.#server = undefined
  }

  /** Restarts from the present files, as if the process had been killed at this moment. */
  async kill(): Promise<void> {
    const copy = afterKill(this.#folder)
    await this.close()
    this.#folder = copy
    // Functions registered last run first, so the server stops before its folder is removed.
    onTestFinished(() => this.close())
    await this.start()
  }
}

const name = fc.nat({ max: 40 }).map((n) => (n % 7 === 0 ? `User-${n}` : `user-${n}`))
const anyCase = fc
  .tuple(name, fc.boolean())
  .map(([text, upper]) => (upper ? text.toUpperCase() : text))
const api = fc.constantFrom(...APIS)
const snapshot = fc.constantFrom('one', 'two', 'three')
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ do: fc.constant('create' as const), api, name: anyCase }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('refused' as const), api }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('find' as const), api, name: anyCase }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom('save' as const, 'restore' as const, 'forget' as const),
      snapshot,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('keep' as const),
      every: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('reset' as const, 'check' as const, 'check' as const, 'check' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'kill' as const) }) },
)

async function listedUsers(caller: Caller): Promise<Person[]> {
  return (await allUsers(caller, { limit: 50 })).map((user) => ({
    api: user.api,
    id: user.id,
    name: user.email!.replace('@example.test', ''),
  }))
}

async function apply(server: RestartableServer, model: Model, operation: Operation): Promise<void> {
  const { caller } = server
  switch (operation.do) {
    case 'create': {
      const answer = await caller.create(operation.api, named(operation.api, operation.name))
      if (model.find(operation.api, operation.name)) {
        expect([answer.status, answer.reason]).toEqual([
          operation.api === 'cryptlex' ? 409 : 400,
          'user.duplicate',
        ])
        return
      }
      expect(answer.status, answer.text).toBe(CREATED[operation.api])
      const id = idIn(operation.api, answer)
      expect(model.users.map((user) => user.id)).not.toContain(id)
      model.users = [...model.users, { api: operation.api, id, name: operation.name }]
      return
    }
    case 'refused': {
      const good = creation(operation.api)
      const headers = { Authorization: 'Basic bm9ib2R5Om5v' }
      const body = { ...(good.body as object), IntegrationKey: 'wrong' }
      expect((await caller.send({ ...good, headers, body })).status).toBe(401)
      return
    }
    case 'find': {
      const query = `api=${operation.api}&email=${operation.name}@example.test`
      const { users } = (await caller.get(`/_standin/users?${query}`)).json<{
        users: { id: string }[]
      }>()
      const expected = model.find(operation.api, operation.name)
      expect(users.map(({ id }) => id)).toEqual(expected ? [expected.id] : [])
      return
    }
    case 'save': {
      expect((await caller.put(`/_standin/snapshots/${operation.snapshot}`)).status).toBe(200)
      model.snapshots.delete(operation.snapshot)
      model.snapshots.set(operation.snapshot, model.users)
      return
    }
    case 'restore': {
      const saved = model.snapshots.get(operation.snapshot)
      const answer = await caller.post(`/_standin/snapshots/${operation.snapshot}/restore`)
      expect(answer.status).toBe(saved ? 200 : 404)
      if (saved) model.users = saved
      return
    }
    case 'forget': {
      const answer = await caller.delete(`/_standin/snapshots/${operation.snapshot}`)
      expect(answer.status).toBe(model.snapshots.delete(operation.snapshot) ? 200 : 404)
      return
    }
    case 'keep': {
      const state = (await caller.get('/_standin/state')).json<Record<Api, { users: Person[] }>>()
      const keep = new Set(
        model.users.filter((_, i) => i % operation.every === 0).map(({ id }) => id),
      )
      for (const one of APIS) state[one].users = state[one].users.filter(({ id }) => keep.has(id))
      expect((await caller.put('/_standin/state', state)).status).toBe(200)
      model.users = model.users.filter(({ id }) => keep.has(id))
      return
    }
    case 'reset': {
      expect((await caller.post('/_standin/reset')).status).toBe(200)
      model.reset()
      return
    }
    case 'check':
      break
    case 'close':
      await server.close()
      await server.start()
      break
    case 'kill':
      await server.kill()
      break
  }
  const now = (await listedUsers(server.caller)).map(
    (user) => `${user.api} ${user.id} ${user.name}`,
  )
  expect(now).toEqual(model.listed)
  const snapshots = (await server.caller.get('/_standin/snapshots')).json<{
    snapshots: { name: string; users: Record<Api, number> }[]
  }>().snapshots
  expect(snapshots.map((saved) => [saved.name, saved.users])).toEqual(
    [...model.snapshots].map(([saved, users]) => [
      saved,
      Object.fromEntries(APIS.map((one) => [one, users.filter((user) => user.api === one).length])),
    ]),
  )
}

test(
  `${OPERATIONS} random operations give a sandbox the same users as a plain array`,
  LONG,
  async () => {
    const counts = new Map<string, number>()
    const server = new RestartableServer()
    onTestFinished(() => server.close())
    await server.start()
    // The fixtures' users are the same after every reset.
    const fixtures = await listedUsers(server.caller)
    expect(fixtures.map((user) => user.name)).toEqual(['first', 'first'])
    const started = performance.now()
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyOperation, { minLength: LENGTH, maxLength: LENGTH }),
        async (operations) => {
          const model = new Model(fixtures)
          await server.caller.post('/_standin/reset')
          for (const saved of ['one', 'two', 'three']) {
            await server.caller.delete(`/_standin/snapshots/${saved}`)
          }
          for (const operation of [...operations, { do: 'check' } as const]) {
            counts.set(operation.do, (counts.get(operation.do) ?? 0) + 1)
            await apply(server, model, operation)
          }
        },
      ),
      {
        numRuns: Math.ceil(OPERATIONS / LENGTH),
        endOnFailure: true,
        includeErrorInReport: true,
      },
    )
    console.log(`${Math.round(performance.now() - started)} ms`, Object.fromEntries(counts))
    expect(server.logged).toEqual([])
  },
)
