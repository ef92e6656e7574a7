import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { FrontPage } from '../../src/admin/contract.gen.ts'
import { VERSION } from '../../src/package.ts'
import { createCaller, type Answer, type Caller } from '../helpers/caller.ts'
import { createSandbox, type Settings } from '../helpers/sandbox.ts'

/** The Accept header of a browser. */
const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const TOKEN = 'a-token-for-the-admin-api'
const EVERYWHERE = ['/', '/_standin', '/_standin/', '/_STANDIN']

const fresh = async (settings: Settings = {}) => createCaller(await createSandbox(settings))

/** Expects the dashboard: a page without data, whose scripts and styles are this server's files. */
function expectDashboard(page: Answer): void {
  const policy = page.header('Content-Security-Policy')
  expect(policy).toContain("default-src 'self';")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
  expect(page.header('X-Content-Type-Options')).toBe('nosniff')
  expect(page.header('Cache-Control')).toBe('no-store')
  expect(page.header('Content-Type')).toBe('text/html; charset=utf-8')
  expect(page.text).toContain('<div id="app"></div>')
  expect(page.text).not.toMatch(/<style|style=|<script>| on\w+=|0\.1\.0|manage|req-|partner/)
}

/** Expects a message, and a style with its hash in the policy; nothing else. */
function expectHarmless(page: Answer): void {
  const policy = page.header('Content-Security-Policy')
  const [, style = ''] = /<style>([^]*?)<\/style>/.exec(page.text) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  expect(policy).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
  expect(page.header('X-Content-Type-Options')).toBe('nosniff')
  expect(page.header('Cache-Control')).toBe('no-store')
  expect(page.header('Content-Type')).toBe('text/html; charset=utf-8')
  const tags = [...page.text.matchAll(/<([a-z0-9]+)([^>]*)>/g)]
  const allowed =
    /^(html|head|meta|title|link|style|body|h1|h2|p|strong|code|pre|table|tr|th|td|ul|li|a)$/
  for (const [tag, name, attributes] of tags) {
    expect(name, tag).toMatch(allowed)
    expect(attributes, tag).toMatch(
      /^(?: (?:lang|charset|name|content|rel)="[\w=-]+"| href="(?:data:,|\/[^/"][^"]*)")* ?\/?$/,
    )
  }
  expect(page.text).not.toMatch(/<(?![a-z0-9/]|!doctype html>)/)
}

describe('the front page', () => {
  test.each(EVERYWHERE)('at %s is the dashboard for a browser', async (path) => {
    const caller = await fresh()
    const page = await caller.get(path, { ...BROWSER, Host: 'localhost:4020' })
    expect(page.status).toBe(200)
    expectDashboard(page)
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url!)
    expect(assets.length).toBeGreaterThan(2)
    for (const asset of assets) {
      const { pathname } = new URL(asset, `http://localhost:4020${path}`)
      const file = await caller.get(pathname)
      expect([pathname, file.status]).toEqual([pathname, 200])
      expect(file.header('Cache-Control')).toBe('public, max-age=31536000, immutable')
    }
  })

  test.each(EVERYWHERE)('at %s is JSON for other clients', async (path) => {
    const caller = await fresh()
    const accepts = [
      '*/*',
      'application/json',
      'text/html;q=0.5, application/json',
      'image/png',
      '',
    ]
    for (const Accept of accepts) {
      const answer = await caller.get(path, { Accept, Host: '127.0.0.1:4020' })
      expect([answer.status, answer.header('Vary')]).toEqual([200, 'Accept'])
      expect(answer.json()).toMatchObject({
        name: 'Standin',
        version: VERSION,
        sandbox: 'default',
        url: 'http://127.0.0.1:4020',
        apis: [
          { name: 'mykaarma', url: 'http://127.0.0.1:4020/manage' },
          { name: 'cryptlex', url: 'http://127.0.0.1:4020/v3' },
          { name: 'formsonfire', url: 'http://127.0.0.1:4020/api' },
        ],
      })
    }
  })

  test('names the process to a caller on the same machine, as JSON only', async () => {
    const caller = await fresh()
    expect((await caller.get('/')).json<FrontPage>().process).toEqual({ pid: process.pid })
    expect((await caller.get('/', BROWSER)).text).not.toContain('process')
    const guarded = await fresh({ adminToken: TOKEN })
    expect((await guarded.get('/')).text).not.toContain('"pid"')
  })

  test('has links that all work', async () => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const Host = new URL(server.url).host
    await caller.create('cryptlex')
    const { links } = (await caller.get('/', { Host })).json<FrontPage>()
    const { events, explain, ...others } = links
    expect(Object.keys(others).length).toBeGreaterThan(8)
    for (const url of [...Object.values(others), explain.replace('{id}', 'req-1')]) {
      expect([url, (await fetch(url)).status]).toEqual([url, 200])
    }
    const stream = await fetch(events)
    expect(stream.headers.get('Content-Type')).toContain('text/event-stream')
    await stream.body!.cancel()
  })

  test('shows the sandbox that the path, header or host selects', async () => {
    const caller = await fresh()
    await caller.post('/_standin/sandboxes', { name: 'checkout' })
    const overview = async (path: string, headers: Record<string, string>) =>
      (await caller.get(path, headers)).json<FrontPage>()
    const Host = 'localhost:4020'
    for (const path of ['/~checkout', '/~checkout/', '/~checkout/_standin']) {
      const { sandbox, url, apis } = await overview(path, { Host })
      expect([sandbox, url]).toEqual(['checkout', `http://${Host}/~checkout`])
      expect(apis[0]!.url).toBe(`http://${Host}/~checkout/manage`)
      const page = await caller.get(path, { ...BROWSER, Host })
      expectDashboard(page)
    }
    const byHeader = await overview('/', { Host, 'Standin-Sandbox': 'checkout' })
    expect([byHeader.sandbox, byHeader.url]).toEqual(['checkout', `http://${Host}/~checkout`])
    const byHost = await overview('/', { Host: 'checkout.localhost:4020' })
    expect([byHost.sandbox, byHost.url]).toEqual(['checkout', 'http://checkout.localhost:4020'])
    const unknown = await caller.get('/~nope/', BROWSER)
    expect([unknown.status, unknown.reason]).toEqual([404, 'sandbox.unknown'])
    expect(unknown.text).toContain('There is no sandbox nope')
    expectHarmless(unknown)
  })

  test.each([{}, BROWSER])('answers HEAD with the headers only: %j', async (headers) => {
    const { url } = await createSandbox()
    for (const path of ['/', '/_standin']) {
      const [head, full] = await Promise.all(
        ['HEAD', 'GET'].map((method) => fetch(`${url}${path}`, { method, headers })),
      )
      expect([head!.status, await head!.text()]).toEqual([200, ''])
      for (const name of ['Content-Type', 'Content-Length', 'Vary', 'Content-Security-Policy']) {
        expect(head!.headers.get(name)).toBe(full!.headers.get(name))
      }
    }
  })

  test('is not logged, and other requests for / are refused', async () => {
    const caller = await fresh()
    for (const path of EVERYWHERE) await caller.get(path, BROWSER)
    await caller.get('/')
    expect((await caller.get('/_standin/requests')).json()).toMatchObject({ total: 0 })
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await caller.send({ method, path: '/', body: {}, headers: BROWSER })
      expect([answer.status, answer.reason]).toEqual([404, 'route.unknown'])
      expect(answer.header('Content-Type')).toContain('application/problem+json')
    }
    const own = await caller.post('/_standin', {}, BROWSER)
    expect([own.status, own.header('Allow')]).toEqual([405, 'GET, HEAD'])
    expect((await caller.get('/_standin/requests')).json()).toMatchObject({ total: 4 })
  })
})

test('a refusal shows no markup of its request', async () => {
  const caller = await fresh()
  for (const evil of [
    '<script>alert(1)</script>',
    '"><img/src=x/onerror=alert(1)>',
    '</style><style>@import"//evil.test"</style>',
  ]) {
    const strange = { ...BROWSER, Host: 'localhost:4020', 'Standin-Sandbox': evil }
    const refused = await caller.get('/', strange)
    expect(refused.status).toBe(404)
    expectHarmless(refused)
    expect(refused.text).not.toContain(evil)
  }
})

describe('the assets of the dashboard', () => {
  const scriptOf = (page: Answer) => /src="\.\/([^"]*)"/.exec(page.text)![1]!

  test('are compressed for clients that accept it', async () => {
    const { url } = await createSandbox()
    const caller = createCaller({ port: Number(new URL(url).port) })
    const script = `/${scriptOf(await caller.get('/', BROWSER))}`
    const plain = await caller.get(script, { 'Accept-Encoding': 'gzip;q=0, identity' })
    expect(plain.header('Content-Encoding')).toBeUndefined()
    expect(plain.header('Content-Type')).toBe('text/javascript; charset=utf-8')
    const packed = await fetch(`${url}${script}`, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(packed.headers.get('Content-Encoding')).toBe('gzip')
    expect(Number(packed.headers.get('Content-Length'))).toBeLessThan(plain.text.length / 2)
    expect(await packed.text()).toBe(plain.text)
    const head = await fetch(`${url}${script}`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test('need no token, open no sandbox and are not logged', async () => {
    const caller = await fresh({ adminToken: TOKEN, autoSandboxes: true })
    const script = scriptOf(await caller.get('/', BROWSER))
    const headers = { 'Standin-Admin-Token': TOKEN }
    await caller.send({ method: 'DELETE', path: '/_standin/requests', headers }) // it has the page, which was refused
    expect((await caller.get(`/~other/${script}`)).status).toBe(200)
    const { sandboxes } = (await caller.get('/_standin/sandboxes', headers)).json<{
      sandboxes: unknown[]
    }>()
    expect(sandboxes).toHaveLength(1)
    expect((await caller.get('/_standin/requests', headers)).json()).toMatchObject({ total: 0 })
    expect((await caller.get(`/${script}`, { Host: 'evil.test' })).status).toBe(421)
  })

  test('are the only files below their path', async () => {
    const caller = await fresh()
    for (const name of ['index.html', '../main.js', '%2e%2e/main.js', 'x-12345678.js', '']) {
      const answer = await caller.get(`/_standin/ui/${name}`)
      expect([name, answer.status, answer.reason]).toEqual([name, 404, 'route.unknown'])
    }
    const script = scriptOf(await caller.get('/', BROWSER))
    expect((await caller.post(`/${script}`, {})).status).toBe(404)
  })
})

describe('secrets', () => {
  const OWN = {
    cryptlex: { tokens: [{ token: 'my-own-secret-2', scopes: ['reseller:user:create'] }] },
  }

  test('are neither in the page nor in the JSON', async () => {
    const secrets = {
      jwtSecret: 'jwt-secret-of-at-least-32-characters',
      webhookSecret: 'webhook-secret-of-the-server',
      adminToken: TOKEN,
    }
    const fixtures = JSON.stringify(OWN)
    const caller = await fresh({ ...secrets, fixtures })
    const headers = { 'Standin-Admin-Token': TOKEN, Host: 'localhost' }
    await caller.create('cryptlex', { password: 'password-of-ada' })
    await caller.get('/v3/users?access_token=my-own-secret-2&x=my-own-secret-2', {
      Authorization: 'Bearer my-own-secret-2',
    })
    await caller.get('/my-own-secret-2/password-of-ada?token=abc')
    for (const Accept of [BROWSER.Accept, '*/*']) {
      const page = await caller.get('/', { ...headers, Accept })
      expect(page.status).toBe(200)
      for (const secret of [...Object.values(secrets), 'my-own-secret-2']) {
        expect(page.text).not.toContain(secret)
      }
    }
  })
})

describe('access to the front page', () => {
  const refusals: readonly (readonly [Record<string, string>, number, string])[] = [
    [{ Host: 'evil.test' }, 421, 'host.foreign'],
    [{ Origin: 'https://evil.test' }, 403, 'origin.foreign'],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403, 'origin.foreign'],
  ]

  const seen = (caller: Caller, path: string, headers: Record<string, string>) =>
    Promise.all([caller.get(path, headers), caller.get(path, { ...BROWSER, ...headers })])

  test.each(refusals)('follows the rules of the admin API: %j', async (headers, ...expected) => {
    const caller = await fresh()
    for (const path of [...EVERYWHERE, '/_standin/users']) {
      for (const answer of await seen(caller, path, headers)) {
        expect([answer.status, answer.reason]).toEqual(expected)
        expect(answer.text).not.toMatch(/0\.1\.0|manage/)
      }
    }
  })

  test('is open to a link from another site, which cannot read the answer', async () => {
    const link = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    }
    const page = await (await fresh()).get('/', { ...BROWSER, ...link })
    expect(page.status).toBe(200)
    expectDashboard(page)
  })

  test('needs the admin token if there is one; the dashboard asks for it', async () => {
    const caller = await fresh({ adminToken: TOKEN })
    for (const path of EVERYWHERE) {
      for (const wrong of [{}, { 'Standin-Admin-Token': 'wrong-token' }]) {
        const [json, page] = await seen(caller, path, { Host: 'localhost:4020', ...wrong })
        const reason = 'Standin-Admin-Token' in wrong ? 'admin.token-wrong' : 'admin.token-missing'
        for (const answer of [json, page]) {
          expect([answer.status, answer.reason]).toEqual([401, reason])
          expect(answer.header('WWW-Authenticate')).toBe('Bearer realm="standin"')
        }
        expect(json.json()).toMatchObject({ status: 401 })
        expectDashboard(page)
      }
      await caller.create('cryptlex')
      const given = await caller.get(path, { ...BROWSER, Authorization: `Bearer ${TOKEN}` })
      expect(given.status).toBe(200)
      expectDashboard(given)
    }
  })
})
