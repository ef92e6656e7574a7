import { describe, expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { createSandbox, CRYPTLEX, jsonFixture } from '../../helpers/sandbox.ts'

const AUTH = { Authorization: 'Bearer standin-token' }
const strict = { profile: { all: 'strict' } } as const
const user = JSON.stringify(jsonFixture('cryptlex.json'))

describe('as ASP.NET does, documented accepts with a warning', () => {
  test.each([
    'text/json',
    'Text/JSON; charset=utf-8',
    'application/vnd.example+json',
    'application/merge-patch+json',
  ])('a body of the type %s', async (type) => {
    const headers = { ...AUTH, 'Content-Type': type }
    const caller = createCaller(await createSandbox())
    const answer = await caller.post(CRYPTLEX, user, headers)
    expect([answer.status, answer.header('Standin-Warning')]).toEqual([
      201,
      expect.stringContaining('code=media.unsupported'),
    ])
    const path = `${CRYPTLEX}/${answer.json<{ id: string }>().id}`
    const changed = await caller.send({
      method: 'PATCH',
      path,
      headers,
      body: '{"role":"support"}',
    })
    expect(changed.json()).toMatchObject({ role: 'support' })
    const refused = await createCaller(await createSandbox(strict)).post(CRYPTLEX, user, headers)
    expect([refused.status, refused.reason]).toEqual([415, 'media.unsupported'])
  })

  test.each([
    `${CRYPTLEX}/`,
    '/v3/Resellers/reseller-001/Users',
    '/v3/RESELLERS/reseller-001/USERS/',
    '/V3/resellers/reseller-001/users/',
  ])('the path %s', async (path) => {
    const caller = createCaller(await createSandbox())
    const answer = await caller.post(path, user, AUTH)
    expect([answer.status, answer.header('Standin-Warning')]).toEqual([
      201,
      expect.stringContaining('code=route.unknown'),
    ])
    const id = answer.header('Standin-Request-Id')!
    const explained = await caller.get(`/_standin/requests/${id}/explain`)
    expect(explained.text).toContain('reseller-001')
    const refused = await createCaller(await createSandbox(strict)).post(path, user, AUTH)
    expect([refused.status, refused.reason]).toEqual([404, 'route.unknown'])
  })
})

test.each(['text/csv', 'text/html', 'application/xml', 'application/json5', 'text/x+json', ''])(
  'a body of the type %j is refused by both profiles',
  async (type) => {
    for (const settings of [{}, strict]) {
      const headers = { ...AUTH, 'Content-Type': type }
      const answer = await createCaller(await createSandbox(settings)).post(CRYPTLEX, user, headers)
      expect(answer.status).toBe(415)
    }
  },
)

test.each([
  `${CRYPTLEX}//`,
  '/v3/reseller/reseller-001/users',
  '/v3//resellers/reseller-001/users',
])('the path %s is refused by both profiles', async (path) => {
  for (const settings of [{}, strict]) {
    const answer = await createCaller(await createSandbox(settings)).post(path, user, AUTH)
    expect(answer.status).toBe(404)
  }
})
