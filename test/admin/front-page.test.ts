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

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** Expects text, a style with its hash in the policy, and links to the same origin; nothing else. */
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
  test.each(EVERYWHERE)('at %s is an overview in HTML for a browser', async (path) => {
    const caller = await fresh()
    const page = await caller.get(path, { ...BROWSER, Host: 'localhost:4020' })
    expect(page.status).toBe(200)
    expectHarmless(page)
    expect(page.text).toContain(`Version ${VERSION}, sandbox <strong>default</strong>`)
    for (const base of ['manage', 'v3', 'api']) {
      expect(page.text).toContain(`<code>http://localhost:4020/${base}</code>`)
    }
    expect(page.text).toContain('None yet.')
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
    const page = await caller.get('/', { ...BROWSER, Host })
    const inPage = [...page.text.matchAll(/href="(\/[^"]*)"/g)].map(([, path]) => path!)
    expect(inPage).toContain('/_standin/requests/req-1/explain?format=text')
    for (const path of inPage.filter((one) => !one.endsWith('/events'))) {
      expect([path, (await caller.get(path)).status]).toEqual([path, 200])
    }
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
      expect(page.text).toContain('href="/~checkout/_standin/users"')
      expectHarmless(page)
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

describe('request data on the page', () => {
  const EVIL = [
    '<script>alert(1)</script>',
    '"><img/src=x/onerror=alert(1)>',
    "'onmouseover='alert(1)",
    '</td></style><style>@import"//evil.test"</style>',
    '&lt;script&gt;',
    'javascript:alert(1)',
    '${7*7}',
  ]

  test('is escaped everywhere', async () => {
    const caller = await fresh({ autoSandboxes: true })
    for (const [i, evil] of EVIL.entries()) {
      await caller.get(`/${evil}`)
      await caller.get(`/v3/${evil}?${evil}`, { 'User-Agent': evil, 'X-A': evil })
      await caller.create('mykaarma', { firstName: evil, username: `${evil}-${i}` })
      await caller.create('cryptlex', { firstName: evil, email: `${evil}@example.test` })
      const page = await caller.get('/', BROWSER)
      expectHarmless(page)
      expect(page.text).toContain(`req-`)
      if (/[<>"'&]/.test(evil)) expect(page.text).not.toContain(evil)
      expect(page.text).toContain(escaped(evil.split('?')[0]!))
    }
    const strange = { ...BROWSER, Host: 'localhost:4020', 'Standin-Sandbox': EVIL[0]! }
    const refused = await caller.get('/', strange)
    expect(refused.status).toBe(404)
    expectHarmless(refused)
  })

  test('is cut if it is long', async () => {
    const caller = await fresh()
    await caller.get(`/${'x'.repeat(4000)}`)
    const page = await caller.get('/', BROWSER)
    expect(page.text).toContain(`${'x'.repeat(149)}…`)
    expect(page.text.length).toBeLessThan(8000)
  })

  test('comes from the ten newest requests, the newest first', async () => {
    const caller = await fresh()
    for (let i = 1; i <= 12; i++) await caller.get(`/nothing-${i}`)
    const { text } = await caller.get('/', BROWSER)
    const shown = [...text.matchAll(/GET \/(nothing-\d+)/g)].map(([, name]) => name)
    expect(shown).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map((i) => `nothing-${i}`))
    expect(text).toContain('404 route.unknown')
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

  test('are placeholders in the commands, except the default credentials', async () => {
    const common = (await (await fresh()).get('/', BROWSER)).text
    expect(common).toContain('curl -u partner:partner-secret ')
    expect(common).toContain('Bearer standin-token')
    const fixtures = JSON.stringify(OWN)
    const { text } = await (await fresh({ fixtures })).get('/', BROWSER)
    expect(text).toContain('curl -u partner:partner-secret ')
    expect(text).toContain('Bearer TOKEN')
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
    expectHarmless(page)
  })

  test('needs the admin token if there is one; the refusal shows how to send it', async () => {
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
        expectHarmless(page)
        expect(page.text).toContain('<h1>Standin</h1>')
        expect(page.text).toContain('curl -H "Standin-Admin-Token: ')
        expect(page.text).not.toMatch(/0\.1\.0|manage|req-|partner|sandbox/)
      }
      await caller.create('cryptlex')
      const given = await caller.get(path, { ...BROWSER, Authorization: `Bearer ${TOKEN}` })
      expect(given.status).toBe(200)
      expect(given.text).toContain('req-')
      expect(given.text).not.toContain(TOKEN)
    }
  })
})
