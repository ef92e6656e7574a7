import { expect, test } from 'vitest'
import { explain } from '../../../src/core/explain/explain.ts'
import { callOf } from '../../../src/core/request-log/entry.ts'
import { createCaller, type Caller } from '../../helpers/caller.ts'
import { expectUpToDate, readDocument, rebuilt, runInShell } from '../../helpers/document.ts'
import { createFolder, createSandbox, fixture, MYKAARMA } from '../../helpers/sandbox.ts'
import { GOOD, MISTAKES, NOW, type Outgoing } from './mistakes.ts'

interface Explained {
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

/** Sends a request and fetches the explanation of its answer. */
async function explained(caller: Caller, sent: Outgoing, base = '') {
  const answer = await caller.send({ ...sent, body: String(sent.body) })
  const path = `${base}/_standin/requests/${answer.header('Standin-Request-Id')}/explain`
  const explanation = (await caller.get(path)).json<Explained>()
  const { text } = await caller.get(path, { Accept: 'text/plain' })
  const step = (name: string) => explanation.decisions.find((decision) => decision.step === name)
  return { answer, explanation, text, step, path }
}

const caller = async (settings = {}) =>
  createCaller(await createSandbox({ clock: NOW, ...settings }))

test('an accepted request is explained step by step, each field with the line of the page', async () => {
  const { explanation, step, text } = await explained(await caller(), GOOD.cryptlex)
  expect(explanation.decisions.map((decision) => decision.step)).toEqual([
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
  expect(explanation.decisions.every(({ outcome }) => outcome === 'passed')).toBe(true)
  expect(step('credentials')!.text).toContain('reseller:user:create')
  const password = step('contract')!.checks!.find(({ at }) => at === 'password')!
  expect(password.text).toBe('is a string; the contract requires a string of 8 to 256 characters')
  expect(password.evidence[0]).toMatchObject({
    level: 'documented',
    line: 'password* string, min: 8, max: 256',
  })
  expect(step('saving')!.text).toMatch(/The user [\w-]{36} was added/)
  expect(step('webhooks')!.text).toContain('reseller.user.created')
  expect(text).toContain(
    'from the vendor\'s page about this call: "email* string, min: 1, format: email"',
  )
})

test('a refusal is the last decision before the answer and names each field with its broken rule', async () => {
  const body = JSON.stringify({ phone: 5, userInviteEmailTemplate: 'simple', nope: 1 })
  const { explanation, step } = await explained(await caller(), { ...GOOD.mykaarma, body })
  expect(explanation.decisions.slice(-2).map((decision) => decision.step)).toEqual([
    'contract',
    'answer',
  ])
  expect(step('contract')).toMatchObject({ outcome: 'refused' })
  expect(step('contract')!.text).toContain('Standin-Reason: body.invalid')
  expect(step('contract')!.checks!.map(({ at, outcome }) => `${at} ${outcome}`)).toEqual([
    'phone refused',
    'userInviteEmailTemplate refused',
    'nope noted',
  ])
  expect(step('contract')!.checks![0]!.evidence[0]!.line).toBe('phone string')
  expect(explanation.summary).toContain('phone must be of type string')
  expect(explanation.hints.map(({ code }) => code)).toContain('enum.case')
})

test('a rule of the strict profile is a note under documented, with its evidence', async () => {
  const { step } = await explained(await caller(), {
    ...GOOD.mykaarma,
    body: '{"firstName":"Ada"}',
  })
  expect(step('strict')).toMatchObject({ outcome: 'noted' })
  const lastName = step('strict')!.checks!.find(({ at }) => at === 'required.lastName')!
  expect(lastName.evidence[0]!.level).toBe('assumed')
  const strictly = await explained(await caller({ profile: { all: 'strict' } }), {
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
])('a request refused at %s has exactly one refused decision', async (name, change) => {
  const { explanation, text } = await explained(await caller(), { ...GOOD.mykaarma, ...change })
  const refused = explanation.decisions.filter(({ outcome }) => outcome === 'refused')
  expect(refused.map(({ step }) => step)).toEqual([name])
  expect(explanation.decisions.at(-2)!.step).toBe(name)
  expect(text.match(/^\d+\. .*: REFUSED$/gm)).toHaveLength(1)
  expect(explanation.hints.length).toBeGreaterThan(0)
})

test('a duplicate user is refused by the operation, with a hint that names the existing user', async () => {
  const one = await caller()
  const first = await explained(one, GOOD.cryptlex)
  const { step, explanation } = await explained(one, GOOD.cryptlex)
  expect(step('operation')).toMatchObject({ outcome: 'refused' })
  const id = /The user (\S+) was added/.exec(first.step('saving')!.text)![1]!
  expect(explanation.hints[0]).toMatchObject({ code: 'user.duplicate' })
  expect(explanation.hints[0]!.text).toContain(id)
})

test('credentials in the body are checked after it is read, and elements out of order are noted', async () => {
  const body = fixture('formsonfire.xml').replace(/(\s*<Email>.*)(\s*<ExternalId>.*)/, '$2$1')
  const { explanation, step } = await explained(await caller(), { ...GOOD.xml, body })
  const steps = explanation.decisions.map((decision) => decision.step)
  expect(steps.indexOf('credentials')).toBeGreaterThan(steps.indexOf('body'))
  expect(step('body')).toMatchObject({ outcome: 'noted' })
  expect(step('body')!.checks![0]!.at).toBe('xml.order.Email')
})

test('the explanation names the sandbox that the path or the header selected', async () => {
  const one = await caller()
  await one.post('/_standin/sandboxes', { name: 'checkout-42' })
  const base = '/~checkout-42'
  const byPath = await explained(one, { ...GOOD.cryptlex, path: base + GOOD.cryptlex.path }, base)
  expect(byPath.step('sandbox')!.text).toContain('begins with /~checkout-42')
  const headers = { ...GOOD.cryptlex.headers, 'Standin-Sandbox': 'checkout-42' }
  const byHeader = await explained(one, { ...GOOD.cryptlex, headers }, base)
  expect(byHeader.step('sandbox')!.text).toContain('Standin-Sandbox')
})

test('a request that matches no operation gets the nearest operations with each edit', async () => {
  const { explanation, text } = await explained(await caller(), {
    ...GOOD.formsonfire,
    path: '/api/v1/suser',
  })
  expect(explanation.nearest[0]).toMatchObject({ operation: 'createUser', path: '/api/v2/user' })
  expect(explanation.nearest[0]!.edits.map((edit) => edit.text)).toEqual([
    'write v2 instead of v1',
    'write user instead of suser',
  ])
  expect(explanation.operation).toBeUndefined()
  expect(text).toContain('Nearest operations')
  const far = await explained(await caller(), { ...GOOD.formsonfire, path: '/quite/another/thing' })
  expect(far.explanation.nearest).toEqual([])
  expect(far.explanation.hints[0]!.text).toContain('/manage, /v3, /api and /_standin')
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
])('%s %s is nearest to %s', async (method, path, operation) => {
  const { explanation } = await explained(await caller(), { ...GOOD.cryptlex, method, path })
  expect(explanation.nearest[0]?.operation).toBe(operation)
})

test('each considered fault is listed with the reason why it fired or did not fire', async () => {
  const server = await createSandbox({ clock: NOW })
  const { answer } = await explained(createCaller(server), GOOD.cryptlex)
  const entry = server.sandbox.requests.get(answer.header('Standin-Request-Id')!)!
  const call = callOf(entry)
  call.faults = [
    { id: 'fault-1', fired: false, why: 'it is for another operation' },
    { id: 'fault-2', fired: true, why: 'it is the first request of two' },
  ]
  const { decisions } = explain({ ...entry.context, call, sandbox: 'default', status: 201 })
  const faults = decisions.find(({ step }) => step === 'faults')!
  expect(faults).toMatchObject({ outcome: 'noted' })
  expect(faults.text).toContain('fault-2 fired')
  expect(faults.checks!.map(({ at, text }) => `${at} ${text}`)).toEqual([
    'fault-1 did not fire: it is for another operation',
    'fault-2 fired: it is the first request of two',
  ])
})

test('hints are in the request log too', async () => {
  const one = await caller()
  const { answer } = await explained(one, { ...GOOD.cryptlex, path: '/v3/users' })
  const id = answer.header('Standin-Request-Id')
  const record = (await one.get(`/_standin/requests/${id}`)).json<Explained>()
  expect(record.hints[0]!.code).toBe('path.segment-missing')
  const { requests } = (await one.get('/_standin/requests')).json<{ requests: Explained[] }>()
  expect(requests[0]!.hints).toEqual(record.hints)
})

test('every mistake can be explained, and no explanation contains a secret', async () => {
  const server = await createSandbox({ clock: NOW })
  for (const { sent, code, before, settings } of MISTAKES.flatMap(([, mistakes]) => mistakes)) {
    // Only requests to a vendor that the caller sends unchanged.
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
    const { explanation, text, path } = await explained(one, sent)
    expect(
      explanation.hints?.map((hint) => hint.code),
      `${path} ${text}`,
    ).toContain(code)
    for (const output of [text, JSON.stringify(explanation)]) {
      expect(output).not.toMatch(
        /partner-secret|pass:with:colons|analytical-engine-1|0123456789abcdef|eyJ/,
      )
      if (code !== 'json.nan') expect(output).not.toMatch(/undefined|\[object|NaN/)
    }
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThan(150)
  }
})

test('docs/explain.md shows the real answers', async () => {
  const clock = Date.parse('2026-01-15T09:30:00Z')
  const { url, port } = await createSandbox({ data: createFolder(), clock })
  const run = (block: string) =>
    runInShell(block.replaceAll('http://localhost:4020', url), { STANDIN_PORT: String(port) })
  const document = await rebuilt(readDocument('docs/explain.md'), run)
  await expectUpToDate('docs/explain.md', document)
})
