import { execFileSync } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Problem } from '../../../src/core/problem.ts'
import { Egress, type Target } from '../../../src/core/webhooks/egress.ts'
import {
  outcomeOfRefusal,
  sendHttp,
  type AttemptOutcome,
  type SendRequest,
} from '../../../src/core/webhooks/http-sender.ts'
import { eventually, NEVER } from '../../helpers/time.ts'

const egress = new Egress({ kind: 'loopback' }, async () => [{ address: '127.0.0.1', family: 4 }])
const target = (url: string): Promise<Target> => egress.resolve(url)

const BODY = Buffer.from('{"event":"user.created","data":{"name":"Ada Byron – Лавлейс"}}')
const HEADERS = [
  ['Content-Type', 'application/json; charset=utf-8'],
  ['Webhook-Signature', 'vQtO3xh1D8JxDJLJk7XlTRkOGNOwN28LQpDdRdwOLTM='],
] as const
const plain = (more: Partial<SendRequest> = {}): SendRequest => ({
  headers: HEADERS,
  body: BODY,
  timeout: NEVER,
  ...more,
})

/** Listens on a free port until the test ends, then destroys all sockets. */
async function listen(server: Server, secure = false, host = '127.0.0.1'): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo // it listens on a port
  return `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}/hook?x=1`
}

interface ReceivedRequest {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Milliseconds from the head to the end of the body. */
  readonly took: number
}

/** Pairs of names and values from raw headers. */
const pairs = (raw: readonly string[]) =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1]]] : []))

/** A receiver that reads the body and then answers. */
async function receiver(
  answer: RequestListener = (_request, response) => response.end('thanks'),
): Promise<{ url: string; got: ReceivedRequest[] }> {
  const got: ReceivedRequest[] = []
  const url = await listen(
    createServer((request, response) => {
      const chunks: Buffer[] = []
      const began = performance.now()
      request.on('error', () => {})
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method, url: path, rawHeaders, headers } = request
        const took = performance.now() - began
        got.push({ method, path, rawHeaders, headers, body: Buffer.concat(chunks), took })
        answer(request, response)
      })
    }),
  )
  return { url, got }
}

/** A TCP server, for behaviour that Node's HTTP server does not permit. */
const tcp = (serve: (socket: Socket) => void) => listen(createTcpServer(serve))

const deliver = async (url: string, more: Partial<SendRequest> = {}): Promise<AttemptOutcome> =>
  sendHttp(await target(url), plain(more))

describe('an answer', () => {
  test.each([200, 201, 204, 299, 400, 401, 404, 410, 429, 500, 503])(
    'with status %i is the outcome',
    async (status) => {
      const { url } = await receiver((_request, response) => response.writeHead(status).end('so'))
      const outcome = await deliver(url)
      expect(outcome).toMatchObject({
        kind: 'answered',
        status,
        excerpt: status === 204 ? '' : 'so',
      })
      expect(outcome.ms).toBeGreaterThanOrEqual(0)
    },
  )

  test.each([301, 302, 303, 307, 308])('with status %i is not followed', async (status) => {
    const elsewhere = await receiver()
    const { url, got } = await receiver((_request, response) =>
      response.writeHead(status, { Location: elsewhere.url }).end(),
    )
    expect(await deliver(url)).toMatchObject({
      kind: 'answered',
      status,
      headers: { location: elsewhere.url },
    })
    expect(got).toHaveLength(1)
    expect(elsewhere.got).toEqual([])
  })

  test('has its headers under lower-case names, limited in number and length', async () => {
    const { url } = await receiver((_request, response) => {
      response.setHeader('Retry-After', '120').setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.setHeader('X-Long', 'x'.repeat(3000))
      for (let n = 0; n < 100; n++) response.setHeader(`X-${n}`, `${n}`)
      response.end()
    })
    const outcome = await deliver(url)
    if (outcome.kind === 'failed') throw new Error(outcome.message)
    expect(outcome.headers).toMatchObject({ 'retry-after': '120', 'set-cookie': 'a=1, b=2' })
    expect(outcome.headers['x-long']).toHaveLength(1024)
    expect(Object.keys(outcome.headers)).toHaveLength(50)
  })

  test('with a huge body is read only at its beginning', async () => {
    let sent = 0
    const { url } = await receiver((_request, response) => {
      const more = () => {
        while (!response.destroyed && sent < 1e9) {
          sent += 65536
          if (!response.write('x'.repeat(65536))) return
        }
      }
      response.on('drain', more)
      more()
    })
    expect(await deliver(url)).toMatchObject({
      kind: 'answered',
      status: 200,
      excerpt: 'x'.repeat(1024),
    })
    expect(sent).toBeLessThan(50e6)
  })

  test('with control characters has an escaped excerpt', async () => {
    const { url } = await receiver((_request, response) =>
      response.end('a\u001b[31mred\r\n\u0000\u009b\u202etxt é'),
    )
    expect(await deliver(url)).toMatchObject({
      excerpt: String.raw`a\u001b[31mred\u000d\u000a\u0000\u009b\u202etxt é`,
    })
  })

  test('that refuses may arrive before the whole body is sent', async () => {
    const url = await tcp((socket) =>
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
      }),
    )
    const body = Buffer.alloc(16 * 1024 * 1024)
    const outcome = await deliver(url, { body })
    expect(outcome).toMatchObject({ status: 413 })
  })

  test('with an early success does not stop the rest of the body', async () => {
    let text = ''
    const url = await tcp((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
      socket.on('data', (bytes) => (text += bytes.toString()))
    })
    const wire = { slow: { bytes: 20, every: 5 } }
    expect(await deliver(url, { wire })).toMatchObject({ status: 200 })
    await eventually(() => expect(text).toContain(BODY.toString()))
  })
})

describe('a request', () => {
  test('has the exact body, and the headers in their order and case', async () => {
    const { url, got } = await receiver()
    await deliver(url, {
      headers: [
        ['wEBHOOK-sIGNATURE', 'one'],
        ['Content-Type', 'application/json; charset=utf-8'],
        ['webhook-id', 'msg_1'],
        ['X-Twice', '1'],
        ['x-twice', '2'],
      ],
    })
    expect(got).toHaveLength(1)
    expect(got[0]).toMatchObject({ method: 'POST', path: '/hook?x=1', body: BODY })
    expect(pairs(got[0]!.rawHeaders)).toEqual([
      ['Host', new URL(url).host],
      ['wEBHOOK-sIGNATURE', 'one'],
      ['Content-Type', 'application/json; charset=utf-8'],
      ['webhook-id', 'msg_1'],
      ['X-Twice', '1'],
      ['x-twice', '2'],
      ['Content-Length', String(BODY.length)],
      ['Connection', 'close'],
    ])
  })

  test('can set its own Host, Content-Length and method', async () => {
    const { url, got } = await receiver()
    await deliver(url, {
      method: 'PUT',
      headers: [
        ['Content-LENGTH', String(BODY.length)],
        ['host', 'elsewhere.test'],
      ],
    })
    expect(got[0]).toMatchObject({ method: 'PUT', body: BODY })
    expect(pairs(got[0]!.rawHeaders)).toEqual([
      ['Content-LENGTH', String(BODY.length)],
      ['host', 'elsewhere.test'],
      ['Connection', 'close'],
    ])
  })

  test('names the host and goes to the resolved address', async () => {
    const { url, got } = await receiver()
    const { port } = new URL(url)
    expect(await deliver(`http://hooks.example.test:${port}/in`)).toMatchObject({ status: 200 })
    expect(got[0]!.headers.host).toBe(`hooks.example.test:${port}`)
  })

  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  // Some machines and containers have no IPv6.
  const loopbacks = ['127.0.0.1', '::1'].filter((host) => own.some((one) => one.address === host))

  test.each(loopbacks)('reaches localhost if the receiver listens on %s', async (host) => {
    const url = await listen(
      createServer((request, response) => request.resume().on('end', () => response.end())),
      false,
      host,
    )
    const { port } = new URL(url)
    expect(await deliver(`http://localhost:${port}/`)).toMatchObject({ status: 200 })
  })

  test.each([0, 1, 1024 * 1024])('can have a body of %i bytes', async (length) => {
    const { url, got } = await receiver()
    expect(await deliver(url, { body: Buffer.alloc(length, 'x') })).toMatchObject({ status: 200 })
    expect(got[0]!.body).toHaveLength(length)
    expect(got[0]!.headers['content-length']).toBe(String(length))
  })

  test('cannot have a body larger than 16 MiB', async () => {
    const { url, got } = await receiver()
    expect(await deliver(url, { body: Buffer.alloc(16 * 1024 * 1024 + 1) })).toMatchObject({
      kind: 'failed',
      error: 'request',
      message: expect.stringContaining('larger than 16777216 bytes') as string,
    })
    expect(got).toEqual([])
  })

  test.each([['Bad Name', 'x'] as const, ['X-Bad', 'a\r\nInjected: yes'] as const])(
    'cannot have the header %j: %j',
    async (name, value) => {
      const { url, got } = await receiver()
      expect(await deliver(url, { headers: [[name, value]] })).toMatchObject({
        kind: 'failed',
        error: 'request',
      })
      expect(got).toEqual([])
    },
  )
})

describe('with wire behaviour', () => {
  test('a body is sent in chunks', async () => {
    const { url, got } = await receiver()
    expect(await deliver(url, { wire: { chunked: true } })).toMatchObject({ status: 200 })
    expect(got[0]).toMatchObject({ body: BODY, headers: { 'transfer-encoding': 'chunked' } })
    expect(got[0]!.headers).not.toHaveProperty('content-length')
  })

  test('a chunked body has several chunks', async () => {
    let text = ''
    const url = await tcp((socket) =>
      socket.on('data', (bytes) => {
        text += bytes.toString()
        if (text.endsWith('0\r\n\r\n')) socket.end('HTTP/1.1 204 No Content\r\n\r\n')
      }),
    )
    expect(await deliver(url, { wire: { chunked: true } })).toMatchObject({ status: 204 })
    expect(text.match(/^[\da-f]+\r$/gm)?.length).toBe(5)
  })

  test('a body is sent compressed', async () => {
    const { url, got } = await receiver()
    expect(await deliver(url, { wire: { gzip: true } })).toMatchObject({ status: 200 })
    const [{ headers, body }] = got as [ReceivedRequest]
    expect(headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(body.length),
    })
    expect(gunzipSync(body)).toEqual(BODY)
  })

  test('a body is sent slowly', async () => {
    const { url, got } = await receiver()
    const slow = { bytes: 10, every: 10 }
    expect(await deliver(url, { wire: { slow } })).toMatchObject({ status: 200 })
    expect(got[0]!.body).toEqual(BODY)
    expect(got[0]!.headers['content-length']).toBe(String(BODY.length))
    expect(got[0]!.took).toBeGreaterThan((BODY.length / 10 - 2) * 10 * 0.8)
  })

  test('a body is sent slowly, in chunks and compressed', async () => {
    const { url, got } = await receiver()
    const wire = { chunked: true, gzip: true, slow: { bytes: 16, every: 1 } }
    expect(await deliver(url, { wire })).toMatchObject({ status: 200 })
    expect(gunzipSync(got[0]!.body)).toEqual(BODY)
    expect(got[0]!.headers['transfer-encoding']).toBe('chunked')
  })

  test('a body that takes longer than the timeout fails with timeout', async () => {
    const { url, got } = await receiver()
    const outcome = await deliver(url, { timeout: 60, wire: { slow: { bytes: 1, every: 20 } } })
    expect(outcome).toMatchObject({ kind: 'failed', error: 'timeout' })
    expect(got).toEqual([])
  })

  test.each([{ chunked: false }, { chunked: true }])(
    'a truncated body is announced in full (%j)',
    async ({ chunked }) => {
      let text = ''
      let ended = false
      const url = await tcp((socket) => {
        socket.on('data', (bytes) => (text += bytes.toString()))
        socket.on('end', () => {
          ended = true
          socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
        })
        socket.on('error', () => {})
      })
      const outcome = await deliver(url, { wire: { truncateAt: 12, chunked } })
      expect(outcome).toMatchObject({ kind: 'answered', status: 400 })
      const [head = '', body = ''] = text.split('\r\n\r\n')
      expect(ended).toBe(true)
      expect(head).toContain(
        chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${BODY.length}`,
      )
      const lines = body.split('\r\n')
      const sent = chunked ? lines.filter((_line, index) => index % 2 === 1) : lines
      expect(sent.join('')).toBe(BODY.subarray(0, 12).toString())
    },
  )

  test('a body can be truncated before its first byte', async () => {
    const url = await tcp((socket) => {
      let text = ''
      socket.on('data', (bytes) => (text += bytes.toString()))
      socket.on('end', () => socket.end(`HTTP/1.1 200 OK\r\n\r\n${text.split('\r\n\r\n')[1]}.`))
    })
    expect(await deliver(url, { wire: { truncateAt: 0 } })).toMatchObject({ excerpt: '.' })
  })

  test('a real receiver never sees the end of a truncated body', async () => {
    const { url, got } = await receiver()
    const outcome = await deliver(url, { wire: { truncateAt: 12 } })
    expect(outcome.kind === 'failed' ? outcome.error : outcome.status).toBe(400)
    expect(got).toEqual([])
  })
})

describe('without an answer', () => {
  test('no receiver listens', async () => {
    const server = createTcpServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // it listens on a port
    await new Promise((resolve) => server.close(resolve))
    const refused = { kind: 'failed', error: 'refused' }
    const outcome = await deliver(`http://127.0.0.1:${port}/`)
    expect(outcome).toMatchObject(refused)
    expect(outcome).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') as string })
    // Both addresses of the name were tried, and each is named.
    expect(await deliver(`http://localhost:${port}/`)).toMatchObject(refused)
  })

  test('the receiver hangs', async () => {
    // On a busy machine the time may be over before the request has arrived.
    await eventually(async () => {
      const { url, got } = await receiver(() => {})
      const outcome = await deliver(url, { timeout: 200 })
      expect(outcome).toMatchObject({
        kind: 'failed',
        error: 'timeout',
        message: 'The receiver did not answer within 200 ms',
      })
      expect(outcome.ms).toBeGreaterThanOrEqual(199)
      expect(got).toHaveLength(1)
    })
  })

  test('the receiver accepts the connection and never answers', async () => {
    const url = await tcp(() => {})
    expect(await deliver(url, { timeout: 50 })).toMatchObject({ error: 'timeout' })
  })

  test('the receiver does not finish the head of its answer', async () => {
    const url = await tcp((socket) => socket.write('HTTP/1.1 200 OK\r\nX-'))
    expect(await deliver(url, { timeout: 50 })).toMatchObject({ error: 'timeout' })
  })

  test('the receiver does not finish the body of its answer', async () => {
    const { url } = await receiver((_request, response) => response.write('half'))
    await eventually(async () =>
      expect(await deliver(url, { timeout: 200 })).toMatchObject({
        error: 'timeout',
        message: 'The receiver answered 200, but did not finish its answer within 200 ms',
      }),
    )
  })

  test('the receiver resets the connection', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await deliver(url)).toMatchObject({ kind: 'failed', error: 'reset' })
  })

  test('the receiver closes the connection', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.end()))
    expect(await deliver(url)).toMatchObject({ kind: 'failed', error: 'reset' })
  })

  test('the receiver resets the connection within its answer', async () => {
    const url = await tcp((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () =>
          socket.resetAndDestroy(),
        )
      }),
    )
    expect(await deliver(url)).toMatchObject({ kind: 'failed', error: 'reset' })
  })

  test.each([
    ['something other than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a head that never ends', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('the receiver answers with %s', async (_title, said) => {
    const url = await tcp((socket) => socket.once('data', () => socket.write(said)))
    expect(await deliver(url)).toMatchObject({ kind: 'failed', error: 'protocol' })
  })

  test('the receiver switches to another protocol', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
    const url = await tcp((socket) => socket.once('data', () => socket.write(upgrade)))
    expect(await deliver(url)).toMatchObject({ kind: 'failed', error: 'reset' })
  })

  test('the delivery is aborted before or during the attempt', async () => {
    const { url, got } = await receiver(() => {})
    const gone = AbortSignal.abort()
    const aborted = { kind: 'failed', error: 'aborted', message: 'The delivery was aborted' }
    expect(await deliver(url, { signal: gone })).toMatchObject(aborted)
    expect(await deliver(url, { signal: gone, wire: { gzip: true } })).toMatchObject(aborted)
    expect(got).toEqual([])

    const controller = new AbortController()
    const delivery = deliver(url, { signal: controller.signal })
    await eventually(() => expect(got).toHaveLength(1))
    controller.abort()
    expect(await delivery).toMatchObject(aborted)
  })

  test('an attempt leaves no listener on the signal and no open connection', async () => {
    let open = 0
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.end())
    })
    server.on('connection', (socket: Socket) => {
      open++
      socket.on('close', () => open--)
    })
    const url = await listen(server)
    const { signal } = new AbortController()
    for (let n = 0; n < 20; n++) {
      expect(await deliver(url, { signal })).toMatchObject({ status: 200 })
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await eventually(() => expect(open).toBe(0))
  })
})

describe('over TLS', () => {
  let key: string
  let cert: string

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'standin-tls-'))
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hooks.test ' +
      '-addext subjectAltName=DNS:hooks.example.test,IP:127.0.0.1'
    execFileSync('openssl', [...request.split(' '), '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    })
    key = readFileSync(keyFile, 'utf8')
    cert = readFileSync(certFile, 'utf8')
    rmSync(folder, { recursive: true })
  })

  const secureReceiver = async () => {
    const names: unknown[] = []
    const server = createSecureServer({ key, cert }, (request, response) => {
      request.resume().on('end', () => response.end('thanks'))
    })
    server.on('secureConnection', (socket) => names.push(socket.servername))
    server.on('tlsClientError', () => {})
    const url = new URL(await listen(server, true))
    return { url: url.href, named: `https://hooks.example.test:${url.port}/in`, names }
  }

  test('an untrusted certificate fails', async () => {
    const { url, named } = await secureReceiver()
    for (const to of [url, named]) {
      expect(await deliver(to)).toMatchObject({
        kind: 'failed',
        error: 'tls',
        message: expect.stringMatching(/self-signed certificate/) as string,
      })
    }
  })

  test('a trusted certificate is accepted for its names', async () => {
    const { url, named, names } = await secureReceiver()
    expect(await deliver(named, { ca: cert })).toMatchObject({ status: 200, excerpt: 'thanks' })
    expect(await deliver(url, { ca: cert })).toMatchObject({ status: 200 })
    expect(names).toEqual(['hooks.example.test', false])
    const wire = { slow: { bytes: 20, every: 1 }, chunked: true }
    expect(await deliver(named, { ca: cert, wire })).toMatchObject({ status: 200 })
    expect(await deliver(named, { ca: cert, wire: { truncateAt: 3 } })).not.toMatchObject({
      status: 200,
    })
  })

  test('a trusted certificate is refused for another name', async () => {
    const { named } = await secureReceiver()
    const other = named.replace('hooks.', 'other.')
    expect(await deliver(other, { ca: cert })).toMatchObject({ kind: 'failed', error: 'tls' })
  })

  test('a receiver without TLS fails', async () => {
    const { url } = await receiver()
    expect(await deliver(url.replace('http:', 'https:'))).toMatchObject({
      kind: 'failed',
      error: 'tls',
    })
  })
})

test('a refusal by the egress check becomes an outcome', () => {
  const refusal = (reason: string) => outcomeOfRefusal(new Problem(400, reason, 'Not there'))
  expect(refusal('egress.refused')).toEqual({
    kind: 'failed',
    error: 'egress',
    message: 'Not there',
    ms: 0,
  })
  expect(refusal('egress.unresolved')).toMatchObject({ error: 'dns' })
  expect(refusal('egress.scheme')).toMatchObject({ error: 'egress' })
})
