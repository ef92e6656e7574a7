import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { load } from 'js-yaml'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCaller, creation, type Sent } from '../helpers/caller.ts'
import { endpoints, raw, type Endpoint } from '../helpers/raw-requests.ts'
import {
  CRYPTLEX,
  createCryptlexUser,
  createFolder,
  createSandbox,
  FORMSONFIRE,
  type TestSandbox,
} from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'

const FOREIGN = { Origin: 'https://evil.test' }
const TOKEN = 'a-token-for-the-admin-api'

/** State that a refused request must not change. */
const stateOf = ({ sandbox }: TestSandbox) => {
  // The result of a delivery is stored a moment after it was sent.
  sandbox.webhooks.flush()
  return {
    document: sandbox.store.document(),
    snapshots: sandbox.snapshots.all.map(({ name }) => name),
    clock: sandbox.clock.isHeld,
  }
}

interface FirstAnswer {
  readonly status: number
  readonly head: string
  readonly reason: string | undefined
}

/** Sends bytes and returns the first answer; the connection is closed afterwards. */
function firstAnswer({ port }: { readonly port: number }, bytes: string): Promise<FirstAnswer> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')))
    const done = () => {
      socket.destroy()
      const [head = ''] = text.split('\r\n\r\n')
      const reason = /^Standin-Reason: (.*)$/im.exec(head)?.[1]
      resolve({ status: Number(head.slice(9, 12)), head, reason })
    }
    socket.on('data', (chunk) => {
      text += String(chunk)
      if (text.includes('\r\n\r\n')) done()
    })
    socket.on('error', done).on('close', done)
  })
}

/** Calls back for each request before the server handles it. */
function atEachRequest({ port }: TestSandbox, look: (request: IncomingMessage) => void): void {
  const listener = (message: unknown) => {
    const { request } = message as { request: IncomingMessage } // documented by Node for this channel
    if (request.socket.localPort === port) look(request)
  }
  subscribe('http.server.request.start', listener)
  onTestFinished(() => void unsubscribe('http.server.request.start', listener))
}

const GET = 'GET /_standin/users HTTP/1.1'
const RESET = 'POST /_standin/reset HTTP/1.1'
const lines = (...all: readonly string[]) => `${all.join('\r\n')}\r\n\r\n`

describe('the Host header', () => {
  test.each([
    'localhost',
    'localhost:4020',
    'LocalHost:80',
    'localhost.',
    'localhost.:4020',
    'default.localhost:4020',
    'default.localhost.',
    '127.0.0.1',
    '127.0.0.1:65535',
    '127.255.255.254',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '[::1]',
    '[::1]:4020',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::FFFF:7F00:1]:80',
    'host.docker.internal:4020',
    'gateway.docker.internal',
    'host.containers.internal',
    'Host.Testcontainers.Internal.:4020',
    'host.lima.internal',
    'host.orb.internal',
    'host.rancher-desktop.internal',
    'host.minikube.internal',
    'host.k3d.internal',
    'docker.for.mac.host.internal',
    '',
  ])('%s is accepted', async (host) => {
    const server = await createSandbox()
    expect(await firstAnswer(server, lines(GET, `Host: ${host}`))).toMatchObject({ status: 200 })
  })

  test('may be missing, as in HTTP/1.0', async () => {
    const server = await createSandbox()
    for (const version of ['1.0', '1.1']) {
      const answer = await firstAnswer(server, lines(`GET /_standin/users HTTP/${version}`))
      expect(answer.status).toBe(200)
    }
  })

  const FOREIGN_HOSTS = [
    'evil.test',
    'evil.test:4020',
    'EVIL.test.',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    '127.0.0.1.nip.io',
    '7f000001.rbndr.us:4020',
    'xlocalhost',
    'localhost.localdomain',
    'evil.localhost.test',
    'xn--lclhost-91a.test',
    'standin',
    'host.docker.internal.evil.test',
    'internal',
    'hostinternal',
    'host.internal.com',
    'host.docker.internal.evil.com',
    'registry.example.com__team__standin',
    'standin.build.svc',
    'standin.home.arpa',
    '10.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '[::]',
    '[::2]',
    '[fe80::1]:4020',
    '[::ffff:10.0.0.1]',
    '128.0.0.1',
    '..',
  ]
  const MALFORMED = [
    'user@localhost',
    'localhost:99999',
    'localhost:4020:4020',
    'localhost:port',
    'localhost/evil',
    'localhost#evil.test',
    'localhost evil.test',
    'localhost,evil.test',
    'http://localhost',
    '%6cocalhost',
    'loc\u00e4lhost',
    '[::1',
    '::1',
    '[::1%25lo]',
    ':4020',
  ]
  const NAMES = [
    ...FOREIGN_HOSTS.map((host) => [host, 421, 'host.foreign'] as const),
    ...MALFORMED.map((host) => [host, 400, 'host.malformed'] as const),
  ]

  test.each(NAMES)('%s is refused with %i and changes nothing', async (host, ...said) => {
    const server = await createSandbox()
    await createCryptlexUser(server).expect(201)
    const before = stateOf(server)
    for (const line of [RESET, GET, `POST ${FORMSONFIRE} HTTP/1.1`, 'GET /nope HTTP/1.1']) {
      const answer = await firstAnswer(server, lines(line, `Host: ${host}`, 'Content-Length: 0'))
      expect([answer.status, answer.reason]).toEqual(said)
      expect(answer.head).toMatch(/^Content-Type: application\/problem\+json/m)
    }
    expect(stateOf(server)).toEqual(before)
    expect(server.logged).toEqual([])
  })

  test('a refused host is answered with the option that allows it', async () => {
    const server = await createSandbox()
    const answer = await raw(server, lines(GET, 'Host: evil.test', 'Connection: close'))
    expect(answer).toContain('start the server with --allowed-hosts evil.test')
  })

  test('names in --allowed-hosts are accepted, wildcards too', async () => {
    const server = await createSandbox({ allowedHosts: ['a.test', '*.b.test'] })
    const statuses = []
    for (const host of ['a.test', 'A.TEST:1', 'x.b.test', 'y.x.b.test', 'b.test', 'xa.test']) {
      statuses.push((await firstAnswer(server, lines(GET, `Host: ${host}`))).status)
    }
    expect(statuses).toEqual([200, 200, 200, 200, 421, 421])
    const open = await createSandbox({ allowedHosts: ['*'] })
    expect((await firstAnswer(open, lines(GET, 'Host: evil.test'))).status).toBe(200)
  })

  const NOBODY_CAN_REGISTER = [
    '10.0.0.1:4020',
    '[fe80::1]',
    'standin:4020',
    'my_service',
    'x.internal',
    'standin.default.svc.cluster.local',
    'standin.build.svc',
    'Standin.Build.SVC.:4020',
    'registry.example.test__team__standin',
    'registry.example.com__team__standin:4020',
    'registry.example.com-team-standin',
    'standin.project_default',
    'standin.net1',
    'standin.dns.podman',
    'standin.localdomain',
    'standin.home.arpa',
    'evil.test',
  ]
  const REGISTRABLE = [
    'evil.example',
    'a.dev',
    'evil.com',
    'my-shop.my_team.evil.com',
    'registry_a.evil.co.uk',
    'standin.internal.evil.com',
    'svc.evil.com',
    'evil.xn--p1ai',
    'evil.xn--vermgensberater-ctb',
    'evil.arpa',
    'evil.podman',
    '127.0.0.1.nip.io',
    'evil.local.com.',
  ]

  test.each([
    ...NOBODY_CAN_REGISTER.map((host) => [host, 200] as const),
    ...REGISTRABLE.map((host) => [host, 421] as const),
  ])('on all interfaces, %s is answered with %i', async (host, status) => {
    const server = await createSandbox({ host: '0.0.0.0' })
    expect((await firstAnswer(server, lines(GET, `Host: ${host}`))).status).toBe(status)
  })
})

describe('ambiguous and malformed requests', () => {
  const good = endpoints.find(({ name }) => name === 'cryptlex')!
  const post = (endpoint: Endpoint, ...more: readonly string[]) => {
    const own = Object.entries(endpoint.headers).map(([name, value]) => `${name}: ${value}`)
    return lines(`POST ${endpoint.path} HTTP/1.1`, 'Host: localhost', ...own, ...more)
  }
  const length = Buffer.byteLength(good.body)
  const chunk = `${length.toString(16)}\r\n${good.body}\r\n`

  const CASES: readonly (readonly [what: string, bytes: string, status: number, reason: string])[] =
    [
      ['two hosts', lines(RESET, 'Host: localhost', 'Host: localhost'), 400, 'host.malformed'],
      [
        'two hosts, the second foreign',
        lines(RESET, 'Host: localhost', 'hOsT: evil.test'),
        400,
        'host.malformed',
      ],
      [
        'the absolute form of another host',
        lines('POST http://evil.test/_standin/reset HTTP/1.1', 'Host: localhost'),
        421,
        'host.foreign',
      ],
      ...['http://', 'https://', 'HTTP:///', 'http://?a=b'].map(
        (start) =>
          [
            `the absolute form without a host, ${start}`,
            lines(`POST ${start}/_standin/reset HTTP/1.1`, 'Host: evil.test'),
            400,
            'host.malformed',
          ] as const,
      ),
      [
        'the absolute form with a user',
        lines('POST http://localhost@evil.test/_standin/reset HTTP/1.1', 'Host: localhost'),
        400,
        'host.malformed',
      ],
      [
        'the absolute form of a vendor',
        lines('POST https://api.cryptlex.com/v3/resellers/a/users HTTP/1.1', 'Host: localhost'),
        421,
        'host.foreign',
      ],
      [
        'the absolute form of another scheme',
        lines('POST ftp://localhost/_standin/reset HTTP/1.1', 'Host: localhost'),
        404,
        'route.unknown',
      ],
      [
        'a length and chunks',
        post(good, `Content-Length: ${length}`, 'Transfer-Encoding: chunked') + chunk,
        400,
        'http.malformed',
      ],
      [
        'chunks and a length',
        post(good, 'Transfer-Encoding: chunked', 'Content-Length: 4') + chunk,
        400,
        'http.malformed',
      ],
      [
        'two lengths',
        post(good, 'Content-Length: 0', `Content-Length: ${length}`) + good.body,
        400,
        'http.malformed',
      ],
      [
        'two equal lengths',
        post(good, `Content-Length: ${length}`, `Content-Length: ${length}`) + good.body,
        400,
        'http.malformed',
      ],
      [
        'a length of two numbers',
        post(good, `Content-Length: ${length}, ${length}`) + good.body,
        400,
        'http.malformed',
      ],
      [
        'a length with a plus',
        post(good, `Content-Length: +${length}`) + good.body,
        400,
        'http.malformed',
      ],
      [
        'a length in hex',
        post(good, `Content-Length: 0x${length.toString(16)}`) + good.body,
        400,
        'http.malformed',
      ],
      [
        'a length beyond all numbers',
        post(good, 'Content-Length: 99999999999999999999999'),
        400,
        'http.malformed',
      ],
      [
        'chunked not as the last coding',
        post(good, 'Transfer-Encoding: chunked, identity') + chunk,
        400,
        'http.malformed',
      ],
      [
        'an unknown transfer coding',
        post(good, 'Transfer-Encoding: xchunked') + chunk,
        400,
        'http.malformed',
      ],
      [
        'chunked under another name',
        post(good, 'Transfer-Encoding : chunked') + chunk,
        400,
        'http.malformed',
      ],
      [
        'chunked after a vertical tab',
        post(good, 'Transfer-Encoding: \x0bchunked') + chunk,
        400,
        'http.malformed',
      ],
      [
        'a folded header',
        lines(RESET, 'Host: localhost', 'A: b', ' Transfer-Encoding: chunked'),
        400,
        'http.malformed',
      ],
      ['a folded host', lines(RESET, 'Host:', ' localhost'), 400, 'http.malformed'],
      ['a space before the colon', lines(RESET, 'Host : localhost'), 400, 'http.malformed'],
      [
        'a bare line feed after a header',
        `${RESET}\r\nHost: localhost\nA: b\r\n\r\n`,
        400,
        'http.malformed',
      ],
      ['bare line feeds all over', `${RESET}\nHost: localhost\n\n`, 400, 'http.malformed'],
      [
        'a bare carriage return',
        `${RESET}\r\nHost: localhost\rA: b\r\n\r\n`,
        400,
        'http.malformed',
      ],
      ['a null in a header', lines(RESET, 'Host: local\0host'), 400, 'http.malformed'],
      ['a header without a name', lines(RESET, 'Host: localhost', ': b'), 400, 'http.malformed'],
      [
        'a header with a space in its name',
        lines(RESET, 'Host: localhost', 'A b: c'),
        400,
        'http.malformed',
      ],
      [
        'a space before the first header',
        `${RESET}\r\n Host: localhost\r\n\r\n`,
        400,
        'http.malformed',
      ],
      [
        'a line feed in the target',
        lines('POST /_standin/\nreset HTTP/1.1', 'Host: localhost'),
        400,
        'http.malformed',
      ],
      ['HTTP/0.9', 'POST /_standin/reset\r\n\r\n', 400, 'http.malformed'],
      [
        'HTTP/2.0',
        lines('POST /_standin/reset HTTP/2.0', 'Host: localhost'),
        400,
        'http.malformed',
      ],
      [
        'HTTP/3.0',
        lines('POST /_standin/reset HTTP/3.0', 'Host: localhost'),
        400,
        'http.malformed',
      ],
      ['HTTP/2 from the start', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'http.malformed'],
      [
        'headers of 20 kB',
        lines(RESET, 'Host: localhost', `A: ${'a'.repeat(20_000)}`),
        431,
        'headers.too-large',
      ],
      [
        'a target of 20 kB',
        lines(`POST /_standin/reset?${'a'.repeat(20_000)} HTTP/1.1`, 'Host: localhost'),
        431,
        'headers.too-large',
      ],
      [
        'CONNECT',
        lines('CONNECT localhost:4020 HTTP/1.1', 'Host: localhost'),
        405,
        'method.not-allowed',
      ],
      [
        'TRACE',
        lines('TRACE /_standin/reset HTTP/1.1', 'Host: localhost'),
        405,
        'method.not-allowed',
      ],
      ['OPTIONS *', lines('OPTIONS * HTTP/1.1', 'Host: localhost'), 404, 'route.unknown'],
      [
        'OPTIONS of the admin API',
        lines(
          'OPTIONS /_standin/reset HTTP/1.1',
          'Host: localhost',
          'Access-Control-Request-Method: POST',
        ),
        405,
        'method.not-allowed',
      ],
      [
        'a preflight of another site',
        lines(
          'OPTIONS /_standin/reset HTTP/1.1',
          'Host: localhost',
          'Origin: https://evil.test',
          'Access-Control-Request-Method: POST',
        ),
        403,
        'origin.foreign',
      ],
      [
        'a websocket',
        lines(
          'GET /_standin/reset HTTP/1.1',
          'Host: localhost',
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ),
        405,
        'method.not-allowed',
      ],
      [
        'an upgrade to HTTP/2',
        lines(
          RESET.replace('reset', 'nope'),
          'Host: localhost',
          'Connection: Upgrade, HTTP2-Settings',
          'Upgrade: h2c',
          'HTTP2-Settings: AAMAAABkAAQAAP__',
        ),
        404,
        'route.unknown',
      ],
      [
        'a method in lower case',
        lines('post /_standin/reset HTTP/1.1', 'Host: localhost'),
        400,
        'http.malformed',
      ],
      [
        'the admin API without its prefix',
        lines('POST /reset HTTP/1.1', 'Host: localhost', 'Content-Length: 0'),
        404,
        'route.unknown',
      ],
      [
        'the admin API, encoded',
        lines('POST /%5fstandin/reset HTTP/1.1', 'Host: localhost', 'Content-Length: 0'),
        404,
        'route.unknown',
      ],
      [
        'the admin API, with another escaped letter',
        lines('POST /_s%74andin/reset HTTP/1.1', 'Host: localhost', 'Content-Length: 0'),
        404,
        'route.unknown',
      ],
      [
        'the admin API behind dots',
        lines('POST /v3/../_standin/reset HTTP/1.1', 'Host: localhost', 'Content-Length: 0'),
        404,
        'route.unknown',
      ],
      [
        'the admin API behind two slashes',
        lines('POST //_standin/reset HTTP/1.1', 'Host: localhost', 'Content-Length: 0'),
        404,
        'route.unknown',
      ],
      [
        'chunks that are none',
        post(good, 'Transfer-Encoding: chunked') + `0\r\n\r\n`,
        400,
        'body.malformed',
      ],
      [
        'chunk extensions of 20 kB',
        post(good, 'Transfer-Encoding: chunked') + `5;${'a'.repeat(20_000)}\r\nabcde\r\n0\r\n\r\n`,
        400,
        'http.malformed',
      ],
      [
        'a chunk of a negative size',
        post(good, 'Transfer-Encoding: chunked') + '-1\r\n\r\n',
        400,
        'http.malformed',
      ],
      [
        'a chunk beyond all sizes',
        post(good, 'Transfer-Encoding: chunked') + 'fffffffffffffffff\r\n',
        400,
        'http.malformed',
      ],
      [
        'a chunk that ends in a bare line feed',
        post(good, 'Transfer-Encoding: chunked') + '5\nabcde\n0\n\n',
        400,
        'http.malformed',
      ],
    ]

  test.each(CASES)(
    '%s: the first answer has the expected status and reason',
    async (_, bytes, status, reason) => {
      const server = await createSandbox()
      await createCryptlexUser(server).expect(201)
      const answer = await firstAnswer(server, bytes)
      expect([answer.status, answer.reason]).toEqual([status, reason])
      expect(answer.head).not.toMatch(/^Access-Control-/im)
    },
  )
})

describe('a web page', () => {
  interface Spec {
    readonly paths: Record<string, Record<string, { operationId?: string }>>
  }
  const spec = load(readFileSync('specs/standin.yaml', 'utf8')) as Spec
  const changing = Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { operationId }]) =>
      operationId !== undefined && method !== 'get'
        ? [{ id: operationId, method: method.toUpperCase(), path: path.replaceAll(/{\w+}/g, 'a') }]
        : [],
    ),
  )

  const PAGES: readonly (readonly [what: string, headers: Record<string, string>])[] = [
    ['of another site', FOREIGN],
    ['of another site, its host in capitals', { Origin: 'HTTPS://EVIL.TEST' }],
    ['of an opaque origin: a file, a sandboxed frame, a redirect', { Origin: 'null' }],
    ['of another port of this machine', { Origin: 'http://localhost:3000' }],
    ['of the same port of another name', { Origin: 'http://evil.localhost:4020' }],
    ['of a name that begins like ours', { Origin: 'http://localhost:4020.evil.test' }],
    ['that names a user', { Origin: 'http://localhost:4020@evil.test' }],
    ['of two origins', { Origin: 'http://localhost:4020, https://evil.test' }],
    ['of an extension', { Origin: 'chrome-extension://abcdefghijklmnop' }],
    ['with an empty origin', { Origin: '' }],
    ['without an origin, cross-site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['without an origin, same-site', { 'Sec-Fetch-Site': 'same-site' }],
    [
      'that states a navigation, with a method other than GET',
      {
        'Sec-Fetch-Site': 'cross-site',
        'Sec-Fetch-Mode': 'navigate',
        'Sec-Fetch-Dest': 'document',
      },
    ],
  ]

  test.each(PAGES)('%s cannot change anything through the admin API', async (_, headers) => {
    const server = await createSandbox({ autoSandboxes: true })
    await createCryptlexUser(server).expect(201)
    const caller = createCaller(server)
    await caller.put('/_standin/snapshots/a')
    const before = stateOf(server)
    for (const { id, method, path } of changing) {
      for (const prefix of ['', '/~default', '/~fresh']) {
        for (const type of ['application/json', 'text/plain', undefined]) {
          const answer = await caller.send({
            method,
            path: `${prefix}/_standin${path}`,
            body: '{}',
            headers: { Host: 'localhost:4020', 'Content-Type': type ?? '', ...headers },
          })
          expect([id, answer.status, answer.reason]).toEqual([id, 403, 'origin.foreign'])
          expect(answer.head).not.toMatch(/^Access-Control-/im)
        }
      }
    }
    expect(stateOf(server)).toEqual(before)
    const { sandboxes } = (await caller.get('/_standin/sandboxes')).json<{ sandboxes: object[] }>()
    expect(sandboxes).toHaveLength(1)
  })

  test('of another site cannot read the admin API, but may link to it', async () => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const get = async (headers: Record<string, string>) => {
      const answer = await caller.get('/_standin/users', { Host: 'localhost:4020', ...headers })
      expect(answer.head).not.toMatch(/^Access-Control-/im)
      return answer.status
    }
    const cross = { 'Sec-Fetch-Site': 'cross-site' }
    expect(await get(FOREIGN)).toBe(403)
    expect(await get({ Origin: 'null' })).toBe(403)
    expect(await get({ ...cross, 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' })).toBe(
      403,
    )
    const link = { ...cross, 'Sec-Fetch-Mode': 'navigate' }
    expect(await get({ ...link, 'Sec-Fetch-Dest': 'iframe' })).toBe(403)
    expect(await get({ ...link, 'Sec-Fetch-Dest': 'document' })).toBe(200)
    expect(await get({ 'Sec-Fetch-Site': 'none' })).toBe(200)
    expect(await get({ Origin: 'http://localhost:4020' })).toBe(200)
    expect(await get({ 'Sec-Fetch-Site': 'same-origin', Origin: 'http://LOCALHOST:4020' })).toBe(
      200,
    )
  })

  test('of another site does not create a sandbox', async () => {
    const server = await createSandbox({ autoSandboxes: true })
    const caller = createCaller(server)
    const headers = { Host: 'localhost', ...FOREIGN }
    expect((await caller.get('/~fresh/v3/x', headers)).reason).toBe('sandbox.unknown')
    expect((await caller.get('/v3/x', { ...headers, Host: 'fresh.localhost' })).status).toBe(404)
    expect((await caller.get('/~fresh/v3/x')).reason).toBe('route.unknown')
  })

  /** Bodies that a form or a script can send without a preflight. */
  const FORMS = [
    ['text/plain', '{"by":"1h"}='],
    ['application/x-www-form-urlencoded', 'by=1h'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="by"\r\n\r\n1h\r\n--x--',
    ],
    ['', '{"by":"1h"}'],
    ['application/json-seq', '{"by":"1h"}'],
    ['text/plain;application/json', '{"by":"1h"}'],
    ['application/csp-report', '{"by":"1h"}'],
    ['application/reports+json', '[]'],
  ] as const

  test.each(FORMS)(
    'cannot send a body of type %s to the admin API, whatever its origin',
    async (type, body) => {
      const server = await createSandbox()
      const caller = createCaller(server)
      const before = stateOf(server)
      const sent: Sent = {
        method: 'POST',
        path: '/_standin/clock/advance',
        body,
        headers: { Host: 'localhost', 'Content-Type': type },
      }
      expect((await caller.send(sent)).reason).toBe('media.unsupported')
      const headers = { ...sent.headers, Origin: 'null' }
      expect((await caller.send({ ...sent, headers })).reason).toBe('origin.foreign')
      expect(stateOf(server)).toEqual(before)
    },
  )

  test('of another site creates no user with the credentials of the package', async () => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const before = stateOf(server)
    for (const origin of [FOREIGN.Origin, 'null', 'http://127.0.0.1.evil.test']) {
      for (const api of ['mykaarma', 'cryptlex', 'formsonfire'] as const) {
        const sent = creation(api)
        const headers = { ...sent.headers, Origin: origin }
        const answer = await caller.send({ ...sent, headers })
        expect([answer.status, answer.reason]).toEqual([403, 'origin.foreign'])
        expect(answer.head).not.toMatch(/^Access-Control-/im)
      }
    }
    expect(stateOf(server)).toEqual(before)
  })

  test("of this machine may call a vendor's API and gets no CORS headers", async () => {
    const caller = createCaller(await createSandbox())
    for (const [i, origin] of [
      'http://localhost:3000',
      'http://127.0.0.1:5173',
      'https://app.localhost',
    ].entries()) {
      const sent = creation('cryptlex', { email: `${i}@example.test` })
      const answer = await caller.send({ ...sent, headers: { ...sent.headers, Origin: origin } })
      expect(answer.status).toBe(201)
      expect(answer.head).not.toMatch(/^Access-Control-/im)
      const preflight = await caller.send({
        method: 'OPTIONS',
        path: CRYPTLEX,
        headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
      })
      expect([preflight.status, preflight.reason]).toEqual([405, 'method.not-allowed'])
    }
  })

  test("in --cors-origins may call the vendors' APIs only", async () => {
    const server = await createSandbox({ corsOrigins: ['https://app.test'] })
    const caller = createCaller(server)
    const origin = { Origin: 'https://app.test', 'Sec-Fetch-Site': 'cross-site' }
    for (const api of ['mykaarma', 'cryptlex', 'formsonfire'] as const) {
      const sent = creation(api)
      const preflight = await caller.send({
        method: 'OPTIONS',
        path: sent.path,
        headers: {
          ...origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'authorization,content-type',
        },
      })
      expect([preflight.status, preflight.text]).toEqual([204, ''])
      expect(preflight.header('Access-Control-Allow-Origin')).toBe('https://app.test')
      expect(preflight.header('Access-Control-Allow-Methods')).toContain('POST')
      expect(preflight.header('Access-Control-Allow-Headers')).toBe('authorization,content-type')
      expect(preflight.header('Access-Control-Allow-Credentials')).toBeUndefined()
      const answer = await caller.send({ ...sent, headers: { ...sent.headers, ...origin } })
      expect(answer.status).toBeLessThan(300)
      expect(answer.header('Access-Control-Allow-Origin')).toBe('https://app.test')
      expect(answer.header('Vary')).toContain('Origin')
      const again = await caller.send({ ...sent, headers: { ...sent.headers, ...origin } })
      expect(again.reason).toBe('user.duplicate')
      expect(again.header('Access-Control-Allow-Origin')).toBe('https://app.test')
      const other = await caller.send({ ...sent, headers: { ...sent.headers, ...FOREIGN } })
      expect(other.reason).toBe('origin.foreign')
    }
    expect((await caller.create('formsonfire', { Email: 'b@example.test' })).header('Vary')).toBe(
      'Origin, Accept',
    )
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const headers = { ...origin, 'Access-Control-Request-Method': 'POST' }
      const answer = await caller.send({ method, path: '/_standin/reset', headers })
      expect(answer.reason).toBe('origin.foreign')
      expect(answer.head).not.toMatch(/^Access-Control-/im)
    }
  })
})

describe('the token of the admin API', () => {
  const users = (given: Record<string, string>) => ({ path: '/_standin/users', headers: given })
  const RIGHT = [{ 'Standin-Admin-Token': TOKEN }, { Authorization: `bearer ${TOKEN}` }]
  const WRONG: readonly (readonly [headers: Record<string, string>, reason: string])[] = [
    [{}, 'admin.token-missing'],
    [{ Authorization: `Basic ${btoa(`admin:${TOKEN}`)}` }, 'admin.token-missing'],
    [{ Authorization: 'Basic cGFydG5lcjpwYXJ0bmVyLXNlY3JldA==' }, 'admin.token-missing'],
    [{ Authorization: 'Bearer standin-token' }, 'admin.token-wrong'],
    [{ Authorization: `Bearer ${TOKEN}x` }, 'admin.token-wrong'],
    [{ Authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 'admin.token-wrong'],
    [{ Authorization: `Bearer ${TOKEN.toUpperCase()}` }, 'admin.token-wrong'],
    [{ Authorization: `Bearer ${TOKEN} ${TOKEN}` }, 'admin.token-missing'],
    [{ 'Standin-Admin-Token': '' }, 'admin.token-wrong'],
    [{ 'Standin-Admin-Token': 'none' }, 'admin.token-wrong'],
    [{ 'Standin-Admin-Token': `${TOKEN}, ${TOKEN}` }, 'admin.token-wrong'],
    [{ 'Standin-Admin-Token': 'x', Authorization: `Bearer ${TOKEN}` }, 'admin.token-wrong'],
  ]

  test('opens it; without the token only health and ready answer', async () => {
    const server = await createSandbox({ adminToken: TOKEN })
    const caller = createCaller(server)
    for (const headers of RIGHT)
      expect((await caller.get('/_standin/users', headers)).status).toBe(200)
    const before = stateOf(server)
    for (const [headers, reason] of WRONG) {
      for (const path of [
        '/_standin/users',
        '/~default/_standin/reset',
        '/_standin/nope',
        '/_STANDIN/state',
      ]) {
        const answer = await caller.send({ method: 'GET', path, headers })
        expect([answer.status, answer.reason]).toEqual([401, reason])
        expect(answer.header('WWW-Authenticate')).toBe('Bearer realm="standin"')
        expect(answer.text).not.toContain(TOKEN)
      }
    }
    for (const path of ['/_standin/health', '/_standin/ready']) {
      expect((await caller.get(path)).status).toBe(200)
    }
    expect((await caller.get('/_standin/health/')).status).toBe(401)
    expect((await caller.create('cryptlex')).status).toBe(201)
    expect(stateOf(server).document).not.toEqual(before.document)
  })

  test('does not open it to a web page of another site', async () => {
    const caller = createCaller(await createSandbox({ adminToken: TOKEN }))
    const { path, headers } = users({ ...RIGHT[0], ...FOREIGN })
    expect((await caller.get(path, headers)).reason).toBe('origin.foreign')
  })

  /** Makes the callers of the server appear at this address. */
  function callersAt(server: TestSandbox, value: string): void {
    atEachRequest(server, ({ socket }) =>
      Object.defineProperty(socket, 'remoteAddress', { value, configurable: true }),
    )
  }

  test('is needed by callers from other machines', async () => {
    const server = await createSandbox({ host: '0.0.0.0' })
    const caller = createCaller(server)
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
      callersAt(server, address)
      expect((await caller.get('/_standin/users')).status).toBe(200)
    }
    for (const address of ['172.18.0.1', '::ffff:10.0.0.1', 'fe80::1', '8.8.8.8']) {
      callersAt(server, address)
      const answer = await caller.get('/_standin/users', { Authorization: 'Bearer standin-token' })
      expect([answer.status, answer.reason]).toEqual([403, 'admin.closed'])
      expect(answer.text).toContain('set STANDIN_ADMIN_TOKEN for the server and its callers')
      expect((await caller.get('/_standin/ready')).status).toBe(200)
    }
    expect((await caller.create('cryptlex')).status).toBe(201)
  })

  test('is not needed if it is none', async () => {
    const server = await createSandbox({ host: '0.0.0.0', adminToken: 'none' })
    callersAt(server, '172.18.0.1')
    expect((await createCaller(server).get('/_standin/users')).status).toBe(200)
  })
})

describe('the session of a browser', () => {
  const OWN = { 'Sec-Fetch-Site': 'same-origin' }
  /** Of the host that the callers name. */
  const ORIGIN = 'http://localhost'
  const CHANGES = [
    ['POST', '/_standin/reset'],
    ['DELETE', '/_standin/requests'],
    ['PUT', '/_standin/snapshots/a'],
  ] as const

  /** Sends the token as the dashboard does; returns the header Set-Cookie and its first part. */
  async function open(server: TestSandbox, base = '') {
    const caller = createCaller(server)
    const answer = await caller.post(`${base}/_standin/session`, { token: TOKEN }, OWN)
    expect([answer.status, answer.text]).toEqual([200, '{"open":true}'])
    const set = answer.header('Set-Cookie')!
    return { caller, set, cookie: { Cookie: set.split(';')[0]! } }
  }

  test('stands for the token, in a cookie that does not hold it', async () => {
    const server = await createSandbox({ adminToken: TOKEN })
    const { caller, set, cookie } = await open(server)
    expect(set).toMatch(/^standin-session-\d+=[\w-]{43}; HttpOnly; SameSite=Strict$/) // its path is that of the call
    expect(set).not.toContain(TOKEN)
    expect((await open(server)).set).not.toBe(set)
    expect((await caller.get('/_standin/users', cookie)).status).toBe(200)
    expect((await caller.get('/_standin/', { ...cookie, Accept: 'text/html' })).status).toBe(200)
    const own = [OWN, { Origin: ORIGIN }, { ...OWN, Origin: ORIGIN }]
    for (const headers of own) {
      for (const [method, path] of CHANGES) {
        const answer = await caller.send({ method, path, headers: { ...cookie, ...headers } })
        expect([method, answer.status]).toEqual([method, 200])
      }
    }
    const wrong = { ...cookie, 'Standin-Admin-Token': 'another-token' }
    expect((await caller.get('/_standin/users', wrong)).reason).toBe('admin.token-wrong')
    for (const Cookie of [
      `${cookie.Cookie}x`,
      cookie.Cookie.replace(/=.*/, `=${TOKEN}`),
      cookie.Cookie.replace(/=.*/, '='),
      cookie.Cookie.replace(/-\d+=/, '-1='),
    ]) {
      expect((await caller.get('/_standin/users', { Cookie })).reason).toBe('admin.token-missing')
    }
    const several = { Cookie: `a=b; standin-session-80=old; ${cookie.Cookie}` }
    expect((await caller.get('/_standin/users', several)).status).toBe(200)
  })

  test('begins with the right token only', async () => {
    const server = await createSandbox({ adminToken: TOKEN })
    const caller = createCaller(server)
    for (const token of [`${TOKEN}x`, TOKEN.slice(0, -1), 'x', TOKEN.toUpperCase(), 'none']) {
      const answer = await caller.post('/_standin/session', { token }, OWN)
      expect([answer.status, answer.reason]).toEqual([401, 'admin.token-wrong'])
      expect(answer.header('Set-Cookie')).toBeUndefined()
      expect(answer.text).not.toContain(token.length > 4 ? token : TOKEN)
    }
    // Sent by a form of another site, if the browser let it.
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const sent = await caller.post('/_standin/session', `token=${TOKEN}`, form)
    expect([sent.status, sent.reason]).toEqual([415, 'media.unsupported'])
    const without = await caller.post('/_standin/session', { sandbox: 'checkout' }, OWN)
    expect([without.status, without.reason]).toEqual([401, 'admin.token-missing'])
  })

  test('is of no use to pages of other origins', async () => {
    const server = await createSandbox({ adminToken: TOKEN })
    const { caller, cookie } = await open(server)
    const before = stateOf(server)
    const foreign: readonly Record<string, string>[] = [
      FOREIGN,
      { Origin: 'null' },
      { Origin: 'http://localhost:1' },
      { Origin: `http://127.0.0.1:${server.port + 1}` },
      { Origin: `https://evil.test:${server.port}` },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' },
    ]
    for (const headers of foreign) {
      for (const [method, path] of [...CHANGES, ['GET', '/_standin/users'] as const]) {
        const answer = await caller.send({ method, path, headers: { ...cookie, ...headers } })
        expect([answer.status, answer.reason]).toEqual([403, 'origin.foreign'])
      }
      const opened = await caller.post('/_standin/session', { token: TOKEN }, headers)
      expect([opened.reason, opened.header('Set-Cookie')]).toEqual(['origin.foreign', undefined])
    }
    // Without either header, the request is from an old browser or hides its origin.
    const silent = [{}, { 'Sec-Fetch-Site': 'none' }, { Origin: ORIGIN, 'Sec-Fetch-Site': 'none' }]
    for (const headers of silent) {
      for (const [method, path] of CHANGES) {
        const answer = await caller.send({ method, path, headers: { ...cookie, ...headers } })
        expect([answer.status, answer.reason]).toEqual([403, 'origin.missing'])
      }
    }
    expect(stateOf(server)).toEqual(before)
  })

  test('reaches other sandboxes by an extension, and ends in all of them', async () => {
    const server = await createSandbox({ adminToken: TOKEN })
    const { caller, cookie } = await open(server)
    const sent = { ...cookie, ...OWN }
    await caller.post('/_standin/sandboxes', { name: 'checkout' }, sent)
    const more = await caller.post('/_standin/session', { sandbox: 'checkout' }, sent)
    expect(more.header('Set-Cookie')).toBe(
      `${cookie.Cookie}; Path=/~checkout/_standin; HttpOnly; SameSite=Strict`,
    )
    expect((await caller.get('/~checkout/_standin/users', cookie)).status).toBe(200)
    const end = await caller.send({ method: 'DELETE', path: '/_standin/session', headers: sent })
    expect(end.header('Set-Cookie')).toMatch(/^standin-session-\d+=; .*Max-Age=0$/)
    expect((await caller.get('/~checkout/_standin/users', cookie)).reason).toBe(
      'admin.token-missing',
    )
  })

  test('ends with the process', async () => {
    const folder = createFolder()
    const first = await createSandbox({ adminToken: TOKEN, data: folder })
    const { cookie } = await open(first)
    await first.close()
    const second = await createSandbox({ adminToken: TOKEN, data: folder, port: first.port })
    const answer = await createCaller(second).get('/_standin/users', cookie)
    expect(answer.reason).toBe('admin.token-missing')
  })

  test('is not needed without a token, and opens nothing to other machines', async () => {
    const caller = createCaller(await createSandbox())
    const answer = await caller.post('/_standin/session', { token: 'any' }, OWN)
    expect([answer.text, answer.header('Set-Cookie')]).toEqual(['{"open":false}', undefined])
  })

  test('is in no log', async () => {
    const server = await createSandbox({ adminToken: TOKEN })
    const { caller, cookie } = await open(server)
    await caller.get('/nothing', cookie)
    await caller.post('/_standin/reset', {}, { ...cookie, ...FOREIGN })
    const { text } = await caller.get('/_standin/requests', cookie)
    expect(text).toContain('/nothing')
    expect(text).not.toContain(cookie.Cookie.split('=')[1])
  })
})

describe('slow and numerous connections', () => {
  /** Sends bytes, waits until the server closes the connection, and returns what it sent. */
  async function untilClosed({ port }: TestSandbox, bytes: string | Buffer): Promise<string> {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    await new Promise((resolve) => socket.on('error', resolve).on('close', resolve))
    return text
  }

  test('headers that do not end are answered with 408', async () => {
    const server = await createSandbox({ headerTimeout: 100 })
    const text = await untilClosed(server, `${RESET}\r\nHost: localhost\r\nA: `)
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*^Standin-Reason: headers\.too-slow\r$/m)
  })

  test('a silent connection is closed after the header timeout', async () => {
    const server = await createSandbox({ headerTimeout: 100 })
    await untilClosed(server, '')
  })

  test('headers that trickle in get no extra time', async () => {
    const server = await createSandbox({ headerTimeout: 300 })
    const socket = connect(server.port, '127.0.0.1', () => socket.write(`${RESET}\r\n`))
    const trickle = setInterval(() => socket.write('A: b\r\n'), 20)
    let text = ''
    socket.on('data', (chunk) => (text += String(chunk)))
    await new Promise((resolve) => socket.on('error', resolve).on('close', resolve))
    clearInterval(trickle)
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
  })

  const ENDLESS = [
    ['refused, with a length', 'POST /_standin/nope', 'Content-Length: 1000000', 404],
    ['refused, in chunks', 'POST /_standin/nope', 'Transfer-Encoding: chunked', 404],
    ['without credentials', `POST ${CRYPTLEX}`, 'Content-Length: 1000000', 401],
    ['not read', 'POST /_standin/reset', 'Content-Length: 1000000', 200],
    ['of a GET', 'GET /_standin/health', 'Content-Length: 1000000', 200],
    ['to a foreign host', 'GET http://evil.test/', 'Content-Length: 1000000', 421],
    ['read by the operation', 'POST /_standin/clock/advance', 'Content-Length: 1000', 408],
  ] as const

  test.each(ENDLESS)('an endless body does not hold its connection: %s', async (...row) => {
    const [, line, framing, status] = row
    const server = await createSandbox({ bodyTimeout: 100 })
    const head = lines(
      `${line} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: application/json',
      framing,
    )
    const text = await untilClosed(server, head + (framing.startsWith('T') ? '4\r\nabcd\r\n' : '{'))
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  test('endless data after a compressed body does not hold its connection', async () => {
    const server = await createSandbox({ bodyTimeout: 100 })
    const { path, headers, body } = creation('cryptlex')
    const packed = Buffer.concat([gzipSync(JSON.stringify(body)), Buffer.alloc(4)])
    const head = lines(
      `POST ${path} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: application/json',
      'Content-Encoding: gzip',
      'Content-Length: 1000000',
      ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    )
    const text = await untilClosed(server, Buffer.concat([Buffer.from(head), packed]))
    expect(text).toMatch(/^HTTP\/1\.1 201 /)
  })

  test('an endless body of a preflight does not hold its connection', async () => {
    const server = await createSandbox({ bodyTimeout: 100, corsOrigins: ['http://app.test'] })
    const head = lines(
      `OPTIONS ${CRYPTLEX} HTTP/1.1`,
      'Host: localhost',
      'Origin: http://app.test',
      'Access-Control-Request-Method: POST',
      'Content-Length: 1000000',
    )
    expect(await untilClosed(server, `${head}{`)).toMatch(/^HTTP\/1\.1 204 /)
  })

  test.each([
    ['a malformed request', 'nonsense'],
    ['CONNECT', 'CONNECT example.test:443 HTTP/1.1'],
  ])('a caller that keeps its side open after %s does not hold the connection', async (_, line) => {
    const server = await createSandbox({ bodyTimeout: 100 })
    const taken: Socket[] = []
    const listener = (message: unknown) => {
      const { socket } = message as { socket: Socket } // documented by Node for this channel
      if (socket.localPort === server.port) taken.push(socket)
    }
    subscribe('net.server.socket', listener)
    onTestFinished(() => void unsubscribe('net.server.socket', listener))
    const options = { port: server.port, host: '127.0.0.1', allowHalfOpen: true }
    const socket = connect(options, () => socket.write(lines(line))).resume()
    onTestFinished(() => void socket.destroy())
    await new Promise((resolve) => socket.once('end', resolve))
    await eventually(() => expect(taken.map(({ destroyed }) => destroyed)).toEqual([true]))
  })

  test('a client that writes its whole body before it reads gets the refusal', async () => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const headers = { Authorization: 'x' }
    for (let i = 0; i < 2; i++) {
      const answer = await caller.post(CRYPTLEX, 'a'.repeat(900_000), headers)
      expect(answer.status).toBe(401)
      expect(answer.header('Connection')).toBe('keep-alive')
    }
  })

  test('an answer that is not fetched does not hold its connection', async () => {
    const server = await createSandbox({ bodyTimeout: 100 })
    await server.sandbox.seed(20_000, ['cryptlex'])
    const socket = connect(server.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.pause()
    const requests: IncomingMessage[] = []
    atEachRequest(server, (request) => requests.push(request))
    socket.write(lines('GET /_standin/state HTTP/1.1', 'Host: localhost'))
    await eventually(() => expect(requests).toHaveLength(1))
    await eventually(() => expect(requests[0]!.socket.destroyed).toBe(true))
    expect(socket.bytesRead).toBeLessThan(8_000_000)
  })

  test('connections beyond the limit get a 503 and are served once others are closed', async () => {
    const server = await createSandbox({ maxConnections: 5 })
    const first = [0, 1, 2, 3, 4].map(() => createCaller(server))
    for (const caller of first) expect((await caller.get('/_standin/health')).status).toBe(200)
    const another = createCaller(server)
    const answer = await another.get('/_standin/health')
    expect([answer.status, answer.reason]).toEqual([503, 'connections.too-many'])
    expect([answer.header('Connection'), answer.header('Retry-After')]).toEqual(['close', '1'])
    expect(answer.text).toContain('--max-connections')
    expect((await first[0]!.get('/_standin/health')).status).toBe(200)
    first[1]!.close()
    await eventually(async () => expect((await another.get('/_standin/health')).status).toBe(200))
  })

  test('connections beyond twice the limit are closed at once', async () => {
    const server = await createSandbox({ maxConnections: 1 })
    const two = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')]
    onTestFinished(() => two.forEach((socket) => socket.destroy()))
    await Promise.all(two.map((socket) => new Promise((open) => socket.once('connect', open))))
    expect(await untilClosed(server, lines(GET))).toBe('')
  })
})

test('docs/security.md lists every reason and option of the guard', () => {
  const text = readFileSync('docs/security.md', 'utf8')
  const reasons = [
    ...readFileSync('src/server/guard.ts', 'utf8').matchAll(/Problem\(\s*(\d+),\s*'([^']+)'/g),
  ]
  expect(reasons.length).toBeGreaterThan(7)
  for (const [, status, reason] of reasons) {
    expect(text).toMatch(new RegExp(`^\\| \`${reason}\` +\\| ${status} `, 'm'))
  }
  for (const option of ['allowed-hosts', 'cors-origins', 'admin-token', 'max-connections']) {
    expect(text).toContain(`--${option}`)
  }
})
