import { connect, createServer, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import * as https from 'node:https'
import { connect as connectTls, rootCertificates } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { connectStandin, startStandin } from '../../src/index.ts'
import { withDefaults } from '../../src/config/config.ts'
import { banner } from '../../src/commands/start.ts'
import { startServer } from '../../src/server/server.ts'
import { createCaller, creation, named } from '../helpers/caller.ts'
import { createFolder, createSandbox, type Settings } from '../helpers/sandbox.ts'
import { outcomeOverTls, overTls } from '../helpers/tls.ts'
import { closing } from '../client/helpers.ts'

const withTls = (settings: Settings = {}) => createSandbox({ tls: true, tlsPort: 0, ...settings })

const APIS = ['mykaarma', 'cryptlex', 'formsonfire'] as const

/** A create call of the user of this name, as `overTls` sends it. */
function createOf(api: (typeof APIS)[number], name: string) {
  const { path, headers, body } = creation(api, named(api, name))
  return {
    path,
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
}

test('every API answers over HTTPS as over HTTP, and both have one state', async () => {
  const server = await withTls()
  for (const api of APIS) {
    const first = await overTls(server, createOf(api, 'ada'))
    expect(first.status).toBeLessThan(202)
    const again = await createCaller(server).create(api, named(api, 'ada'))
    expect(again.status).toBeGreaterThan(399)
  }
})

test.each(['localhost', '127.0.0.1', 'a.localhost', 'api.b.localhost', 'host.docker.internal'])(
  'a client that trusts the CA accepts the certificate for %s',
  async (host) => {
    const { status, protocol } = await overTls(await withTls({ autoSandboxes: true }), { host })
    expect([status, protocol]).toEqual([200, 'TLSv1.3'])
  },
)

test('a name that the Host check accepts has a certificate, another has not and is refused', async () => {
  const server = await withTls({ host: '0.0.0.0', allowedHosts: ['*.b.test'] })
  const outcomes = ['standin', 'api.b.test', 'example.com'].map((host) =>
    outcomeOverTls(server, { host }),
  )
  expect(await Promise.all(outcomes)).toEqual(['200', '200', 'ERR_TLS_CERT_ALTNAME_INVALID'])
  expect(await outcomeOverTls(server, { headers: { Host: 'example.com' } })).toBe('421')
})

test('a client that does not trust the CA refuses the certificate', async () => {
  const server = await withTls()
  const [ca] = rootCertificates
  expect(await outcomeOverTls(server, { ca })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

test('a host name of HTTPS selects its sandbox', async () => {
  const server = await withTls()
  const standin = closing(await connectStandin(server.url))
  await standin.sandbox({ name: 'shop' })
  await overTls(server, { ...createOf('cryptlex', 'ada'), host: 'shop.localhost' })
  const users = async (host: string) =>
    JSON.parse((await overTls(server, { path: '/_standin/users', host })).text) as { total: number }
  expect([await users('shop.localhost'), await users('localhost')]).toMatchObject([
    { total: 1 },
    { total: 0 },
  ])
})

test('links have the scheme of the request', async () => {
  const server = await withTls()
  const { text: overview } = await overTls(server, { path: '/_standin' })
  expect(overview.match(/http:/g)).toBeNull()
  expect(JSON.parse(overview)).toMatchObject({ url: `https://localhost:${server.https!.port}` })
  const { text: document } = await overTls(server, { path: '/_standin/openapi/cryptlex.json' })
  expect(JSON.parse(document)).toMatchObject({
    servers: [{ url: `https://localhost:${server.https!.port}/v3` }],
  })
  await overTls(server, createOf('cryptlex', 'ada'))
  const log = async (format: string) =>
    (await overTls(server, { path: `/_standin/requests?format=${format}` })).text
  expect(await log('curl')).toContain(`https://localhost:${server.https!.port}/v3/`)
  expect(await log('har')).toContain(`https://localhost:${server.https!.port}/v3/`)
  expect(await log('json')).toContain('"https":true')
  const plain = await fetch(`${server.url}/_standin`)
  expect(await plain.text()).not.toContain('https:')
})

test('the CA is there without a token, and health names the port', async () => {
  const server = await withTls({ adminToken: 'a-token-for-tests' })
  const answer = await fetch(`${server.url}/_standin/ca.pem`)
  expect([answer.status, await answer.text()]).toEqual([200, server.https!.ca])
  const health = await fetch(`${server.url}/_standin/health`)
  expect(await health.json()).toMatchObject({ https: { port: server.https!.port, ca: true } })
})

test('a server without HTTPS has no CA, and says how to get one', async () => {
  const answer = await fetch(`${(await createSandbox()).url}/_standin/ca.pem`)
  expect([answer.status, await answer.json()]).toMatchObject([
    404,
    { reason: 'tls.no-ca', detail: expect.stringContaining('--tls') as string },
  ])
})

test.each([
  ['reset', 'ECONNRESET'],
  ['close', 'ECONNRESET'],
  ['cut', 'ECONNRESET'],
  ['reset-headers', 'ECONNRESET'],
  ['reset-body', 'ECONNRESET'],
  ['bad-chunk', 'HPE_INVALID_CHUNK_SIZE'],
  ['slow-body;bytes=200;interval=1ms', '201'],
  ['close-after', '201'],
  ['commit-500', '500'],
])('the fault %s has the same effect over HTTPS', async (fault, outcome) => {
  const server = await withTls()
  const { headers, ...others } = createOf('cryptlex', 'ada')
  const request = { ...others, headers: { ...headers, 'Standin-Fault': fault } }
  expect(await outcomeOverTls(server, request)).toBe(outcome)
})

test('a request in plain HTTP to the port of HTTPS gets an answer that says so', async () => {
  const server = await withTls()
  const answer = await fetch(`http://localhost:${server.https!.port}/v3`)
  expect([answer.status, await answer.text()]).toEqual([
    400,
    'This port speaks HTTPS; begin the URL with https://\n',
  ])
})

test('a handshake that arrives byte by byte is read, and one that never comes is ended', async () => {
  const server = await withTls({ headerTimeout: 200 })
  const silent = connect(server.https!.port, '127.0.0.1')
  await once(silent, 'close')
  const garbage = connect(server.https!.port, '127.0.0.1')
  garbage.on('error', () => {})
  garbage.write(Buffer.from([0x16, 3, 1, 0, 5, 9, 9, 9, 9, 9]))
  garbage.write(Buffer.alloc(100_000))
  await once(garbage, 'close')
  expect((await overTls(server)).status).toBe(200)
})

test('a port that is in use is named with its option', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', () => resolve()))
  onTestFinished(() => void holder.close())
  const { port } = holder.address() as AddressInfo
  const start = (settings: Settings) =>
    startServer(withDefaults({ memory: true, port: 0, tls: true, tlsPort: 0, ...settings }))
  await expect(start({ tlsPort: port })).rejects.toThrow(
    `Port ${port} of 127.0.0.1, for HTTPS, is in use; choose another with --tls-port (0 takes a free one)`,
  )
})

test.each([
  [{ tlsCert: 'a.pem' }, '--tls-cert has no effect without --tls'],
  [{ tlsKey: 'a.pem' }, '--tls-key has no effect without --tls'],
  [{ tls: true, tlsCert: 'a.pem' }, '--tls-cert needs --tls-key too'],
  [{ tls: true, tlsKey: 'a.pem' }, '--tls-key needs --tls-cert too'],
])('the options %j are refused', async (settings, message) => {
  const config = withDefaults({ memory: true, port: 0, tlsPort: 0, ...settings })
  await expect(startServer(config)).rejects.toThrow(message)
})

test('the start output names the URL of HTTPS and the CA, and still ends with that of HTTP', async () => {
  const server = await withTls()
  const output = banner(server, withDefaults({ tls: true }), '0.0.0')
  expect(output).toContain(
    `  HTTPS                ${server.https!.url}, the same APIs; CA to trust: ${server.url}/_standin/ca.pem\n`,
  )
  expect(output.split('\n').at(-1)).toBe(`ready ${server.url}`)
  expect(banner(await createSandbox(), withDefaults({}), '0.0.0')).not.toContain('HTTPS')
})

test('the CA outlives a restart', async () => {
  const data = createFolder()
  const before = await startServer(withDefaults({ port: 0, tls: true, tlsPort: 0, data }))
  const { ca } = before.https!
  await before.close()
  const after = await withTls({ data })
  expect(await outcomeOverTls(after, { ca })).toBe('200')
})

test('a stopping server answers what is in flight over HTTPS', async () => {
  const server = await startServer(withDefaults({ port: 0, tls: true, tlsPort: 0, memory: true }))
  const { path, headers, body } = createOf('cryptlex', 'ada')
  const { port, ca } = server.https!
  const request = https.request({
    host: 'localhost',
    port,
    ca,
    path,
    method: 'POST',
    agent: false,
    headers: { ...headers, Expect: '100-continue', 'Content-Length': Buffer.byteLength(body) },
  })
  request.flushHeaders()
  await once(request, 'continue') // the server reads the body
  const closed = server.close()
  request.end(body)
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  expect(answer.statusCode).toBe(201)
  answer.resume()
  await closed
})

test('the client library has the URLs of HTTPS and the CA, for a sandbox too', async () => {
  const standin = closing(await startStandin({ tls: true }))
  const sandbox = await standin.sandbox({ name: 'shop' })
  expect(standin.tls?.urls.cryptlex).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/v3$/)
  expect(sandbox.tls?.url).toBe(`${standin.tls!.url}/~shop`)

  const connected = closing(
    await connectStandin({ url: `${standin.tls!.url}/~shop`, ca: standin.tls!.ca }),
  )
  expect(await connected.faults.list()).toEqual([])
  expect(connected.tls?.ca).toBe(standin.tls!.ca)
  expect(closing(await startStandin()).tls).toBeUndefined()
})

test('each request of a pipeline over HTTPS is answered', async () => {
  const server = await withTls()
  const socket = connectTls({
    port: server.https!.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: server.https!.ca!,
  })
  const head = 'GET /_standin/health HTTP/1.1\r\nHost: localhost\r\n'
  socket.end(`${head}\r\n${head}Connection: close\r\n\r\n`)
  expect((await text(socket)).match(/HTTP\/1\.1 200/g)).toHaveLength(2)
})
