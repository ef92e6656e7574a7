import request, { type Test } from 'supertest'
import { describe, expect, test } from 'vitest'
import {
  createMykaarmaUser,
  createSandbox,
  MYKAARMA,
  type TestSandbox,
} from '../../helpers/sandbox.ts'
import { exampleOf, readProtobuf, said } from '../contract-documents.ts'

const strict = { profile: { all: 'strict' } } as const

async function created(sandbox: TestSandbox, body: object = {}): Promise<string> {
  const answer = said(await createMykaarmaUser(sandbox, body).expect(200))
  return (answer.body as { userUuid: string }).userUuid
}
const change = (sandbox: TestSandbox, id: string, body: object, user = 'partner'): Test =>
  request(sandbox.url).put(`${MYKAARMA}/${id}`).auth(user, `${user}-secret`).send(body)
const list = (sandbox: TestSandbox, dealer = 'dealer-uuid-001', user = 'partner'): Test =>
  request(sandbox.url).get(`/manage/v2/user/dealer/${dealer}`).auth(user, `${user}-secret`)
async function usersOf(sandbox: TestSandbox, dealer?: string) {
  const { body } = said(await list(sandbox, dealer).expect(200))
  return (body as { users: Record<string, unknown>[] }).users
}
const messagesIn = (answer: { readonly body: unknown }) =>
  (answer.body as { errors: { errorMessage: string }[] }).errors.map(
    ({ errorMessage }) => errorMessage,
  )

describe('an update', () => {
  test('changes each field that is sent, and no other', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const changes = {
      firstName: 'Augusta',
      lastName: 'King',
      emailAddress: 'countess@example.test',
      username: 'countess',
      phone: '+12025550148',
      textNumber: '+12025550149',
      imageUrl: 'https://images.example.test/king.png',
      bio: 'Countess of Lovelace.',
    }
    const users = sandbox.sandbox.store.collection('mykaarma.users')
    for (const [field, value] of Object.entries(changes)) {
      const before = users.get(id)
      const { body } = said(await change(sandbox, id, { [field]: value }).expect(200))
      expect(Object.keys(body as object)).toEqual([
        'errors',
        'warnings',
        'apiRequestId',
        'userUuid',
      ])
      expect(body).toMatchObject({ errors: [], warnings: [], userUuid: id })
      expect(users.get(id)).toEqual({ ...before, [field]: value })
    }
  })

  test('leaves fields that are absent, null or not fields of an update', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const users = sandbox.sandbox.store.collection('mykaarma.users')
    const before = users.get(id)
    await change(sandbox, id, {}).expect(200)
    const other = { bio: null, password: 'other-secret', dealerUUID: 'x', id: 'x' }
    const { headers } = said(await change(sandbox, id, other).expect(200))
    expect(users.get(id)).toEqual(before)
    expect(headers['standin-warning']).toContain('unknown-field.password')
  })

  test('is explained as a change of this user', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const { headers } = said(await change(sandbox, id, { bio: 'x' }).expect(200))
    const at = `/_standin/requests/${headers['standin-request-id']}/explain`
    const explained = said(await request(sandbox.url).get(at).set('Accept', 'text/plain'))
    expect(explained.text).toContain(`The user ${id} was updated.`)
  })

  test('is answered in protobuf too', async () => {
    const sandbox = await createSandbox()
    const id = await created(sandbox)
    const sent = change(sandbox, id, { bio: 'x' }).set('Accept', 'application/x-protobuf')
    const answer = await sent.buffer(true).responseType('blob').expect(200)
    expect(readProtobuf(answer.body as Buffer)).toMatchObject({ errors: [], userUuid: id })
  })

  test.each([
    ['username', 'ADA.byron'],
    ['emailAddress', 'Ada@Example.Test'],
  ])(
    'is refused for a %s that another user has, and accepted for its own',
    async (field, value) => {
      const sandbox = await createSandbox()
      const ada = await created(sandbox)
      const id = await created(sandbox, { username: 'b', emailAddress: 'b@example.test' })
      const refused = said(await change(sandbox, id, { [field]: value, bio: 'new' }).expect(400))
      expect(messagesIn(refused)).toEqual([`A user with this ${field} already exists.`])
      expect(sandbox.sandbox.store.collection('mykaarma.users').get(id)).not.toMatchObject({
        bio: 'new',
      })
      await change(sandbox, ada, { [field]: value }).expect(200)
    },
  )

  test('of an unknown user is a 400, as the page lists no 404', async () => {
    const answer = said(await change(await createSandbox(), 'nobody', { bio: 'x' }).expect(400))
    expect(messagesIn(answer)).toEqual(['user_uuid does not name a user.'])
    expect(answer.headers['standin-reason']).toBe('user.unknown')
  })

  test('under strict is refused for what is refused in a new user', async () => {
    const sandbox = await createSandbox(strict)
    const id = await created(sandbox)
    for (const wrong of [{ firstName: ' ' }, { username: '' }, { phone: 'x' }]) {
      await change(sandbox, id, wrong).expect(400)
    }
    const elsewhere = { dealerUUID: 'dealer-uuid-002', departmentUUID: undefined }
    const foreign = await created(sandbox, { ...elsewhere, username: 'b', emailAddress: 'b@x' })
    await change(sandbox, foreign, { bio: 'x' }, 'one-dealer').expect(403)
    await change(sandbox, id, { bio: 'x' }, 'one-dealer').expect(200)
  })
})

describe('the users of a dealer', () => {
  test('are listed in the spelling of the page', async () => {
    const sandbox = await createSandbox({ clock: Date.parse('2026-01-15T09:30:00Z') })
    const numbers = { phone: '+12025550147', textNumber: '+12025550147' }
    const id = await created(sandbox, { ...numbers, nickName: 'Ada' })
    const { body } = said(await list(sandbox).expect(200))
    const sample = exampleOf('mykaarma', 'DealerUsers') as { users: object[] }
    expect(Object.keys(body as object)).toEqual(Object.keys(sample))
    expect(body).toMatchObject({ errors: [], warnings: [] })
    const [user] = await usersOf(sandbox)
    expect(Object.keys(user!)).toEqual(Object.keys(sample.users[0]!))
    expect({ ...user, latestInviteDate: 0 }).toEqual({
      ...sample.users[0],
      uuid: id,
      latestInviteDate: 0,
    })
    expect(user).toHaveProperty('latestInviteDate', expect.stringMatching(/^2026-01-15T09:30:00/))
  })

  test('are those of its departments too, in the order of creation, after each change', async () => {
    const sandbox = await createSandbox()
    const ids = [
      await created(sandbox),
      await created(sandbox, { dealerUUID: undefined, username: 'b', emailAddress: 'b@x' }),
    ]
    const elsewhere = { dealerUUID: 'dealer-uuid-002', departmentUUID: undefined }
    await created(sandbox, { ...elsewhere, username: 'c', emailAddress: 'c@x' })
    expect((await usersOf(sandbox)).map(({ uuid }) => uuid)).toEqual(ids)
    expect(await usersOf(sandbox, 'dealer-uuid-002')).toHaveLength(1)
    await change(sandbox, ids[1]!, { username: 'renamed' }).expect(200)
    expect((await usersOf(sandbox))[1]).toMatchObject({ userName: 'renamed', email: 'b@x' })
  })

  test.each(['true', 'false'])('are the same with includeInvalid=%s', async (includeInvalid) => {
    const sandbox = await createSandbox()
    await created(sandbox)
    const { body } = said(await list(sandbox).query({ includeInvalid }).expect(200))
    expect(body).toMatchObject({ users: [{ isValid: true }] })
  })

  test('of an unknown dealer are none, and under strict a 403', async () => {
    const { headers, body } = said(await list(await createSandbox(), 'unknown').expect(200))
    expect(body).toMatchObject({ users: [] })
    expect(headers['standin-warning']).toContain('dealer.unknown')
    const refused = said(await list(await createSandbox(strict), 'unknown').expect(403))
    expect(refused.body).not.toHaveProperty('users')
    await list(await createSandbox(strict), 'dealer-uuid-002', 'one-dealer').expect(403)
  })
})

test.each([
  ['manage.user.write', 'put', `${MYKAARMA}/x`, ['manage.user.read']],
  ['manage.user.read', 'get', '/manage/v2/user/dealer/dealer-uuid-001', ['manage.user.write']],
] as const)('a caller without %s cannot %s %s', async (scope, method, path, scopes) => {
  const sandbox = await createSandbox()
  const subscribers = [{ username: 'a', password: 'b', scopes }]
  await request(sandbox.url)
    .put('/_standin/fixtures')
    .send({ mykaarma: { subscribers } })
    .expect(200)
  const sent = request(sandbox.url)[method](path).auth('a', 'b').set('Standin-Explain', '1')
  const answer = said(await sent.expect(403))
  expect(messagesIn(answer)).toEqual([`ApiScope does not exist: ${scope}.`])
  expect(answer.headers['standin-hint']).toContain(scope)
})

test('each answer to a call whose method and path are assumed says so, a refusal too', async () => {
  const sandbox = await createSandbox()
  const id = await created(sandbox)
  const answers = [
    change(sandbox, id, { bio: 'x' }),
    change(sandbox, id, { bio: 1 }),
    change(sandbox, id, {}, 'nobody'),
    change(sandbox, id, {}).set('Standin-Fault', '500'),
    list(sandbox),
    list(sandbox).set('Accept', 'text/html'),
    list(sandbox, 'dealer-uuid-001', 'nobody'),
    list(sandbox).set('Standin-Fault', '503'),
  ]
  for (const sent of answers) {
    const { headers } = said(await sent)
    expect(headers['standin-warning']).toContain('code=route.assumed')
  }
})

test('a delete is not an operation of Standin, and the explanation says why', async () => {
  const sandbox = await createSandbox()
  const id = await created(sandbox)
  for (const path of [`${MYKAARMA}/${id}`, `/manage/v2/user/${id}`]) {
    const answer = said(await request(sandbox.url).delete(path).auth('partner', 'partner-secret'))
    expect([404, 405]).toContain(answer.status)
    const { text } = said(
      await request(sandbox.url).get(
        `/_standin/requests/${answer.headers['standin-request-id']}/explain`,
      ),
    )
    expect(text).toContain('no page of the vendor')
    expect(text).toContain('GET /manage/v2/user/dealer/{dealerUuid}')
  }
})
