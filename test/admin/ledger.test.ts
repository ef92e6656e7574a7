import { expect, test } from 'vitest'
import { APIS, createCaller, creation, named, type Api, type Caller } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'

interface Ledger {
  readonly entries: readonly {
    readonly email: string
    readonly state: string
    readonly text: string
    readonly differences?: readonly string[]
    readonly missing?: readonly string[]
    readonly users: readonly {
      readonly api: Api
      readonly email?: string
      readonly name?: string
    }[]
  }[]
  readonly total: number
  readonly next?: string
}

const ledger = async (caller: Caller, query = '') =>
  (await caller.get(`/_standin/ledger?${query}`)).json<Ledger>()

/** Creates a user, by default Ada Byron, with the same address at every API. */
async function create(caller: Caller, api: Api, email: string, first = 'Ada', last = 'Byron') {
  const names =
    api === 'formsonfire'
      ? { Email: email, ExternalId: `${email}-id`, FirstName: first, LastName: last }
      : { firstName: first, lastName: last }
  const address =
    api === 'mykaarma'
      ? { emailAddress: email, username: email }
      : api === 'cryptlex'
        ? { email }
        : {}
  const { body: _, ...sent } = creation(api)
  const answer = await caller.send({
    ...sent,
    body: { ...(creation(api).body as object), ...address, ...names },
  })
  expect(answer.status, answer.text).toBeLessThan(300)
}

test('a person who is the same at all APIs is consistent and not listed', async () => {
  const caller = createCaller(await createSandbox())
  for (const api of APIS) await create(caller, api, 'ada@example.test')
  expect(await ledger(caller)).toEqual({ entries: [], total: 0 })
  const { entries, total } = await ledger(caller, 'email=ADA@example.test')
  expect(total).toBe(1)
  expect(entries[0]).toMatchObject({
    email: 'ada@example.test',
    state: 'consistent',
    text: 'the same at all APIs',
    users: APIS.map((api) => ({ api, email: 'ada@example.test', name: 'Ada Byron' })),
  })
})

test('a missing user is reported, with the user of the same name', async () => {
  const caller = createCaller(await createSandbox())
  await create(caller, 'mykaarma', 'ada@example.test')
  await create(caller, 'cryptlex', 'ada@exmaple.test')
  const { entries, total } = await ledger(caller)
  expect(total).toBe(2)
  expect(entries[0]).toMatchObject({
    email: 'ada@example.test',
    state: 'missing',
    missing: ['cryptlex', 'formsonfire'],
    text: 'cryptlex has no ada@example.test; its user ada@exmaple.test has the same name; formsonfire has no ada@example.test',
  })
  expect(entries[1]!.missing).toEqual(['mykaarma', 'formsonfire'])
  const nobody = await ledger(caller, 'email=nobody@example.test')
  expect(nobody.entries).toEqual([
    {
      email: 'nobody@example.test',
      state: 'missing',
      text: 'no API has a user with this address',
      missing: APIS,
      users: [],
    },
  ])
})

test('different spellings of the address and the name are reported', async () => {
  const caller = createCaller(await createSandbox())
  await create(caller, 'mykaarma', ' ada@example.test')
  await create(caller, 'cryptlex', 'ada@example.test', 'Ada', 'King')
  await create(caller, 'formsonfire', 'Ada@example.test')
  const { entries, total } = await ledger(caller)
  expect(total).toBe(1)
  expect(entries[0]).toMatchObject({ state: 'spelt-differently' })
  expect(entries[0]!.text).toBe(entries[0]!.differences!.join('; '))
  expect(entries[0]!.differences).toEqual([
    'cryptlex has the address "ada@example.test", mykaarma has " ada@example.test": they differ in whitespace around it',
    'formsonfire has the address "Ada@example.test", mykaarma has " ada@example.test": they differ in upper and lower case',
    'cryptlex has the name Ada King, mykaarma has Ada Byron',
  ])
  expect((await ledger(caller, 'email=%20ADA@example.test%20')).entries).toEqual(entries)
})

test('a user that exists twice, because of a space in the address, is reported', async () => {
  const caller = createCaller(await createSandbox())
  await create(caller, 'mykaarma', 'ada@example.test')
  await create(caller, 'mykaarma', 'ada@example.test ')
  const { entries } = await ledger(caller)
  expect(entries).toHaveLength(1)
  expect(entries[0]!.state).toBe('duplicated')
  expect(entries[0]!.text).toMatch(
    /^mykaarma has the user 2 times: \S+ as "ada@example.test", \S+ as "ada@example.test "; cryptlex has no/,
  )
})

test('a user without an address is reported, also one from an imported state', async () => {
  const caller = createCaller(await createSandbox())
  const state = {
    cryptlex: { users: [{ id: 'a' }] },
    formsonfire: { users: [{ id: 'b', given: 7 }] },
  }
  expect((await caller.put('/_standin/state', state)).status).toBe(200)
  const { entries } = await ledger(caller)
  expect(entries.map(({ text }) => text.split('; ')[0])).toEqual([
    'the user of cryptlex has no address, so it cannot be found in mykaarma',
    'the user of formsonfire has no address, so it cannot be found in mykaarma',
  ])
})

test('people are listed by consistency and by text', async () => {
  const caller = createCaller(await createSandbox())
  for (const api of APIS) await create(caller, api, 'ada@example.test')
  await create(caller, 'cryptlex', 'grace@example.test', 'Grace', 'Hopper')
  const listed = async (query: string) =>
    (await ledger(caller, query)).entries.map(({ email }) => email)
  expect(await listed('show=all')).toEqual(['ada@example.test', 'grace@example.test'])
  expect(await listed('show=consistent')).toEqual(['ada@example.test'])
  expect(await listed('show=different')).toEqual(['grace@example.test'])
  expect(await listed('show=all&text=HOPPER')).toEqual(['grace@example.test'])
  expect(await listed('show=all&text=nobody')).toEqual([])
})

test('the pages contain every entry once', async () => {
  const caller = createCaller(await createSandbox())
  for (const api of APIS) {
    for (let i = 0; i < 4; i++) await caller.create(api, named(api, `${api}-${i}`))
  }
  for (const limit of [1, 5, 12]) {
    const emails: string[] = []
    let after = ''
    do {
      const { entries, next, total } = await ledger(caller, `limit=${limit}${after}`)
      expect(total).toBe(12)
      emails.push(...entries.map(({ email }) => email))
      after = next === undefined ? '' : `&after=${next}`
    } while (after !== '')
    expect(emails).toEqual(
      APIS.flatMap((api) => [0, 1, 2, 3].map((i) => `${api}-${i}@example.test`)),
    )
  }
  expect((await caller.get('/_standin/ledger?after=okta:1')).reason).toBe('page.unknown')
})

test('other requests are answered during a large comparison', async () => {
  const server = await createSandbox()
  const [caller, other] = [createCaller(server), createCaller(server)]
  await caller.post('/_standin/seed', { users: 10_000 })
  await caller.create('cryptlex')
  const compared = { done: false }
  const found = ledger(caller).then((page) => {
    compared.done = true
    return page
  })
  let between = 0
  while (!compared.done) {
    await other.get('/_standin/health')
    between++
  }
  expect((await found).total).toBe(1)
  expect(between).toBeGreaterThan(1)
})
