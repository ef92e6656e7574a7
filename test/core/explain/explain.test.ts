import { expect, test } from 'vitest'
import { explain } from '../../../src/core/explain/explain.ts'
import { createCaller, type Caller } from '../../helpers/caller.ts'
import { expectUpToDate, readDocument, rebuilt, runInShell } from '../../helpers/document.ts'
import { createFolder, createSandbox, fixture, MYKAARMA } from '../../helpers/sandbox.ts'
import { GOOD, MISTAKES, NOW, type Outgoing } from './mistakes.ts'

interface Said {
  readonly summary: string
  readonly operation?: string
  readonly status: number
  readonly decisions: readonly {
    readonly step: string
    readonly outcome: string
    readonly text: string
    readonly evidence: readonly { readonly level: string; readonly line?: string }[]
    readonly checks?: readonly {
      readonly at: string
      readonly outcome: string
      readonly text: string
      readonly evidence: readonly { readonly level: string; readonly line?: string }[]
    }[]
  }[]
  readonly nearest: readonly {
    readonly operation: string
    readonly method: string
    readonly path: string
    readonly edits: readonly { readonly text: string }[]
  }[]
  readonly hints: readonly { readonly code: string; readonly text: string }[]
}

/** Sends a request and asks why it was answered as it was. */
async function asked(caller: Caller, sent: Outgoing, base = '') {
  const answer = await caller.send({ ...sent, body: String(sent.body) })
  const path = `${base}/_standin/requests/${answer.header('Standin-Request-Id')}/explain`
  const said = (await caller.get(path)).json<Said>()
  const { text } = await caller.get(path, { Accept: 'text/plain' })
  const step = (name: string) => said.decisions.find((decision) => decision.step === name)
  return { answer, said, text, step, path }
}

const caller = async (settings = {}) =>
  createCaller(await createSandbox({ clock: NOW, ...settings }))

test('a good request is explained step by step, each field with the line of the page', async () => {
  const { said, step, text } = await asked(await caller(), GOOD.cryptlex)
  expect(said.decisions.map((decision) => decision.step)).toEqual([
    'sandbox',
    'route',
    'credentials',
    'accept',
    'body',
    'contract',
    'strict',
    'operation',
    'saving',
    'webhooks',
    'answer',
  ])
  expect(said.decisions.every(({ outcome }) => outcome === 'passed')).toBe(true)
  expect(step('credentials')!.text).toContain('reseller:user:create')
  const password = step('contract')!.checks!.find(({ at }) => at === 'password')!
  expect(password.text).toBe('is a string; the contract wants a string of 8 to 256 characters')
  expect(password.evidence[0]).toMatchObject({
    level: 'documented',
    line: 'password* string, min: 8, max: 256',
  })
  expect(step('saving')!.text).toMatch(/The user [\w-]{36} was added/)
  expect(step('webhooks')!.text).toContain('reseller.user.created')
  expect(text).toContain('from the vendor\'s page about it: "email* string, min: 1, format: email"')
})

test('a refusal stops where it was refused, and says which field broke which rule', async () => {
  const body = JSON.stringify({ phone: 5, userInviteEmailTemplate: 'simple', nope: 1 })
  const { said, step } = await asked(await caller(), { ...GOOD.mykaarma, body })
  expect(said.decisions.slice(-2).map((decision) => decision.step)).toEqual(['contract', 'answer'])
  expect(step('contract')).toMatchObject({ outcome: 'refused' })
  expect(step('contract')!.text).toContain('Standin-Reason: body.invalid')
  expect(step('contract')!.checks!.map(({ at, outcome }) => `${at} ${outcome}`)).toEqual([
    'phone refused',
    'userInviteEmailTemplate refused',
    'nope noted',
  ])
  expect(step('contract')!.checks![0]!.evidence[0]!.line).toBe('phone string')
  expect(said.summary).toContain('phone must be of type string')
  expect(said.hints.map(({ code }) => code)).toContain('enum.case')
})

test('what strict would refuse is noted, with the reason why it might', async () => {
  const { step } = await asked(await caller(), { ...GOOD.mykaarma, body: '{"firstName":"Ada"}' })
  expect(step('strict')).toMatchObject({ outcome: 'noted' })
  const lastName = step('strict')!.checks!.find(({ at }) => at === 'required.lastName')!
  expect(lastName.evidence[0]!.level).toBe('assumed')
  const strictly = await asked(await caller({ profile: { all: 'strict' } }), {
    ...GOOD.mykaarma,
    body: '{"firstName":"Ada"}',
  })
  expect(strictly.step('strict')).toMatchObject({ outcome: 'refused' })
  expect(strictly.step('operation')).toBeUndefined()
})

test.each([
  ['credentials', { headers: { 'Content-Type': 'application/json' } }],
  ['accept', { headers: { ...GOOD.mykaarma.headers, Accept: 'text/html' } }],
  ['body', { body: '{' }],
  ['contract', { body: '[]' }],
  ['route', { path: '/manage/v1/user/partner' }],
  ['sandbox', { path: `/~nope${MYKAARMA}` }],
])('a request that is refused at %s is refused there and nowhere else', async (name, change) => {
  const { said, text } = await asked(await caller(), { ...GOOD.mykaarma, ...change })
  const refused = said.decisions.filter(({ outcome }) => outcome === 'refused')
  expect(refused.map(({ step }) => step)).toEqual([name])
  expect(said.decisions.at(-2)!.step).toBe(name)
  expect(text.match(/^\d+\. .*: REFUSED$/gm)).toHaveLength(1)
  expect(said.hints.length).toBeGreaterThan(0)
})

test('a duplicate is refused by the rules of the operation, and names who has the address', async () => {
  const one = await caller()
  const first = await asked(one, GOOD.cryptlex)
  const { step, said } = await asked(one, GOOD.cryptlex)
  expect(step('operation')).toMatchObject({ outcome: 'refused' })
  const id = /The user (\S+) was added/.exec(first.step('saving')!.text)![1]!
  expect(said.hints[0]).toMatchObject({ code: 'user.duplicate' })
  expect(said.hints[0]!.text).toContain(id)
})

test('credentials in the body are looked at after the body, late elements are noted there', async () => {
  const body = fixture('formsonfire.xml').replace(/(\s*<Email>.*)(\s*<ExternalId>.*)/, '$2$1')
  const { said, step } = await asked(await caller(), { ...GOOD.xml, body })
  const steps = said.decisions.map((decision) => decision.step)
  expect(steps.indexOf('credentials')).toBeGreaterThan(steps.indexOf('body'))
  expect(step('body')).toMatchObject({ outcome: 'noted' })
  expect(step('body')!.checks![0]!.at).toBe('xml.order.Email')
})

test('the sandbox that the request named is told, however it did', async () => {
  const one = await caller()
  await one.post('/_standin/sandboxes', { name: 'checkout-42' })
  const base = '/~checkout-42'
  const byPath = await asked(one, { ...GOOD.cryptlex, path: base + GOOD.cryptlex.path }, base)
  expect(byPath.step('sandbox')!.text).toContain('begins with /~checkout-42')
  const headers = { ...GOOD.cryptlex.headers, 'Standin-Sandbox': 'checkout-42' }
  const byHeader = await asked(one, { ...GOOD.cryptlex, headers }, base)
  expect(byHeader.step('sandbox')!.text).toContain('Standin-Sandbox')
})

test('a request that met nothing is told the nearest operations and each edit', async () => {
  const { said, text } = await asked(await caller(), { ...GOOD.formsonfire, path: '/api/v1/suser' })
  expect(said.nearest[0]).toMatchObject({ operation: 'createUser', path: '/api/v2/user' })
  expect(said.nearest[0]!.edits.map((edit) => edit.text)).toEqual([
    'write v2 instead of v1',
    'write user instead of suser',
  ])
  expect(said.operation).toBeUndefined()
  expect(text).toContain('Nearest operations')
  const far = await asked(await caller(), { ...GOOD.formsonfire, path: '/quite/another/thing' })
  expect(far.said.nearest).toEqual([])
  expect(far.said.hints[0]!.text).toContain('/manage, /v3, /api and /_standin')
})

test.each([
  ['POST', '/v3/users', 'createResellerUser'],
  ['POST', '/v3/Users', 'createResellerUser'],
  ['POST', '/v3/resellers/users', 'createResellerUser'],
  ['POST', '/v3/organizations/o-1/users', 'createResellerUser'],
  ['POST', '/v3/webhook', 'createWebhook'],
  ['DELETE', '/v3/webhooks', 'deleteWebhook'],
  ['DELETE', '/v3/webhook/w-1', 'deleteWebhook'],
  ['PUT', '/v3/webhooks/w-1', 'updateWebhook'],
])('%s %s is taken for %s: by its method, and by what is no id', async (method, path, meant) => {
  const { said } = await asked(await caller(), { ...GOOD.cryptlex, method, path })
  expect(said.nearest[0]?.operation).toBe(meant)
})

test('each fault that was looked at says why it fired or did not', async () => {
  const server = await createSandbox({ clock: NOW })
  const { answer } = await asked(createCaller(server), GOOD.cryptlex)
  const { call, context } = server.sandbox.requests.get(answer.header('Standin-Request-Id')!)!
  call.faults = [
    { id: 'fault-1', fired: false, why: 'it is for another operation' },
    { id: 'fault-2', fired: true, why: 'it is the first request of two' },
  ]
  const { decisions } = explain({ ...context, call, sandbox: 'default', status: 201 })
  const faults = decisions.find(({ step }) => step === 'faults')!
  expect(faults).toMatchObject({ outcome: 'noted' })
  expect(faults.text).toContain('fault-2 fired')
  expect(faults.checks!.map(({ at, text }) => `${at} ${text}`)).toEqual([
    'fault-1 did not fire: it is for another operation',
    'fault-2 fired: it is the first request of two',
  ])
})

test('hints are in the journal too', async () => {
  const one = await caller()
  const { answer } = await asked(one, { ...GOOD.cryptlex, path: '/v3/users' })
  const id = answer.header('Standin-Request-Id')
  const record = (await one.get(`/_standin/requests/${id}`)).json<Said>()
  expect(record.hints[0]!.code).toBe('path.segment-missing')
  const { requests } = (await one.get('/_standin/requests')).json<{ requests: Said[] }>()
  expect(requests[0]!.hints).toEqual(record.hints)
})

test('every mistake can be explained, and no explanation holds a secret', async () => {
  const server = await createSandbox({ clock: NOW })
  for (const { sent, code, before, settings } of MISTAKES.flatMap(([, mistakes]) => mistakes)) {
    // Only those that a plain socket sends as they are, and that are for a vendor.
    if (Buffer.isBuffer(sent.body) || before || settings || sent.path.startsWith('/_standin'))
      continue
    if (
      sent.headers['Content-Length'] ||
      !sent.headers['Content-Type'] ||
      sent.headers['Expect'] ||
      sent.method === 'GET'
    )
      continue
    server.sandbox.reset()
    const one = createCaller(server)
    const { said, text, path } = await asked(one, sent)
    expect(
      said.hints?.map((hint) => hint.code),
      `${path} ${text}`,
    ).toContain(code)
    for (const told of [text, JSON.stringify(said)]) {
      expect(told).not.toMatch(
        /partner-secret|pass:with:colons|analytical-engine-1|0123456789abcdef|eyJ/,
      )
      if (code !== 'json.nan') expect(told).not.toMatch(/undefined|\[object|NaN/)
    }
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThan(150)
  }
})

test('docs/explain.md shows what really happens', async () => {
  const clock = Date.parse('2026-01-15T09:30:00Z')
  const { url, port } = await createSandbox({ data: createFolder(), clock })
  const run = (block: string) =>
    runInShell(block.replaceAll('http://localhost:4020', url), { STANDIN_PORT: String(port) })
  const document = await rebuilt(readDocument('docs/explain.md'), run)
  await expectUpToDate('docs/explain.md', document)
})
