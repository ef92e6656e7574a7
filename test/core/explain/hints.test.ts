import { request } from 'node:http'
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  nat,
  oneof,
  option,
  record,
  string,
} from 'fast-check'
import * as prettier from 'prettier'
import { expect, test } from 'vitest'
import { Redactor } from '../../../src/core/request-log/redact.ts'
import type { Server } from '../../../src/server/server.ts'
import { repetitions } from '../../helpers/repetitions.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { expectUpToDate, readDocument } from '../../helpers/document.ts'
import { GOOD, MISTAKES, NOW, type Mistake, type Outgoing } from './mistakes.ts'

interface Answer {
  readonly status: number
  readonly hints: readonly { readonly code: string; readonly text: string }[]
  readonly header: string | undefined
  readonly body: string
}

/** Sends a request unchanged, with only the headers that HTTP needs added. */
function exchange(
  { port }: Pick<Server, 'port'>,
  { method, path, headers, body }: Outgoing,
  wantsHints = true,
): Promise<Answer> {
  const length =
    method === 'GET' && body.length === 0 ? {} : { 'Content-Length': Buffer.byteLength(body) }
  const explain = wantsHints ? { 'Standin-Explain': '1' } : {}
  const options = {
    port,
    method,
    path,
    agent: false,
    headers: { ...length, ...headers, ...explain },
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const header = response.headers['standin-hint'] as string | undefined
        const all = [...(header ?? '').matchAll(/"((?:[^"\\]|\\.)*)";code=([\w.-]+)/g)]
        resolve({
          status: response.statusCode ?? 0,
          hints: all.map(([, text = '', code = '']) => ({
            code,
            text: text.replaceAll(/\\(.)/g, '$1'),
          })),
          header,
          body: Buffer.concat(chunks).toString(),
        })
      })
    })
    sent.on('error', reject)
    const claimed = Number(headers['Content-Length'] ?? Infinity)
    sent.end(Buffer.from(body).subarray(0, claimed))
  })
}

async function sendMistake({ sent, before, settings }: Mistake) {
  const server = await createSandbox({ clock: NOW, ...settings })
  if (before) await exchange(server, before)
  return { server, answer: await exchange(server, sent) }
}

/** Parts of secrets in the requests, which no hint may contain. */
const SECRETS = [
  'partner-secret',
  'pass:with:colons',
  'standin-token',
  'analytical-engine',
  '0123456789abcdef',
  'eyJ',
  Buffer.from('partner:').toString('base64').slice(0, 8),
]

const all = MISTAKES.flatMap(([, mistakes]) => mistakes)

test.each(all)('$title ($api): $code', async (mistake) => {
  const { server, answer } = await sendMistake(mistake)
  expect(answer.status, answer.body).toBe(mistake.status)
  const found = answer.hints.find(({ code }) => code === mistake.code)
  expect(found, answer.header ?? 'no hint').toBeDefined()
  expect(answer.header).toMatch(/^[\x20-\x7e]+$/)
  // The redaction of the request log must find no secret here.
  for (const { text } of answer.hints) expect(new Redactor().scrub(text)).toBe(text)
  for (const secret of SECRETS) expect(answer.header).not.toContain(secret)
  if (!mistake.correct) return
  const corrected = mistake.correct(mistake.sent, found!.text) // tested above
  if (!mistake.before) server.sandbox.reset()
  const after = await exchange(server, corrected)
  expect(after.status, `${found!.text} ${after.body}`).toBeLessThan(300)
  expect(after.hints.map(({ code }) => code)).not.toContain(mistake.code)
})

test('an answer has no hints without Standin-Explain, nor for a good request', async () => {
  const server = await createSandbox({ clock: NOW })
  const wrong = { ...GOOD.cryptlex, path: '/v3/users' }
  expect((await exchange(server, wrong, false)).header).toBeUndefined()
  const answer = await exchange(server, wrong)
  expect(answer.header).toMatch(/^"Send POST /)
  expect(answer.body).toBe((await exchange(server, wrong, false)).body)
  for (const good of [GOOD.mykaarma, GOOD.cryptlex, GOOD.xml]) {
    const { status, header } = await exchange(server, good)
    expect([status, header]).toEqual([status < 300 ? status : 'refused', undefined])
  }
})

test('hints are sentences, limited in number and length', async () => {
  const server = await createSandbox({ clock: NOW })
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`unknown${i}`, i]))
  const { hints, header } = await exchange(server, { ...GOOD.mykaarma, body: JSON.stringify(many) })
  expect(hints.length).toBeLessThanOrEqual(5)
  expect(header!.length).toBeLessThan(2500)
  for (const mistake of all.slice(0, 40)) {
    const { answer } = await sendMistake(mistake)
    for (const { text } of answer.hints) expect(text).toMatch(/^[A-Z].*[.]$/s)
  }
})

test('hints for any damaged request can be computed and contain no password', async () => {
  const server = await createSandbox({ clock: NOW })
  const kinds = [GOOD.mykaarma, GOOD.cryptlex, GOOD.formsonfire, GOOD.xml]
  const secret = 'PLANTED-q7Zk9'
  // A good request with a piece of its body, path or credentials replaced by another text.
  const piece = oneof(
    string({ maxLength: 12 }),
    constantFrom(`"password":"${secret}"`, '<Password>', `{"a":{"b":["${secret}"]}}`, '"', '&'),
  )
  // webPath() of fast-check first spends seconds on a table of all characters.
  const segment = string({
    unit: constantFrom(..."abzAZ019-._~!$&'()*+,;=:@", '%00', '%2F', '%C3%A9', '%F0%9F%98%80'),
    maxLength: 12,
  })
  const paths = array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`)
  const damage = record({
    good: constantFrom(...kinds),
    at: nat(2000),
    length: nat(60),
    piece,
    type: option(constantFrom('application/json', 'application/xml', 'text/plain', '')),
    authorization: option(
      constantFrom(secret, `Basic ${secret}`, `Bearer ${secret}`, `Basic a:${secret}`),
    ),
    path: option(paths),
  })
  await assert(
    asyncProperty(damage, async ({ good, at, length, piece: by, type, authorization, path }) => {
      const from = at % String(good.body).length
      const body = String(good.body).replace(/"password": "[^"]*"/, `"password": "${secret}"`)
      const { header } = await exchange(server, {
        method: good.method,
        path: path ?? good.path,
        headers: {
          ...good.headers,
          ...(type === null ? {} : { 'Content-Type': type }),
          ...(authorization === null ? {} : { Authorization: authorization }),
        },
        body: body.slice(0, from) + by + body.slice(from + length),
      })
      expect(header ?? '').not.toContain(secret)
    }),
    { numRuns: repetitions(60, 1000) },
  )
  expect(server.logged).toEqual([])
})

test('docs/hints.md lists every mistake with its hint', async () => {
  const sections: string[] = []
  for (const [subject, mistakes] of MISTAKES) {
    const rows: string[] = []
    for (const mistake of mistakes) {
      const { answer } = await sendMistake(mistake)
      const text = answer.hints.find(({ code }) => code === mistake.code)?.text ?? ''
      const cells = [mistake.title, mistake.api, `\`${mistake.code}\``, text]
      rows.push(`| ${cells.map(cell).join(' | ')} |`)
    }
    const head = '| Mistake | API | Code | Hint |\n| --- | --- | --- | --- |'
    sections.push(`## ${subject}\n\n${head}\n${rows.join('\n')}`)
  }
  const block = /(<!-- made: hints -->\n).*?(<!-- end -->)/s
  const page = readDocument('docs/hints.md').replace(
    block,
    (_, start: string, end: string) => `${start}\n${sections.join('\n\n')}\n\n${end}`,
  )
  const style = await prettier.resolveConfig('docs/hints.md')
  const wanted = await prettier.format(page, { ...style, parser: 'markdown' })
  await expectUpToDate('docs/hints.md', wanted)
})

/** A cell of a table, with the characters escaped that Markdown or HTML would interpret. */
function cell(text: string): string {
  return text
    .replaceAll(/[|\\]/g, '\\$&')
    .replaceAll(/[<&*_{}[\]]/g, (sign) => (text.startsWith('`') ? sign : `\\${sign}`))
}
