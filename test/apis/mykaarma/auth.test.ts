import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import request from 'supertest'
import { expect, test } from 'vitest'
import {
  createFolder,
  createSandbox,
  jsonFixture,
  MYKAARMA,
  type TestSandbox,
} from '../../helpers/sandbox.ts'
import { said } from '../contract-documents.ts'

const SUBSCRIBERS = [
  ['zoë', 'päss'],
  ['partner', 'päss'],
  ['zoë', 'secret'],
  ['ÿ', 'ÿ:ÿ'],
  // Both are UTF-8 too, when they are sent in Latin-1.
  ['Ã©', 'x'],
  ['x', 'Ã©'],
] as const

function sandboxWith(username: string, password: string): Promise<TestSandbox> {
  const fixtures = join(createFolder(), 'fixtures.json')
  const subscribers = [{ username, password, scopes: ['manage.user.write'] }]
  writeFileSync(fixtures, JSON.stringify({ mykaarma: { subscribers } }))
  return createSandbox({ fixtures })
}

const sent = (sandbox: TestSandbox, pair: string, encoding: 'utf8' | 'latin1') =>
  request(sandbox.url)
    .post(MYKAARMA)
    .set('Authorization', `Basic ${Buffer.from(pair, encoding).toString('base64')}`)
    .send(jsonFixture('mykaarma.json'))

test.each(SUBSCRIBERS)('%s with the password %s is known in UTF-8', async (user, password) => {
  const sandbox = await sandboxWith(user, password)
  const answer = said(await sent(sandbox, `${user}:${password}`, 'utf8').expect(200))
  expect(answer.headers).not.toHaveProperty('standin-warning', expect.stringContaining('latin'))
})

test.each(SUBSCRIBERS)(
  '%s with the password %s is known in Latin-1, with a warning',
  async (user, password) => {
    const sandbox = await sandboxWith(user, password)
    const answer = said(await sent(sandbox, `${user}:${password}`, 'latin1').expect(200))
    expect(answer.headers['standin-warning']).toContain('code=credentials.latin-1')
    expect(answer.headers['standin-warning']).toContain('UTF-8')
  },
)

test.each(['utf8', 'latin1'] as const)(
  'a wrong password or an unknown user in %s is refused as such',
  async (encoding) => {
    const sandbox = await sandboxWith('zoë', 'päss')
    const wrong = said(await sent(sandbox, 'zoë:pass', encoding).expect(401))
    expect(wrong.headers['standin-reason']).toBe('credentials.wrong-password')
    const unknown = said(await sent(sandbox, 'zöe:päss', encoding).expect(401))
    expect(unknown.headers['standin-reason']).toBe('credentials.unknown-user')
    const noColon = said(await sent(sandbox, 'zoë', encoding).expect(401))
    expect(noColon.headers['standin-reason']).toBe('credentials.no-colon')
  },
)

test('the request log shows the user name as it was meant', async () => {
  const sandbox = await sandboxWith('zoë', 'päss')
  await sent(sandbox, 'zoë:päss', 'latin1').expect(200)
  const { body } = said(await request(sandbox.url).get('/_standin/requests').expect(200))
  expect(JSON.stringify(body)).not.toContain('\uFFFD')
})
