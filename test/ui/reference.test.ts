import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { createCaller } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { expectAccessible } from './accessible.ts'
import { openPage } from './browser.ts'

const NAMES = ['mykaarma', 'cryptlex', 'formsonfire', 'standin']
const PREFIXES = ['/manage', '/v3', '/api', '/_standin']

interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: object
  readonly components: { readonly schemas: Record<string, { readonly enum?: readonly string[] }> }
}

describe('the documents', () => {
  test('are the contracts, with the sandbox as their only server', async () => {
    const caller = createCaller(await createSandbox())
    await caller.post('/_standin/sandboxes', { name: 'checkout' })
    for (const [i, name] of NAMES.entries()) {
      for (const base of ['', '/~checkout']) {
        const json = await caller.get(`${base}/_standin/openapi/${name}.json`)
        expect(json.header('Content-Type')).toBe('application/json; charset=utf-8')
        const document = json.json<Document>()
        expect(document.servers).toMatchObject([{ url: `http://localhost${base}${PREFIXES[i]}` }])
        const spec = load(readFileSync(`specs/${name}.yaml`, 'utf8')) as Document
        expect(document.openapi).toBe('3.1.0')
        expect(document.paths).toEqual(spec.paths)
        const yaml = await caller.get(`${base}/_standin/openapi/${name}.yaml`)
        expect(yaml.header('Content-Type')).toBe('application/yaml; charset=utf-8')
        expect(load(yaml.text)).toEqual(document)
      }
    }
    const { components } = (await caller.get('/_standin/openapi/standin.json')).json<Document>()
    expect(components.schemas['ApiName']!.enum).toEqual(NAMES.slice(0, 3))
  })

  test('have the address by which the caller reached the server', async () => {
    const caller = createCaller(await createSandbox({ allowedHosts: ['mock.example.com'] }))
    const headers = { Host: 'mock.example.com:8443' }
    const answer = await caller.get('/_standin/openapi/cryptlex.json', headers)
    expect(answer.json<Document>().servers[0]!.url).toBe('http://mock.example.com:8443/v3')
  })

  test('need the admin token, as the rest of the admin API does', async () => {
    const adminToken = 'a-token-for-the-admin-api'
    const caller = createCaller(await createSandbox({ adminToken }))
    for (const path of ['/_standin/docs', '/_standin/openapi/cryptlex.json']) {
      expect((await caller.get(path)).reason).toBe('admin.token-missing')
      const foreign = { Origin: 'https://evil.test', 'Standin-Admin-Token': adminToken }
      expect((await caller.get(path, foreign)).reason).toBe('origin.foreign')
      expect((await caller.get(path, { 'Standin-Admin-Token': adminToken })).status).toBe(200)
    }
    const unknown = await createCaller(await createSandbox()).get('/_standin/openapi/okta.yaml')
    expect(unknown.text).toContain('The documents are mykaarma, cryptlex, formsonfire, standin')
  })
})

describe('the page', () => {
  test('shows evidence beside operations, fields and answers, and calls each API of its sandbox', async () => {
    const server = await createSandbox()
    await createCaller(server).post('/_standin/sandboxes', { name: 'checkout' })
    const page = await openPage(server, { path: '/~checkout/_standin/docs' })
    const operation = page.locator('.opblock-post').first()
    for (const [i, { title }] of server.apis.entries()) {
      await page.getByRole('link', { name: title, exact: true }).click()
      await page.locator('.servers').getByText(PREFIXES[i]!).first().waitFor({ state: 'attached' })
      await operation.locator('.opblock-summary-control').click()
      const badge = 'strong > code, em > code'
      const field = operation.locator('.opblock-section-request-body .json-schema-2020-12-property')
      await field.locator(badge).first().waitFor()
      await operation.locator('.responses-table .response').locator(badge).first().waitFor()
      expect(await operation.locator('em > code', { hasText: 'assumed' }).count()).toBeGreaterThan(
        0,
      )
      const source = operation.locator('a', { hasText: 'source' }).first()
      expect(await source.getAttribute('href')).toMatch(/^https:\/\//)
      expect(await source.getAttribute('rel')).toContain('noopener')
      await operation.getByRole('button', { name: 'Try it out' }).click()
      await operation.getByRole('button', { name: 'Execute' }).click()
      const url = operation.locator('.request-url pre')
      await url.waitFor()
      expect(await url.textContent()).toContain(`${server.url}/~checkout${PREFIXES[i]}/`)
      const answer = operation.locator('.live-responses-table .response').first()
      await answer.getByText(/^20[01]$/).waitFor()
      if (i === 0) await expectAccessible(page)
    }
    await page.getByRole('link', { name: 'Admin API', exact: true }).click()
    await page.getByText('Open a session', { exact: true }).waitFor()
    expect(await page.getByRole('link', { name: 'OpenAPI of Admin API in YAML' }).count()).toBe(1)
  })

  test('loads its library only there, under a policy without exceptions, and fits a phone', async () => {
    const server = await createSandbox()
    const page = await openPage(server, { width: 390, theme: 'dark' })
    await page.locator('.live.live').waitFor()
    const loaded = () =>
      page.evaluate<string[]>('performance.getEntriesByType("resource").map(({ name }) => name)')
    expect((await loaded()).filter((name) => name.includes('swagger'))).toEqual([])
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'API reference' }).click()
    await page.locator('.opblock').first().waitFor()
    await page.locator('.opblock-summary-control').first().click()
    await page.locator('.responses-table .response').first().waitFor()
    await expectAccessible(page)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect((await loaded()).filter((name) => name.includes('swagger'))).toHaveLength(2)
    const policy = (await fetch(`${server.url}/_standin/docs`)).headers.get(
      'Content-Security-Policy',
    )
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toMatch(/unsafe|script-src|\*|https?:/)
  })
})
