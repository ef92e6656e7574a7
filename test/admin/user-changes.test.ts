import { describe, expect, test } from 'vitest'
import type { User as ContractUser } from '../../src/admin/contract.gen.ts'
import { APIS, createCaller, idIn, named, type Api, type Caller } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'

interface User {
  readonly email: string
  readonly user: Readonly<Record<string, unknown>>
}

/** The fields of each API's update call that the tests change. */
const FIELDS = {
  mykaarma: { email: 'emailAddress', firstName: 'firstName', lastName: 'lastName' },
  cryptlex: { email: 'email', firstName: 'firstName', lastName: 'lastName' },
  formsonfire: { email: 'Email', firstName: 'FirstName', lastName: 'LastName' },
} as const

/** A sandbox with the users ada and grace; `path` is that of ada. */
async function start(api: Api) {
  const server = await createSandbox()
  const caller = createCaller(server)
  const id = idIn(api, await caller.create(api, named(api, 'ada')))
  await caller.create(api, named(api, 'grace'))
  return { server, caller, id, path: `/_standin/users/${api}/${id}` }
}

const patch = (caller: Caller, path: string, body: object) =>
  caller.send({ method: 'PATCH', path, body })

/** Status, reason and detail of a refusal in problem JSON. */
async function refusal(caller: Caller, path: string, body: object) {
  const answer = await patch(caller, path, body)
  expect(answer.header('Content-Type')).toContain('application/problem+json')
  const { reason, detail } = answer.json<{ reason: string; detail: string }>()
  return [answer.status, reason, detail]
}

describe.each(APIS)(
  "the admin API changes and deletes a user of %s by the API's own call",
  (api) => {
    const { email, firstName, lastName } = FIELDS[api]

    test('the fields that a change may have are listed with their values', async () => {
      const { caller, path } = await start(api)
      const { fields } = (await caller.get(path)).json<ContractUser>()
      const given = Object.fromEntries(fields!.map(({ name, value }) => [name, value]))
      expect(given[email]).toBe('ada@example.test')
      const others = fields!.filter(({ type, values }) => type === 'string' && !values)
      for (const { name } of others) {
        const { 2: detail } = await refusal(caller, path, { [name]: 7 })
        expect(detail).toContain(`${name} must be of type string`)
      }
    })

    test('a change keeps all other fields and is stored', async () => {
      const { caller, path } = await start(api)
      const before = (await caller.get(path)).json<User>()
      const last = api === 'formsonfire' ? 'Hopper' : 'Byron'
      const changes = { [email]: 'mary@example.test', [lastName]: 'Somerville' }
      const changed = await patch(caller, path, changes)
      expect(changed.status, changed.text).toBe(200)
      expect(changed.json<User>().email).toBe('mary@example.test')
      expect(changed.text).toContain('Somerville')
      expect(changed.text).not.toContain('ada@example.test')
      expect((await caller.get(path)).text).toBe(changed.text)
      // The reverse changes restore the user, except for the time of the change.
      const back = await patch(caller, path, { [email]: 'ada@example.test', [lastName]: last })
      const { updatedAt: _, ...restored } = back.json<User>().user
      expect(before.user).toMatchObject(restored)
      // The address that the change released is free.
      expect((await caller.create(api, named(api, 'mary'))).status).toBeLessThan(300)
    })

    test('a value of another user, in any case, is refused with 409 and changes nothing', async () => {
      const { caller, path } = await start(api)
      const before = (await caller.get(path)).text
      for (const name of ['grace', 'GRACE']) {
        for (const [field, value] of Object.entries(named(api, name))) {
          const wrong = await refusal(caller, path, { [field]: value, [lastName]: 'Somerville' })
          const detail = `a user with this ${field} already exists: send another value, or change or delete that user first`
          expect(wrong).toEqual([409, 'user.duplicate', detail])
        }
      }
      expect((await caller.get(path)).text).toBe(before)
      const own = await patch(caller, path, named(api, 'ada'))
      expect(own.status, own.text).toBe(200)
    })

    test('an unknown field is refused, with the field that was meant or all fields', async () => {
      const { caller, path } = await start(api)
      const misspelt = `x${firstName}`
      const [status, reason, detail] = await refusal(caller, path, { [misspelt]: 'Mary' })
      expect([status, reason]).toEqual([400, 'body.invalid'])
      expect(detail).toBe(`${misspelt} is not known here; did you mean ${firstName}?`)
      const [, , both] = await refusal(caller, path, { colour: 'red', 'a.b': 1 })
      expect(both).toMatch(
        /^colour is not known here; allowed: .*; a\.b is not known here; allowed: /,
      )
      expect(both).toContain(lastName)
      const answer = await patch(caller, path, { colour: 'red', 'a.b': 1 })
      expect(answer.json<{ violations: object[] }>().violations).toEqual([
        { field: 'colour', text: expect.stringMatching(/^colour is not known/) as string },
        { field: 'a.b', text: expect.stringMatching(/^a\.b is not known/) as string },
      ])
    })

    test.each([[7], [['Ada']], [{}]])('the value %j for text is refused', async (value) => {
      const { caller, path } = await start(api)
      const [status, reason, detail] = await refusal(caller, path, { [firstName]: value })
      expect([status, reason]).toEqual([400, 'body.invalid'])
      expect(detail).toContain(`${firstName} must be of type string`)
    })

    test('a user is deleted once; afterwards every call on it is answered with 404', async () => {
      const { caller, id, path } = await start(api)
      const deleted = await caller.delete(path)
      expect([deleted.status, deleted.json()]).toMatchObject([200, { api, id }])
      const detail = `${api} has no user ${id}; GET /_standin/users?api=${api} lists its users`
      for (const method of ['DELETE', 'GET', 'PATCH']) {
        const body = method === 'PATCH' ? { body: { [lastName]: 'Byron' } } : {}
        const answer = await caller.send({ method, path, ...body })
        expect([answer.status, answer.json()]).toMatchObject([
          404,
          { reason: 'user.unknown', detail },
        ])
      }
      expect((await caller.create(api, named(api, 'ada'))).status).toBeLessThan(300)
    })

    test('users of a state that lacks most fields are changed and deleted', async () => {
      const { server, caller } = await start(api)
      const column = server.sandbox.vendors.find((one) => one.api.name === api)!.api.users!.email
      const ids = ['mary', 'C0FFEE00-0000-4000-8000-00000000000A']
      const users = ids.map((id, i) => ({ id, [column]: `user-${i}@example.test` }))
      const company = { formsonfire: { companyId: 1815 }, cryptlex: { resellerId: 'reseller-001' } }
      const rows = users.map((user) => ({ ...user, ...(api === 'mykaarma' ? {} : company[api]) }))
      expect((await caller.put('/_standin/state', { [api]: { users: rows } })).status).toBe(200)
      for (const [i, id] of ids.entries()) {
        const path = `/_standin/users/${api}/${id}`
        const changed = await patch(caller, path, { [firstName]: 'Mary' })
        expect(changed.status, changed.text).toBe(200)
        expect(changed.json<User>().email).toBe(`user-${i}@example.test`)
        expect((await caller.delete(path)).status).toBe(200)
        expect((await caller.get(path)).status).toBe(404)
      }
    })
  },
)

test.each([
  ['mykaarma', 'lastName', 400],
  ['cryptlex', 'lastName', 200],
  ['formsonfire', 'LastName', 400],
] as const)('null for a field of %s (%s) is answered with %d', async (api, field, status) => {
  const { caller, path } = await start(api)
  const answer = await patch(caller, path, { [field]: null })
  expect(answer.status, answer.text).toBe(status)
  if (status === 200) return
  expect(answer.json<{ detail: string }>().detail).toBe(
    `${field} cannot be null: ${api} ignores null in an update; leave the field out, or remove its value with PUT /_standin/state`,
  )
})

test.each([
  ['Id', '9f3c1d2e-4b5a-46c7-8d90-e1f2a3b4c5d6'],
  ['CompanyId', 1843],
  ['IntegrationKey', '0123456789abcdef0123456789abcdef'],
])(
  'Forms On Fire: %s identifies the user or the caller and is not changed',
  async (field, value) => {
    const { caller, path } = await start('formsonfire')
    const detail = `${field} cannot be changed: it identifies the user or the caller; leave it out`
    expect(await refusal(caller, path, { [field]: value })).toEqual([400, 'body.invalid', detail])
  },
)

test('Forms On Fire: a change resolves the names of folders and keeps other lists', async () => {
  const { caller, path } = await start('formsonfire')
  const before = (await caller.get(path)).json<User>().user
  const changed = await patch(caller, path, { Folders: ['Inspections', 'Nowhere'], UseNames: true })
  expect(changed.json<User>().user).toMatchObject({
    folders: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'Nowhere'],
    groups: before['groups'],
    status: 'Invited',
  })
  expect(changed.header('Standin-Warning')).toContain('Folders[1]')
})

test('a value that only the strict profile refuses is accepted with the warning of the call', async () => {
  const { caller, path } = await start('cryptlex')
  const changed = await patch(caller, path, { role: 'astronaut' })
  expect(changed.status).toBe(200)
  expect(changed.header('Standin-Warning')).toContain('role')
})

test('myKaarma: an update changes no field that its update call lacks', async () => {
  const { caller, path } = await start('mykaarma')
  const before = (await caller.get(path)).text
  const [status, , detail] = await refusal(caller, path, { dealerUUID: 'dealer-1' })
  expect(status).toBe(400)
  expect(detail).toContain('dealerUUID is not known here; allowed: firstName, lastName')
  expect((await caller.get(path)).text).toBe(before)
})
