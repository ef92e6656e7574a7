import { describe, expect, test } from 'vitest'
import { createCaller, creation } from '../helpers/caller.ts'
import { repetitions } from '../helpers/repetitions.ts'
import {
  CRYPTLEX,
  createCryptlexUser,
  createFormsOnFireUser,
  createFormsOnFireUserInXml,
  createMykaarmaUser,
  createSandbox,
} from '../helpers/sandbox.ts'
import { bestOf, eventually, took } from '../helpers/time.ts'
import { idOf, openDashboard, openPage, rowsOf } from './browser.ts'

const ADA = { email: 'ada@example.test' }

describe('the list', () => {
  test('shows a request within 200 ms of its answer', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    let count = 0
    const best = await bestOf(200, async () => {
      const email = `user${++count}@example.test`
      await createCryptlexUser(server, { email }).expect(201)
      return took(() => rowsOf(page).filter({ hasText: email }).waitFor())
    })
    expect(best).toBeLessThan(200)
    await eventually(async () =>
      expect(await page.locator('.side-bar a[href="#/requests"] .count').textContent()).toBe(
        String(count),
      ),
    )
  })

  test('has the person, the call, the outcome and the fault of each request', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    await createCryptlexUser(server, ADA).set('Standin-Fault', 'commit-500').expect(500)
    await createCryptlexUser(server, ADA).expect(409)
    await createMykaarmaUser(server).expect(200)
    const rows = rowsOf(page)
    await rows.nth(2).waitFor()
    const texts = await rows.allInnerTexts()
    expect(texts[0]).toContain('myKaarma')
    expect(texts[1]).toMatch(/ada@example\.test[^]*user\.duplicate[^]*409/)
    expect(texts[2]).toMatch(/ada@example\.test[^]*POST \/v3\/[^]*commit-500[^]*500/)
  })

  test('has its filter in the address', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    await createCryptlexUser(server, ADA).expect(201)
    await createCryptlexUser(server, ADA).expect(409)
    await createFormsOnFireUser(server).expect(200)
    const rows = rowsOf(page)
    await rows.nth(2).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('4xx')
    await eventually(async () => expect(await rows.count()).toBe(1))
    expect(page.url()).toContain('q=4xx')
    await page.reload()
    await eventually(async () =>
      expect(await rows.allInnerTexts()).toEqual([expect.stringContaining('409')]),
    )
    await page.getByRole('button', { name: 'Remove the filter 4xx' }).click()
    await page.getByRole('button', { name: 'Forms On Fire', exact: true }).click()
    await eventually(async () => expect(await rows.count()).toBe(1))
    expect(page.url()).toMatch(/#\/requests\?api=formsonfire$/)
    await page.getByRole('button', { name: 'Refused' }).click()
    await page.getByText('None of 3 requests passes the filter').waitFor()
    await page.getByRole('button', { name: 'Show all requests' }).click()
    await eventually(async () => expect(await rows.count()).toBe(3))
  })

  test('is complete after a restart of the connection and after a reset', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    const caller = createCaller(server)
    await createCryptlexUser(server, ADA).expect(201)
    const rows = rowsOf(page)
    await rows.first().waitFor()
    server.sandbox.requests.close() // ends the streams, as a stopping server does
    await caller.get('/missed-1')
    await caller.get('/missed-2')
    await eventually(async () => expect(await rows.count()).toBe(3))
    await caller.post('/_standin/reset')
    await eventually(async () => expect(await rows.count()).toBe(0))
    await page.getByText('appear here as they are answered').waitFor()
  })

  const MANY = repetitions(2000, 10_000)

  test(`scrolls through ${MANY} requests with few elements, and stays where it is`, async () => {
    const server = await createSandbox({ requestLogSize: MANY })
    const caller = createCaller(server)
    for (let i = 0; i < MANY; i++) void caller.get(`/v3/resellers/number-${i}/users`)
    await caller.get('/v3/resellers/last/users')
    const page = await openPage(server, { hash: '#/requests' })
    const size = () => rowsOf(page).first().getAttribute('aria-setsize')
    await eventually(async () => expect(await size()).toBe(String(MANY)))
    expect(await rowsOf(page).count()).toBeLessThan(60)
    await page.evaluate('document.querySelector("[role=listbox]").scrollTop = 1000 * 48')
    const seen = page.getByText(`GET /v3/resellers/number-${MANY - 1005}/users`, { exact: true })
    await seen.waitFor()
    const scroll = () =>
      page.evaluate<number>(`(async () => {
        const list = document.querySelector('[role=listbox]')
        let longest = 0
        for (let i = 0; i < 60; i++) {
          const before = performance.now()
          list.scrollTop += 480
          await new Promise((resolve) => requestAnimationFrame(resolve))
          longest = Math.max(longest, performance.now() - before)
        }
        return longest
      })()`)
    expect(await bestOf(1000, scroll)).toBeLessThan(1000) // no frame renders them all
  })
})

describe('the detail', () => {
  test('explains the answer, and shows both messages', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    await createCryptlexUser(server, ADA).expect(201)
    const id = idOf(await createCryptlexUser(server, ADA).expect(409))
    await page.locator(`#row-${id}`).click()
    const detail = page.getByRole('region', { name: `Request ${id}` })
    await detail.getByRole('heading', { name: /A user with this email already exists/ }).waitFor()
    expect(page.url()).toContain(`open=${id}`)
    const steps = detail.locator('.step')
    expect(await steps.filter({ hasText: 'Credentials' }).count()).toBe(1)
    expect(await detail.locator('.step.refused').count()).toBeGreaterThan(0)
    const level = steps.filter({ hasText: 'Credentials' }).locator('.level')
    expect(await level.textContent()).toBe('documented')
    await level.click()
    await steps.filter({ hasText: 'Credentials' }).locator('.sources').waitFor()
    await detail.getByRole('tab', { name: 'Request' }).click()
    expect(await detail.locator('pre').textContent()).toContain('\n  "email": "ada@example.test"')
    await detail.getByRole('button', { name: 'Raw' }).click()
    expect(await detail.locator('pre').textContent()).toMatch(/^\{"/)
    await page.keyboard.press('Escape')
    await page.getByText('Open a request to see why').waitFor()
    await page.goBack()
    await detail.waitFor()
  })

  test('indents XML, decodes protobuf and marks what is assumed', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    const xml = await createFormsOnFireUserInXml(
      server,
      '<User><CompanyId>1815</CompanyId><Email>a@example.test</Email><FirstName>A</FirstName><IntegrationKey>0123456789abcdef0123456789abcdef</IntegrationKey><LastName>B</LastName></User>',
    ).expect(200)
    const doubtful = await createCaller(server).send({
      method: 'POST',
      path: CRYPTLEX,
      headers: { Authorization: 'Bearer standin-token', 'Content-Type': 'text/plain' },
      body: {},
    })
    const binary = await createMykaarmaUser(server).set('Accept', 'application/x-protobuf')
    await page.goto(`${server.url}/#/requests?open=${idOf(xml)}&tab=request`)
    await page.getByText('<User>\n  <CompanyId>1815</CompanyId>').waitFor()
    await page.goto(`${server.url}/#/requests?open=${idOf(binary)}&tab=response`)
    await page.getByText(/Protobuf, \d+ bytes/).waitFor()
    await page.goto(`${server.url}/#/requests?open=${doubtful.header('Standin-Request-Id')}`)
    const assumed = page.locator('.level.assumed').first()
    await assumed.waitFor()
    expect(
      await page.evaluate('getComputedStyle(document.querySelector(".level.assumed")).borderStyle'),
    ).toBe('dashed')
  })

  test('lists the webhooks of the request with their attempts', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    await createCaller(server).post('/_standin/webhooks', { url: '/_standin/inbox/mine' })
    await createCryptlexUser(server, ADA).expect(201)
    await rowsOf(page).first().click()
    await page.getByRole('tab', { name: /Webhooks/ }).click()
    const delivery = page.locator('.deliveries > li').filter({ hasText: '/inbox/mine' })
    await delivery.getByText('delivered').waitFor()
    await delivery.getByText(/attempt 1/).waitFor()
  })

  test('sends a request again, with the credentials that the log does not have', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests', expected: /409/ })
    await createCryptlexUser(server, ADA).expect(201)
    await rowsOf(page).first().click()
    await page.getByRole('button', { name: 'Send again' }).click()
    const notice = page.getByText(/^Sent again, with the credentials of the sandbox: 409, req-\d+$/)
    const id = /req-\d+$/.exec((await notice.textContent())!)![0]
    await page.getByRole('region', { name: `Request ${id}` }).waitFor()
  })
})

test('make this fail arms a fault for the operation, and the next request meets it', async () => {
  const { server, page } = await openDashboard({ hash: '#/requests' })
  await createCryptlexUser(server, ADA).expect(201)
  await rowsOf(page).first().click()
  await page.getByRole('button', { name: 'Make this fail' }).click()
  const dialog = page.getByRole('dialog', { name: 'Make this fail' })
  await dialog.getByText('Create the user, then answer 500').click()
  const code = dialog.locator('pre')
  expect(await code.textContent()).toMatch(
    /^standin fault commit-500 \\\n  --api cryptlex --operation createResellerUser \\\n  --times 1 --url http/,
  )
  for (const [tab, text] of [
    ['Header', 'Standin-Fault: commit-500'],
    ['curl', '/_standin/faults'],
    ['TypeScript', "standin.faults.add({ fault: 'commit-500', api: 'cryptlex'"],
    ['Python', 'urllib.request.Request('],
  ]) {
    await dialog.getByRole('tab', { name: tab! }).click()
    expect(await code.textContent()).toContain(text)
  }
  await dialog.getByRole('searchbox').fill('reset conn')
  await dialog.getByText('Reset the connection', { exact: true }).waitFor()
  await dialog.getByRole('searchbox').fill('')
  await dialog.getByText('Refuse with 500').click()
  await dialog.getByRole('button', { name: 'Arm', exact: true }).click()
  await page.getByText(/^Armed fault-1: 500/).waitFor()
  await createCryptlexUser(server, { email: 'grace@example.test' }).expect(500)
  await createCryptlexUser(server, { email: 'alan@example.test' }).expect(201)
  const met = rowsOf(page).filter({ hasText: 'grace@example.test' })
  expect(await met.locator('.tag.fault').textContent()).toContain('500')
})

describe('hostile text', () => {
  const HOSTILE = [
    '<script>document.title="owned"</script>',
    '<img src=x onerror="document.title=\'owned\'">',
    '"><svg/onload=document.title="owned">',
    '</bdi></pre></div><h1 id="owned">owned</h1>',
    'javascript:document.title="owned"',
    '\u202egnp.exe\u202c',
    '\u2066\u2067\u200b\u200e\ufeff',
    'a\u0000b\u0007c\u001b[31m',
    '{{constructor.constructor("document.title=1")()}}',
    '${document.title="owned"}',
    '&lt;b&gt;&#x202e;',
    '%3Cscript%3E',
    'مرحبا بالعالم',
    '👩‍👩‍👧‍👦'.repeat(50),
    'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢',
    '__proto__',
    'constructor',
    '../../../etc/passwd',
    "'; DROP TABLE users; --",
    '\ud800',
    '<iframe srcdoc="<script>parent.document.title=1</script>">',
    '<style>*{display:none}</style>',
    '<link rel=stylesheet href=//evil.test>',
    '<base href=//evil.test>',
    '<meta http-equiv=refresh content="0;url=//evil.test">',
    '<form action=//evil.test><button autofocus>',
    '<object data="data:text/html,owned">',
    '<a href="javascript:document.title=1" autofocus>x</a>',
    '<details open ontoggle=document.title=1>',
    '<math><mtext></mtext><img src=x onerror=document.title=1></math>',
    '<noscript><p title="</noscript><img src=x onerror=document.title=1>">',
    '<!--><img src=x onerror=document.title=1>-->',
    '<![CDATA[<img src=x onerror=document.title=1>]]>',
    ']]><User/>',
    '<template><script>document.title=1</script></template>',
    '<body onload=document.title=1>',
    '<video><source onerror=document.title=1>',
    '<input onfocus=document.title=1 autofocus>',
    "<img src='x' onerror='document.title=1'//",
    '\u003cscript\u003edocument.title=1\u003c/script\u003e',
    '\\u003cscript\\u003e',
    '\uff1cscript\uff1e',
    '</title><h1 id="owned">owned</h1>',
    '</textarea><h1 id="owned">owned</h1>',
    '\u061c\u200f\u202d\u2069',
    '\u0300'.repeat(500),
    '\u2028\u2029\u0085\u000b\u000c',
    '\ufff9\ufffa\ufffb\u00ad\u034f\u180e',
    '\u{e0041}\u{e0042}\u{e007f}',
    '\ufe0f\u{e0100}',
    '\udc00\ud800',
    'ﷺ'.repeat(200),
    '\t\n\r\n\t',
    ' '.repeat(500),
    '#/requests?open=../../',
    'data:text/html,<script>document.title=1</script>',
    '{"__proto__":{"html":"<b>owned</b>"}}',
    'toString',
    '${7*7}#{7*7}<%= 7*7 %>',
    '$(reboot) `reboot` && reboot; | reboot',
  ]

  test('stays text in every place', async () => {
    expect(new Set(HOSTILE).size).toBeGreaterThanOrEqual(60)
    const { server, page } = await openDashboard({ hash: '#/requests' })
    const caller = createCaller(server)
    const ids: string[] = []
    for (const [i, text] of HOSTILE.entries()) {
      const encoded = encodeURIComponent(Buffer.from(text).toString())
      // In the path, the query, a header, the body and, of those that are created, the answer.
      const { headers, body } = creation('cryptlex')
      const answer = await caller.send({
        method: 'POST',
        path: `/v3/resellers/${encoded}/users?q=${encoded}`,
        headers: { ...headers, 'User-Agent': text.replaceAll(/[^\x20-\x7e]/g, '?') },
        body: { ...(body as object), firstName: text, email: `h${i}@example.test`, company: text },
      })
      ids.push(answer.header('Standin-Request-Id')!)
    }
    await rowsOf(page).nth(5).waitFor()
    for (const id of ids) {
      await page.goto(`${server.url}/#/requests?open=${id}&tab=request`)
      const detail = page.getByRole('region', { name: `Request ${id}`, exact: true })
      await detail.locator('pre, .body-note').first().waitFor()
    }
    expect(await page.title()).toBe('Requests · Standin')
    expect(await page.locator('#owned').count()).toBe(0)
    expect(await page.locator('main script, main img').count()).toBe(0)
    await page.goto(`${server.url}/#/requests?open=${ids[5]}&tab=request`)
    await page.locator('.mark', { hasText: '⟨U+202E⟩' }).first().waitFor()
  })

  test('is cut if it is long, and shown whole on demand', async () => {
    const { server, page } = await openDashboard({ hash: '#/requests' })
    const company = 'x'.repeat(1_000_000)
    const id = idOf(await createCryptlexUser(server, { ...ADA, company }))
    await page.goto(`${server.url}/#/requests?open=${id}&tab=request`)
    await page.getByText('only the first 64 KiB were logged').waitFor()
    const pre = page.locator('.detail pre')
    expect((await pre.textContent())!.length).toBeLessThan(21_000)
    await pre.getByRole('button', { name: /Show all [\d,]+ characters/ }).click()
    expect((await pre.textContent())!.length).toBeGreaterThan(60_000)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1280)
  })
})
