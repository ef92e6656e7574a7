import request, { type Test } from 'supertest'
import { expect, onTestFinished, test } from 'vitest'
import { credentialCases, VENDORS } from '../../src/apis/index.ts'
import { banner } from '../../src/commands/start.ts'
import { withDefaults } from '../../src/config/config.ts'
import { Admin } from '../../src/client/admin.ts'
import { Connection } from '../../src/client/connection.ts'
import { connectStandin } from '../../src/index.ts'
import { operationsOf } from '../../src/resilience/baseline.ts'
import { environmentOf } from '../../src/resilience/environment.ts'
import { observe, userKeys } from '../../src/resilience/observation.ts'
import { planFor } from '../../src/resilience/plan.ts'
import { readFacts } from '../../src/resilience/run.ts'
import { fixturesOf } from '../../src/sandbox/fixtures.ts'
import { runInShell } from '../helpers/document.ts'
import { createSandbox, type Settings, type TestSandbox } from '../helpers/sandbox.ts'
import { acme } from './fourth-vendor/acme.ts'

// A vendor is one slice, one spec and one line in the registry. Each test here is a part of the
// server that finds the vendor by that line alone.

const vendors = [...VENDORS, acme]
const start = (settings: Settings = {}) => createSandbox(settings, { vendors })

const create = (server: TestSandbox, mail = 'ada@example.test', key = 'acme-key'): Test =>
  request(server.url).post('/acme/users').auth(key, { type: 'bearer' }).send({ mail })
const admin = (server: TestSandbox, path: string): Test =>
  request(server.url).get(`/_standin${path}`)

test('its route creates users and refuses in its own words', async () => {
  const server = await start()
  const created = await create(server).expect(201)
  expect(created.body).toMatchObject({ mail: 'ada@example.test' })
  const refused = await create(server).expect(409)
  expect(refused.headers['standin-reason']).toBe('user.duplicate')
  expect(Object.keys(refused.body as object)).toEqual(['error'])
  await request(server.url).get('/acme/nothing').expect(404)
})

test('the start output shows its URL, its credential and a command that creates a user', async () => {
  const server = await start()
  const output = banner(server, withDefaults({}), '0.0.0')
  expect(output).toContain(`  Acme Users           ${server.url}/acme\n`)
  expect(output).toContain(' · Bearer acme-key\n')
  const command = output.split('\n').find((line) => line.includes('/acme/users'))
  expect(JSON.parse(await runInShell(`${command} -sS`, {}))).toMatchObject({
    mail: 'ada@example.test',
  })
})

test('the overview, from which the dashboard is drawn, and the health check list it', async () => {
  const server = await start()
  const page = await request(server.url).get('/').set('Accept', 'application/json').expect(200)
  expect(page.body).toMatchObject({
    apis: expect.arrayContaining([expect.objectContaining({ name: 'acme' })]) as unknown,
  })
  const health = await admin(server, '/health').expect(200)
  expect(health.body).toMatchObject({ prefixes: { acme: '/acme' } })
})

const cases = (await credentialCases(fixturesOf(withDefaults({}), vendors), vendors)).filter(
  ({ api }) => api === 'acme',
)

test.each(cases)('its credential cases are answered as listed: $title', async (one) => {
  const server = await start()
  const sent = request(server.url).post('/acme/users').send({ mail: 'ada@example.test' })
  if (one.authorization !== undefined) void sent.set('Authorization', one.authorization)
  const answer = await sent
  expect([answer.status, answer.headers['standin-reason']]).toEqual([one.status, one.reason])
})

test('the admin API shows its accepted credential', async () => {
  const answer = await admin(await start(), '/credentials').expect(200)
  expect(answer.body).toMatchObject({ acme: { key: 'acme-key', authorization: 'Bearer acme-key' } })
})

test('its fixtures are checked by its schema, and users of them exist from the start', async () => {
  const fixtures = JSON.stringify({ acme: { users: [{ mail: 'mary@example.test' }] } })
  const server = await start({ fixtures })
  const listed = await admin(server, '/users?api=acme').expect(200)
  expect(listed.body).toMatchObject({ total: 1, users: [{ user: { mail: 'mary@example.test' } }] })
  const put = request(server.url)
    .put('/_standin/fixtures')
    .send({ acme: { keys: [{}] } })
  expect((await put.expect(400)).text).toContain('acme.keys[0].key is required')
  await expect(start({ fixtures: '{"acme":{"kys":[]}}' })).rejects.toThrow('acme.kys is not known')
})

test('a fault can be limited to it, by its own reasons', async () => {
  const server = await start()
  const arm = (fault: object) => request(server.url).post('/_standin/faults').send(fault)
  await arm({ api: 'acme', fault: 'key.read-only;times=1' }).expect(201)
  const faulty = await create(server).expect(403)
  expect(faulty.headers['standin-reason']).toBe('key.read-only')
  await create(server).expect(201)
  const refused = await arm({ api: 'acne', fault: '500' }).expect(400)
  expect(refused.text).toContain('mykaarma, cryptlex, formsonfire, acme')
})

test('the request log and the explanation of a request name its operation', async () => {
  const server = await start()
  await create(server, 'no address')
  const listed = await admin(server, '/requests?api=acme').expect(200)
  expect(listed.body).toMatchObject({
    requests: [{ api: 'acme', operation: 'createAcmeUser' }],
  })
  const explained = await admin(server, '/requests/req-1/explain').expect(200)
  expect(explained.text).toContain('createAcmeUser')
  expect(explained.text).toContain('body.invalid')
})

test('metrics count its requests and its users', async () => {
  const server = await start()
  await create(server)
  const { text } = await admin(server, '/metrics').expect(200)
  expect(text).toMatch(
    /^standin_requests_total\{api="acme",operation="createAcmeUser",status="201"\} 1$/m,
  )
  expect(text).toMatch(/^standin_users\{api="acme"\} 1$/m)
})

test('it is seeded, and has a profile of its own', async () => {
  const server = await start()
  const post = (path: string, body: object) => request(server.url).post(path).send(body)
  const seeded = await post('/_standin/seed', { users: 2, apis: ['acme'] }).expect(200)
  expect(seeded.body).toEqual({ acme: 2 })
  await post('/_standin/sandboxes', { profile: 'documented,acme=strict' }).expect(201)
})

test('the client has its URL and its credential', async () => {
  const server = await start()
  const standin = await connectStandin(server.url)
  onTestFinished(() => standin.close())
  const urls: Readonly<Record<string, string>> = standin.urls
  const credentials: Readonly<Record<string, unknown>> = { ...standin.credentials }
  expect(urls['acme']).toBe(`${server.url}/acme`)
  expect(credentials['acme']).toMatchObject({ key: 'acme-key' })
  const own = await standin.sandbox()
  expect((own.urls as Readonly<Record<string, string>>)['acme']).toBe(`${own.url}/acme`)
})

test('the report card grades its clients', async () => {
  const server = await start()
  await create(server)
  const card = await admin(server, '/report-card?api=acme').expect(200)
  expect(card.body).toMatchObject({ requests: 1, failed: 0 })
  await request(server.url).post('/acme/nothing').expect(404)
  const text = await admin(server, '/report-card?api=acme&format=text').expect(200)
  expect(text.text).toContain('matches no operation of acme')
})

test('a resilience run plans its faults, and gives its URL and its credential to the command', async () => {
  const server = await start()
  const standin = await connectStandin(server.url)
  const connection = new Connection(server.url)
  onTestFinished(async () => {
    connection.close()
    await standin.close()
  })
  const before = await userKeys(standin)
  await create(server)
  const { contracts, creates } = await readFacts(standin, new Admin(connection, ''))
  const operations = operationsOf(await observe(standin, before, undefined), contracts, creates)
  expect(operations).toMatchObject([{ api: 'acme', operation: 'createAcmeUser', creates: true }])
  const cells = planFor(operations, { calls: 1 }).map(({ id }) => id)
  expect(cells).toEqual(
    expect.arrayContaining([
      'acme.createAcmeUser/first/500',
      'acme.createAcmeUser/first/commit-500',
    ]),
  )
  const secrets = { adminToken: undefined, webhookSecret: 'a-webhook-secret' }
  expect(environmentOf(standin, secrets)).toMatchObject({
    STANDIN_ACME_URL: `${server.url}/acme`,
    STANDIN_ACME_KEY: 'acme-key',
  })
})
