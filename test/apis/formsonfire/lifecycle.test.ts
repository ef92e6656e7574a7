import request from 'supertest'
import { describe, expect, test } from 'vitest'
import {
  createFormsOnFireUser,
  createSandbox,
  FORMSONFIRE,
  type TestSandbox,
} from '../../helpers/sandbox.ts'
import { alphabetically, exampleOf, readXml, said, xmlOf } from '../contract-documents.ts'

const strict = { profile: { all: 'strict' } } as const
const KEYS = { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcdef' }
const OTHER_KEYS = { CompanyId: 1843, IntegrationKey: 'fedcba9876543210fedcba9876543210' }
const LIMITED = { ...KEYS, IntegrationKey: '0123456789abcdef0123456789abcd01' }
const SEARCH = `${FORMSONFIRE}/search`
const NOBODY = '11111111-2222-4333-8444-555555555555'

/** Creates a user and returns its id as JSON has it. */
async function created(
  sandbox: TestSandbox,
  change: Record<string, unknown> = {},
): Promise<string> {
  const { body } = said(await createFormsOnFireUser(sandbox, change).expect(200))
  return (body as { User: { Id: string } }).User.Id
}
const dashed = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
const storedUsers = ({ sandbox }: TestSandbox) =>
  sandbox.store.collection('formsonfire.users').all()
const get = (sandbox: TestSandbox, query: object, path = FORMSONFIRE) =>
  request(sandbox.url)
    .get(path)
    .query({ ...KEYS, format: 'json', ...query })
const put = (sandbox: TestSandbox, user: Record<string, unknown>) =>
  request(sandbox.url)
    .put(FORMSONFIRE)
    .send({ ...KEYS, ...user })
const remove = (sandbox: TestSandbox, user: Record<string, unknown>) =>
  request(sandbox.url)
    .delete(FORMSONFIRE)
    .send({ ...KEYS, ...user })
const names = (body: unknown) =>
  (body as { Users: { FirstName: string }[] }).Users.map(({ FirstName }) => FirstName)
const status = (body: unknown) =>
  (body as { ResponseStatus: { ErrorCode: string; Message: string } }).ResponseStatus

describe('GET user', () => {
  test.each(['Id', 'Email', 'ExternalId'])('finds a user by %s', async (name) => {
    const sandbox = await createSandbox(strict)
    const id = await created(sandbox)
    const values = { Id: id, Email: 'GRACE@example.test', ExternalId: 'grace-1906' }
    const { body } = said(await get(sandbox, { [name]: values[name as 'Id'] }).expect(200))
    expect(body).toEqual({
      User: {
        Email: 'grace@example.test',
        ExternalId: 'grace-1906',
        FirstName: 'Grace',
        Folders: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
        Groups: ['7c9e6679-7425-40de-944b-e07fc1f90ae7'],
        Id: id,
        LastName: 'Hopper',
        Status: 'Invited',
        WebsiteRole: 'User',
      },
    })
  })

  test('reads an id in any form of a GUID, and names in any case', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    for (const form of [id, id.toUpperCase(), dashed(id), `{${dashed(id)}}`]) {
      await get(sandbox, { ID: form }).expect(200)
    }
  })

  test('returns the same in XML, in alphabetical order', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const { text } = await get(sandbox, { Id: id, format: 'xml' }).expect(200)
    const { root, body } = await readXml(text)
    expect(root).toBe('UserResponse')
    const { User } = body as { User: Record<string, unknown> }
    expect(User).toMatchObject({ Id: dashed(id), LastName: 'Hopper' })
    expect(Object.keys(User)).toEqual(Object.keys(User).toSorted(alphabetically))
  })

  test('never returns a password or credentials', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox, { Password: 'Correct-Horse-77' })
    for (const path of [FORMSONFIRE, SEARCH]) {
      for (const format of ['json', 'xml']) {
        const query = { Id: id, Email: 'grace@example.test', format }
        const { text } = await get(sandbox, query, path).expect(200)
        expect(text).not.toMatch(/Correct-Horse|Password|IntegrationKey|0123456789abcdef/)
      }
    }
  })

  test.each([
    ['an unknown Id', { Id: NOBODY }],
    ['text that is no Id', { Id: 'String' }],
    ['an unknown Email', { Email: 'nobody@example.test' }],
    ['an unknown ExternalId', { ExternalId: 'nobody' }],
  ])('refuses %s', async (_, query) => {
    const sandbox = await createSandbox()
    await created(sandbox)
    const { body, headers } = said(await get(sandbox, query).expect(400))
    expect(body).toEqual(exampleOf('formsonfire', 'UserUnknown'))
    expect(headers['standin-reason']).toBe('user.unknown')
  })

  test('refuses a query that names no user', async () => {
    const sandbox = await createSandbox()
    const { headers } = said(await get(sandbox, { Email: '' }).expect(400))
    expect(headers['standin-reason']).toBe('user.unnamed')
  })

  test('answers HEAD as GET, without a body', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const answer = await request(sandbox.url)
      .head(FORMSONFIRE)
      .query({ ...KEYS, Id: id })
    expect([answer.status, answer.text]).toEqual([200, undefined])
  })
})

describe('GET user search', () => {
  async function crowd(settings = {}): Promise<TestSandbox> {
    const sandbox = await createSandbox(settings)
    for (const [i, name] of ['Ada', 'Bea', 'Cyd'].entries()) {
      const LastName = i < 2 ? 'Byron' : 'Stone'
      const user = {
        Email: `${name}@example.test`,
        ExternalId: `x-${i}`,
        FirstName: name,
        LastName,
      }
      await created(sandbox, user)
    }
    return sandbox
  }

  test.each([
    [{ Name: 'byron' }, ['Ada', 'Bea']],
    [{ Name: 'Ada B' }, ['Ada']],
    [{ name: 'byron', EMAIL: 'bea' }, ['Bea']],
    [{ Email: '@EXAMPLE.test' }, ['Ada', 'Bea', 'Cyd']],
    [{ ExternalId: 'X-2' }, ['Cyd']],
    [{ ExternalId: 'x' }, []],
    [{ Email: '@', Status: 'invited' }, ['Ada', 'Bea', 'Cyd']],
    [{ Email: '@', Status: 'Active' }, []],
    [{ Email: '@', PageSize: 2 }, ['Ada', 'Bea']],
    [{ Email: '@', PageSize: 2, PageNo: 1 }, ['Cyd']],
    [{ Email: '@', PageSize: 2, PageNo: 2 }, []],
  ])('%j finds %j', async (query, found) => {
    const sandbox = await crowd(strict)
    const { body, headers } = said(await get(sandbox, query, SEARCH).expect(200))
    expect(names(body)).toEqual(found)
    expect(Object.keys(body as object)).toEqual(['Users'])
    expect(headers).not.toHaveProperty('standin-warning')
  })

  test('lists users in XML too', async () => {
    const sandbox = await crowd()
    const query = { Name: 'Byron', format: 'xml' }
    const { text } = await get(sandbox, query, SEARCH).expect(200)
    expect(text).toMatch(/^<\?xml[^>]*><UserSearchResponse[^>]*><Users><User>.*<\/User><User>/)
    const none = await get(sandbox, { ...query, Name: 'zz' }, SEARCH).expect(200)
    expect(none.text).toContain('<Users/>')
  })

  test('returns names or external ids of folders and groups where it is asked to', async () => {
    const sandbox = await createSandbox()
    await created(sandbox)
    const lists = async (query: object) => {
      const { body } = said(await get(sandbox, { Name: 'Grace', ...query }, SEARCH).expect(200))
      const [user] = (body as { Users: { Folders: string[]; Groups: string[] }[] }).Users
      return [user?.Folders, user?.Groups]
    }
    expect(await lists({ UseNames: 'True' })).toEqual([['Inspections'], ['Field staff']])
    expect(await lists({ useexternalids: 1 })).toEqual([['folder-1'], ['group-1']])
  })

  test('warns that it has no audits of deleted users', async () => {
    const sandbox = await crowd()
    const query = { Name: 'Ada', IncludeDeletedUserAudits: true }
    const { headers } = said(await get(sandbox, query, SEARCH).expect(200))
    expect(headers['standin-warning']).toContain(';code=audits.none')
  })

  test.each([
    [{ Status: 'Invited' }, 'search.empty'],
    [{ Name: '' }, 'search.empty'],
    [{ Name: 'a', PageSize: 251 }, 'query.invalid'],
    [{ Name: 'a', PageSize: 0 }, 'query.invalid'],
    [{ Name: 'a', PageNo: -1 }, 'query.invalid'],
    [{ Name: 'a', PageNo: 'x' }, 'query.invalid'],
    [{ Name: 'a', UseNames: 'yes' }, 'query.invalid'],
  ])('refuses %j', async (query, reason) => {
    const sandbox = await createSandbox()
    const { headers } = said(await get(sandbox, query, SEARCH).expect(400))
    expect(headers['standin-reason']).toBe(reason)
    const { text } = await get(sandbox, { ...query, format: 'xml' }, SEARCH)
    expect(text).toContain('<UserSearchResponse')
  })

  test('has the wording of the platform for a limit', async () => {
    const sandbox = await createSandbox()
    const { body } = said(await get(sandbox, { Name: 'a', PageSize: 251 }, SEARCH).expect(400))
    expect(status(body)).toMatchObject({
      ErrorCode: 'LessThanOrEqual',
      Message: "'Page Size' must be less than or equal to '250'.",
    })
  })
})

describe('PUT user', () => {
  test('changes the fields that are sent, and keeps the others and the status', async () => {
    const sandbox = await createSandbox(strict)
    const Id = await created(sandbox)
    const before = said(await get(sandbox, { Id })).body as { User: object }
    const change = { LastName: 'Murray', Email: 'murray@example.test' }
    const { body, headers } = said(
      await put(sandbox, { Id, Status: 'Active', ...change }).expect(200),
    )
    expect(body).toEqual({ User: { Id, Status: 'Invited' } })
    expect(headers).not.toHaveProperty('standin-warning')
    const after = said(await get(sandbox, { Id })).body
    expect(after).toEqual({ User: { ...before.User, ...change } })
  })

  test('reads XML, and answers in it', async () => {
    const sandbox = await createSandbox(strict)
    const Id = dashed(await created(sandbox))
    const { CompanyId, IntegrationKey } = KEYS
    const { text } = await request(sandbox.url)
      .put(FORMSONFIRE)
      .set('Content-Type', 'application/xml')
      .send(xmlOf({ CompanyId, Folders: [], Id, IntegrationKey, LastName: 'Murray' }))
      .expect(200)
    expect(text).toContain(`<UserResponse`)
    expect(text).toContain(`<User><Id>${Id}</Id><Status>Invited</Status></User>`)
    expect(storedUsers(sandbox)[0]).toMatchObject({ given: { LastName: 'Murray' }, folders: [] })
  })

  test('keeps fields that are null, and reads lists by name', async () => {
    const sandbox = await createSandbox()
    const Id = await created(sandbox, { Folders: [] })
    const change = { ExternalId: null, Email: null, Folders: ['Inspections'], UseNames: true }
    await put(sandbox, { Id, ...change }).expect(200)
    expect(storedUsers(sandbox)[0]).toMatchObject({
      email: 'grace@example.test',
      externalKey: '1815:grace-1906',
      folders: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
      groups: ['7c9e6679-7425-40de-944b-e07fc1f90ae7'],
    })
  })

  test('may send the own Email and ExternalId again, and frees the former', async () => {
    const sandbox = await createSandbox()
    const Id = await created(sandbox)
    await put(sandbox, { Id, Email: 'Grace@example.test', ExternalId: 'grace-1906' }).expect(200)
    await put(sandbox, { Id, Email: 'new@example.test', ExternalId: 'new' }).expect(200)
    await created(sandbox)
  })

  test.each([
    ['no Id', { LastName: 'x' }, 'body.invalid', 'NotEmpty'],
    ['Id null', { Id: null }, 'body.invalid', 'NotEmpty'],
    ['an unknown Id', { Id: NOBODY }, 'user.unknown', 'ArgumentException'],
    ['an empty Email', { Email: '' }, 'body.invalid', 'NotEmpty'],
    ['an ExternalId of 51', { ExternalId: 'x'.repeat(51) }, 'body.invalid', 'MaximumLength'],
    ['an Email in use', { Email: 'B@example.test' }, 'user.duplicate', 'ArgumentException'],
    ['an ExternalId in use', { ExternalId: 'b' }, 'user.duplicate', 'ArgumentException'],
  ])('refuses %s and changes nothing', async (_, change, reason, code) => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    await created(sandbox, { Email: 'b@example.test', ExternalId: 'b' })
    const before = storedUsers(sandbox)
    const named = reason === 'body.invalid' && code === 'NotEmpty' && !('Email' in change)
    const { body, headers } = said(
      await put(sandbox, { ...(named ? {} : { Id: id }), ...change }).expect(400),
    )
    expect(headers['standin-reason']).toBe(reason)
    expect(status(body).ErrorCode).toBe(code)
    expect(storedUsers(sandbox)).toEqual(before)
  })

  test('follows the rules of a create under strict', async () => {
    for (const change of [{ WebsiteRole: 'String' }, { Folders: [NOBODY] }, { Id: 'String' }]) {
      const sandbox = await createSandbox(strict)
      const Id = await created(sandbox)
      await put(sandbox, { Id, ...change }).expect(400)
    }
  })
})

describe('DELETE user', () => {
  test('removes the user at once, in both formats and from body or query', async () => {
    const { CompanyId, IntegrationKey } = KEYS
    const calls = [
      (s: TestSandbox, Id: string) => remove(s, { Id }),
      (s: TestSandbox, Id: string) =>
        request(s.url)
          .delete(FORMSONFIRE)
          .query({ ...KEYS, Id }),
      (s: TestSandbox, Id: string) =>
        request(s.url)
          .delete(FORMSONFIRE)
          .send(xmlOf({ CompanyId, Id, IntegrationKey }))
          .set('Content-Type', ''),
    ]
    for (const call of calls) {
      const sandbox = await createSandbox(strict)
      const id = await created(sandbox)
      const answer = await call(sandbox, dashed(id))
      expect([answer.status, answer.text]).toEqual([200, answer.text])
      expect(answer.text).toMatch(/^(\{\}|<\?xml[^>]*><UserResponse[^>]*\/>)$/)
      await get(sandbox, { Id: id }).expect(400)
      expect(storedUsers(sandbox)).toEqual([])
      await created(sandbox)
    }
  })

  test('ignores all other fields, whatever they hold', async () => {
    const sandbox = await createSandbox(strict)
    const Id = await created(sandbox)
    const others = { Email: 5, FirstName: '', Folders: 'x', Colour: 'red' }
    const { headers } = said(await remove(sandbox, { Id, ...others }).expect(200))
    expect(headers).not.toHaveProperty('standin-warning')
  })

  test.each([
    ['no Id', {}, 'body.invalid', 'NotEmpty'],
    ['Id null', { Id: null }, 'body.invalid', 'NotEmpty'],
    ['an unknown Id', { Id: NOBODY }, 'user.unknown', 'ArgumentException'],
  ])('refuses %s', async (_, user, reason, code) => {
    const sandbox = await createSandbox()
    await created(sandbox)
    const { body, headers } = said(await remove(sandbox, user).expect(400))
    expect([headers['standin-reason'], status(body).ErrorCode]).toEqual([reason, code])
    expect(storedUsers(sandbox)).toHaveLength(1)
  })

  test('that a fault does not store leaves the user at its place in a search', async () => {
    const sandbox = await createSandbox()
    const Id = await created(sandbox)
    await created(sandbox, { Email: 'b@example.test', ExternalId: 'b', FirstName: 'Bea' })
    await remove(sandbox, { Id }).set('Standin-Fault', 'not-stored').expect(200)
    const { body } = said(await get(sandbox, { Email: '@' }, SEARCH).expect(200))
    expect(names(body)).toEqual(['Grace', 'Bea'])
  })

  test('refuses a second deletion', async () => {
    const sandbox = await createSandbox()
    const Id = await created(sandbox)
    await remove(sandbox, { Id }).expect(200)
    await remove(sandbox, { Id }).expect(400)
  })
})

describe('every call on a user', () => {
  const calls = [
    ['getUser', (s: TestSandbox, Id: string, keys: object) => get(s, { Id, ...keys })],
    [
      'searchUsers',
      (s: TestSandbox, _: string, keys: object) => get(s, { Name: 'Grace', ...keys }, SEARCH),
    ],
    ['updateUser', (s: TestSandbox, Id: string, keys: object) => put(s, { Id, ...keys })],
    ['deleteUser', (s: TestSandbox, Id: string, keys: object) => remove(s, { Id, ...keys })],
  ] as const

  test.each(calls)('%s does not see the users of another company', async (name, call) => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const { body, status: code } = said(await call(sandbox, id, OTHER_KEYS))
    if (name === 'searchUsers') expect(body).toEqual({ Users: [] })
    else expect([code, body]).toEqual([400, exampleOf('formsonfire', 'UserUnknown')])
    expect(storedUsers(sandbox)).toHaveLength(1)
  })

  test.each(calls)('%s needs credentials with full access', async (_, call) => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    for (const [keys, code, reason] of [
      [{ ...KEYS, IntegrationKey: '' }, 401, 'credentials.missing'],
      [{ ...KEYS, IntegrationKey: 'x' }, 401, 'key.wrong'],
      [{ ...KEYS, CompanyId: 9 }, 401, 'company.unknown'],
      [LIMITED, 403, 'key.limited'],
    ] as const) {
      const { headers } = said(await call(sandbox, id, keys).expect(code))
      expect(headers['standin-reason']).toBe(reason)
    }
    expect(storedUsers(sandbox)).toHaveLength(1)
  })

  test.each(calls)('%s can be armed with a fault of its own', async (operation, call) => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const fault = { api: 'formsonfire', operation, status: 500, times: 1 }
    await request(sandbox.url).post('/_standin/faults').send(fault).expect(201)
    await createFormsOnFireUser(sandbox, { Email: 'b@x', ExternalId: 'b' }).expect(200)
    await call(sandbox, id, {}).expect(500)
    await call(sandbox, id, {}).expect(200)
  })

  test.each(calls)('%s is in the request log with its explanation', async (operation, call) => {
    const sandbox = await createSandbox()
    const { headers } = said(await call(sandbox, await created(sandbox), {}).expect(200))
    const at = `/_standin/requests/${headers['standin-request-id']}`
    const recorded = await request(sandbox.url).get(at).expect(200)
    expect(recorded.body).toMatchObject({ operation })
    expect(recorded.text).not.toContain(KEYS.IntegrationKey)
    const explained = await request(sandbox.url).get(`${at}/explain`).set('Accept', 'text/plain')
    expect(explained.text).toContain(`is the operation ${operation} of`)
    const change = { updateUser: 'was updated', deleteUser: 'was deleted' }[
      operation as 'updateUser'
    ]
    expect(explained.text).toContain(change ?? 'Nothing was changed')
  })
})

test('a magic address asks for a fault in the query too', async () => {
  const sandbox = await createSandbox()
  await get(sandbox, { Email: 'ada+fault.503@example.test' }).expect(503)
})
