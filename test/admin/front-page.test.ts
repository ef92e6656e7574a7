import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { FrontPage } from '../../src/admin/contract.gen.ts'
import { VERSION } from '../../src/package.ts'
import { createCaller, type Answer, type Caller } from '../helpers/caller.ts'
import { createSandbox, type Settings } from '../helpers/sandbox.ts'

/** As a browser asks. */
const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const TOKEN = 'a-token-for-the-admin-api'
const EVERYWHERE = ['/', '/_standin', '/_standin/', '/_STANDIN']

const fresh = async (settings: Settings = {}) => createCaller(await createSandbox(settings))

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** Nothing but text, a style whose hash is named, and links that stay here. */
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
  const known =
    /^(html|head|meta|title|link|style|body|h1|h2|p|strong|code|pre|table|tr|th|td|ul|li|a)$/
  for (const [tag, name, attributes] of tags) {
    expect(name, tag).toMatch(known)
    expect(attributes, tag).toMatch(
      /^(?: (?:lang|charset|name|content|rel)="[\w=-]+"| href="(?:data:,|\/[^/"][^"]*)")* ?\/?$/,
    )
  }
  expect(page.text).not.toMatch(/<(?![a-z0-9/]|!doctype html>)/)
}

describe('who opens a server', () => {
  test.each(EVERYWHERE)(
    'at %s in a browser sees what it is and where everything is',
    async (path) => {
      const caller = await fresh()
      const page = await caller.get(path, { ...BROWSER, Host: 'localhost:4020' })
      expect(page.status).toBe(200)
      expectHarmless(page)
      expect(page.text).toContain(`Version ${VERSION}, sandbox <strong>default</strong>`)
      for (const base of ['manage', 'v3', 'api']) {
        expect(page.text).toContain(`<code>http://localhost:4020/${base}</code>`)
      }
      expect(page.text).toContain('None yet.')
    },
  )

  test.each(EVERYWHERE)('at %s without a browser gets it in JSON', async (path) => {
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

  test('finds something behind every link', async () => {
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

  test('is told of the sandbox that is named, by path, header or host', async () => {
    const caller = await fresh()
    await caller.post('/_standin/sandboxes', { name: 'checkout' })
    const told = async (path: string, headers: Record<string, string>) =>
      (await caller.get(path, headers)).json<FrontPage>()
    const Host = 'localhost:4020'
    for (const path of ['/~checkout', '/~checkout/', '/~checkout/_standin']) {
      const { sandbox, url, apis } = await told(path, { Host })
      expect([sandbox, url]).toEqual(['checkout', `http://${Host}/~checkout`])
      expect(apis[0]!.url).toBe(`http://${Host}/~checkout/manage`)
      const page = await caller.get(path, { ...BROWSER, Host })
      expect(page.text).toContain('href="/~checkout/_standin/users"')
      expectHarmless(page)
    }
    const byHeader = await told('/', { Host, 'Standin-Sandbox': 'checkout' })
    expect([byHeader.sandbox, byHeader.url]).toEqual(['checkout', `http://${Host}/~checkout`])
    const byHost = await told('/', { Host: 'checkout.localhost:4020' })
    expect([byHost.sandbox, byHost.url]).toEqual(['checkout', 'http://checkout.localhost:4020'])
    const nobody = await caller.get('/~nope/', BROWSER)
    expect([nobody.status, nobody.reason]).toEqual([404, 'sandbox.unknown'])
    expect(nobody.text).toContain('There is no sandbox nope')
    expectHarmless(nobody)
  })

  test.each([{}, BROWSER])('by HEAD gets the head alone: %j', async (headers) => {
    const { url } = await createSandbox()
    for (const path of ['/', '/_standin']) {
      const [head, whole] = await Promise.all(
        ['HEAD', 'GET'].map((method) => fetch(`${url}${path}`, { method, headers })),
      )
      expect([head!.status, await head!.text()]).toEqual([200, ''])
      for (const name of ['Content-Type', 'Content-Length', 'Vary', 'Content-Security-Policy']) {
        expect(head!.headers.get(name)).toBe(whole!.headers.get(name))
      }
    }
  })

  test('leaves no trace among the requests, and others at / are refused as before', async () => {
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
    expect([own.status, own.header('Allow')]).toEqual([405, 'GET'])
    expect((await caller.get('/_standin/requests')).json()).toMatchObject({ total: 4 })
  })
})

describe('what callers sent', () => {
  const EVIL = [
    '<script>alert(1)</script>',
    '"><img/src=x/onerror=alert(1)>',
    "'onmouseover='alert(1)",
    '</td></style><style>@import"//evil.test"</style>',
    '&lt;script&gt;',
    'javascript:alert(1)',
    '${7*7}',
  ]

  test('is text in the page, wherever it was', async () => {
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

  test('is cut where it is long', async () => {
    const caller = await fresh()
    await caller.get(`/${'x'.repeat(4000)}`)
    const page = await caller.get('/', BROWSER)
    expect(page.text).toContain(`${'x'.repeat(149)}…`)
    expect(page.text.length).toBeLessThan(8000)
  })

  test('is shown of the newest ten alone, those first', async () => {
    const caller = await fresh()
    for (let i = 1; i <= 12; i++) await caller.get(`/nothing-${i}`)
    const { text } = await caller.get('/', BROWSER)
    const shown = [...text.matchAll(/GET \/(nothing-\d+)/g)].map(([, name]) => name)
    expect(shown).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map((i) => `nothing-${i}`))
    expect(text).toContain('404 route.unknown')
  })
})

describe('what is secret', () => {
  const OWN = {
    cryptlex: { tokens: [{ token: 'my-own-secret-2', scopes: ['reseller:user:create'] }] },
  }

  test('is not in the page, nor in JSON', async () => {
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

  test('is a blank in the commands where it is not what every copy has', async () => {
    const common = (await (await fresh()).get('/', BROWSER)).text
    expect(common).toContain('curl -u partner:partner-secret ')
    expect(common).toContain('Bearer standin-token')
    const fixtures = JSON.stringify(OWN)
    const { text } = await (await fresh({ fixtures })).get('/', BROWSER)
    expect(text).toContain('curl -u partner:partner-secret ')
    expect(text).toContain('Bearer TOKEN')
  })
})

describe('who may see it', () => {
  const refusals: readonly (readonly [Record<string, string>, number, string])[] = [
    [{ Host: 'evil.test' }, 421, 'host.foreign'],
    [{ Origin: 'https://evil.test' }, 403, 'origin.foreign'],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403, 'origin.foreign'],
  ]

  const seen = (caller: Caller, path: string, headers: Record<string, string>) =>
    Promise.all([caller.get(path, headers), caller.get(path, { ...BROWSER, ...headers })])

  test.each(refusals)('is asked as at any call of the admin API: %j', async (headers, ...told) => {
    const caller = await fresh()
    for (const path of [...EVERYWHERE, '/_standin/users']) {
      for (const answer of await seen(caller, path, headers)) {
        expect([answer.status, answer.reason]).toEqual(told)
        expect(answer.text).not.toMatch(/0\.1\.0|manage/)
      }
    }
  })

  test('is whoever followed a link, as a page of another site cannot read what they see', async () => {
    const link = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    }
    const page = await (await fresh()).get('/', { ...BROWSER, ...link })
    expect(page.status).toBe(200)
    expectHarmless(page)
  })

  test('is who has the token, where one is asked for; others are told how to send it', async () => {
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
