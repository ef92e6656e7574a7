import { readFileSync } from 'node:fs'
import { createServer, request, type RequestListener } from 'node:http'
import {
  createServer as createSocketServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { load } from 'js-yaml'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ROUTES } from '../../src/client/routes.gen.ts'
import { connectStandin, StandinError } from '../../src/index.ts'
import { closing, created, serverWith, TOKEN } from './helpers.ts'
import { eventually } from '../helpers/time.ts'

/** Returns the error with which a promise is rejected. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  const [result] = await Promise.allSettled([promise])
  if (result.status === 'fulfilled') throw new Error('It was fulfilled')
  return result.reason as Error // nothing else is thrown
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await eventually(() => expect(server.listening).toBe(true))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port
}

const other = (answer: RequestListener) => listening(createServer(answer))

/** Forwards requests to a server. */
function proxyTo(url: string): RequestListener {
  return (from, to) => {
    const { method = 'GET', headers } = from
    const sent = request(`${url}${from.url}`, { method, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(to)
    })
    from.pipe(sent)
  }
}

test('the client knows every route of the admin API', () => {
  const { paths } = load(readFileSync('specs/standin.yaml', 'utf8')) as {
    paths: Record<string, Record<string, { operationId?: string }>>
  } // checked by the tests of the specs
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId }]) =>
      operationId === undefined ? [] : [[operationId, `${method.toUpperCase()} ${path}`] as const],
    ),
  )
  expect(Object.fromEntries(routes)).toEqual(ROUTES)
})

describe('errors when connecting', () => {
  test('no server answers', async () => {
    const server = createSocketServer()
    const url = await listening(server)
    server.close()
    const error = await rejection(connectStandin(url))
    expect(error).toBeInstanceOf(StandinError)
    expect(error).toMatchObject({ status: 0, reason: 'server.unreachable' })
    expect(error.message).toMatch(new RegExp(`^No Standin at ${url}: connect ECONNREFUSED`))
  })

  test.each<[what: string, answer: RequestListener, message: RegExp]>([
    ['a page', (_, to) => to.end('<h1>hello</h1>'), /is not a Standin: it answered 200$/],
    ['a 404', (_, to) => to.writeHead(404).end('{}'), /is not a Standin: it answered 404$/],
    ['a redirect', (_, to) => to.writeHead(302, { Location: '/' }).end(), /it answered 302$/],
    ['other JSON', (_, to) => to.end('{"status":"ok"}'), /is not a Standin of this version$/],
    ['a broken connection', (from) => from.socket.destroy(), /^No Standin at .*: socket hang up$/],
  ])('another server answers with %s', async (_, answer, message) => {
    const error = await rejection(connectStandin(await other(answer)))
    expect(error).toBeInstanceOf(StandinError)
    expect(error.message).toMatch(message)
  })

  test.each(['localhost:4020', 'ftp://localhost', ''])('%j is not a URL', async (url) => {
    await expect(connectStandin(url)).rejects.toThrow(
      `The URL must be http or https, such as http://localhost:4020, got ${JSON.stringify(url)}`,
    )
  })

  test('the admin token is missing or wrong', async () => {
    const url = await serverWith({ adminToken: TOKEN })
    expect(await rejection(connectStandin(url))).toMatchObject({
      status: 401,
      reason: 'admin.token-missing',
    })
    expect(await rejection(connectStandin({ url, adminToken: 'another-token' }))).toMatchObject({
      status: 401,
      reason: 'admin.token-wrong',
    })
  })

  test('the sandbox does not exist', async () => {
    const url = await serverWith()
    const error = await rejection(connectStandin({ url, sandbox: 'checkout' }))
    expect(error).toMatchObject({ status: 404, reason: 'sandbox.unknown' })
  })
})

describe('an existing sandbox', () => {
  test('is selected by name or by URL, and remains when the client is closed', async () => {
    const url = await serverWith()
    const standin = closing(await connectStandin(`${url}/`))
    const made = await standin.sandbox({ name: 'checkout' })
    for (const target of [{ url, sandbox: 'checkout' }, made.url, `${made.url}/`]) {
      const found = await connectStandin(target)
      expect([found.name, found.url]).toEqual(['checkout', made.url])
      await found.close()
    }
    expect((await connectStandin(made.url)).name).toBe('checkout')
  })

  test('may be default', async () => {
    const url = await serverWith()
    const found = closing(await connectStandin({ url, sandbox: 'default' }))
    expect([found.name, found.url]).toEqual(['default', url])
  })
})

describe('created sandboxes', () => {
  test('are removed, nested ones too, when their client is closed', async () => {
    const url = await serverWith()
    const standin = await connectStandin(url)
    const outer = await standin.sandbox({ name: 'outer' })
    const inner = await outer.sandbox({ name: 'inner' })
    await created(inner)
    await standin.close()
    for (const sandbox of ['outer', 'inner']) {
      expect(await rejection(connectStandin({ url, sandbox }))).toMatchObject({ status: 404 })
    }
  })

  test('are removed at the end of an await using block', async () => {
    const url = await serverWith()
    await using standin = await connectStandin(url)
    {
      await using sandbox = await standin.sandbox({ name: 'short' })
      await created(sandbox)
    }
    expect(await rejection(connectStandin({ url, sandbox: 'short' }))).toMatchObject({
      status: 404,
    })
  })

  test('expire an hour after their last use, or after ttl', async () => {
    const url = await serverWith()
    const standin = closing(await connectStandin(url))
    const hour = 3_600_000
    for (const [options, lifetime] of [
      [{}, hour],
      [{ ttl: '5m' }, 300_000],
      [{ ttl: 90_000 }, 90_000],
    ] as const) {
      const before = Date.now()
      const { name } = await standin.sandbox(options)
      const shown = await fetch(`${url}/_standin/sandboxes/${name}`)
      const { expiresAt } = (await shown.json()) as { expiresAt: string }
      // Its last use is this request at the latest.
      expect(Date.parse(expiresAt)).toBeGreaterThanOrEqual(before + lifetime)
      expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + lifetime)
    }
  })

  test('may already be removed when they are closed, and the server may be stopped', async () => {
    const url = await serverWith()
    const standin = await connectStandin(url)
    const sandbox = await standin.sandbox()
    await fetch(`${url}/_standin/sandboxes/${sandbox.name}`, { method: 'DELETE' })
    await sandbox.close()
    await standin.close()

    let answers = true
    const pass = proxyTo(url)
    const distant = await connectStandin(
      await other((from, to) => (answers ? pass(from, to) : from.socket.destroy())),
    )
    const lost = await distant.sandbox()
    answers = false
    await lost.close()
    await distant.close()
  })
})

test('a request is repeated on a new connection if the server closed the idle one', async () => {
  const pass = proxyTo(await serverWith())
  const used = new Set<Socket>()
  let broken = 0
  // Acts as a server whose idle timeout ends at this moment.
  const url = await other((from, to) => {
    if (used.has(from.socket)) {
      broken++
      from.socket.resetAndDestroy()
      return
    }
    used.add(from.socket)
    pass(from, to)
  })
  const standin = closing(await connectStandin(url))
  for (let i = 0; i < 3; i++) expect(await standin.users.list()).toEqual([])
  expect(broken).toBeGreaterThan(0)
})

test('a pending call fails when the client is closed', async () => {
  const standin = await connectStandin(await serverWith())
  const waiting = rejection(standin.requests.await({}, { timeout: '5m' }))
  await standin.users.list() // the pending call was sent before this one
  await standin.close()
  expect((await waiting).message).toMatch(/ is closed: /)
})
