import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import {
  complaints,
  readProtobuf,
  readXml,
  operationOf,
  rootOf,
} from '../../apis/contract-documents.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { casesAt } from './cases.ts'
import { arm, sendRaw, forEachConcurrently, isWhole, mykaarma, xml, type RawAnswer } from './kit.ts'

/**
 * Checks an answer as a careful client does: framing, type, charset, syntax and shape. It uses none
 * of Standin's own readers.
 */
async function foundWrong({ api }: Endpoint, answer: RawAnswer): Promise<string | undefined> {
  const { status, headers, body } = answer
  if (!isWhole(answer)) return 'it is not whole'
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(/; */)
  const charset = parameters.find((one) => one.startsWith('charset='))?.slice(8) ?? 'utf-8'
  let read: unknown
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(body)
    if (type === 'application/json') read = JSON.parse(text)
    else if (type === 'application/xml') {
      wellFormed(text)
      const other = namespaceIn(text)
      if (other !== undefined) return `it has elements of the namespace ${other}`
      const { root, body: content } = await readXml(text)
      if (root !== rootOf(api, operationOf(api).operationId, status)) return `its root is ${root}`
      read = content
    } else return `it is ${type}`
  } catch (error) {
    return String(error)
  }
  const found = complaints(api, operationOf(api).operationId, status, type, read)
  return Array.isArray(found) && found.length === 0 ? undefined : JSON.stringify(found)
}

function wellFormed(text: string): void {
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', (error) => {
    throw error
  })
  parser.write(text).close()
}

/** Returns the namespace of the first element that has one; the contract has none. */
function namespaceIn(text: string): string | undefined {
  let found: string | undefined
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ uri }) => {
    if (uri !== '') found ??= uri
  })
  parser.write(text).close()
  return found
}

test.each(endpoints)(
  'at $name exactly the faults that break the contract are tagged breaksContract',
  async (endpoint) => {
    const server = await createSandbox()
    const { faults } = server.sandbox
    const cases = casesAt(endpoint).filter(({ expected }) => expected.end !== 'waiting')
    const wrong: string[] = []
    await forEachConcurrently(cases, async ({ fault, expected: { idle } }, i) => {
      const answer = await sendRaw(server, endpoint, {
        name: `g${i}`,
        headers: { 'Standin-Fault': fault },
      })
      const tagged = faults.breaksContract(
        arm(server, { fault, api: endpoint.api, after: undefined }),
      )
      const found = await foundWrong(endpoint, answer)
      if (idle) expect([fault, found]).toEqual([fault, undefined])
      else if (tagged !== (found !== undefined)) wrong.push(`${fault}: ${tagged}, but ${found}`)
    })
    expect(wrong).toEqual([])
  },
)

test('a fault for all APIs breaks the contract if it breaks the contract of one of them', async () => {
  const server = await createSandbox()
  const { faults } = server.sandbox
  const breaks = (fault: object) => faults.breaksContract(arm(server, fault))
  // 406 and 409 are each in the contract of one API.
  expect([406, 409, 401, 418].map((status) => breaks({ status }))).toEqual([
    true,
    true,
    false,
    true,
  ])
  expect(breaks({ status: 406, api: 'mykaarma' })).toBe(false)
  expect(breaks({ status: 409, api: 'cryptlex' })).toBe(false)
  expect(breaks({ status: 409, api: 'mykaarma' })).toBe(true)
  expect(breaks({ reason: 'token.expired' })).toBe(false)
})

test('a refusal is well-formed whatever field names the fault gives', async () => {
  const server = await createSandbox()
  const fields = ['Email', 'a.b[0]', '$', '__proto__', 'constructor:constructor', 'x:minLength']
  for (const body of ['xml-cdata', 'xml-comments', undefined] as const) {
    const { id } = arm(server, { status: 400, fields, ...(body ? { body } : {}) })
    for (const endpoint of endpoints) {
      if (body && endpoint !== xml) continue
      const answer = await sendRaw(server, endpoint)
      expect(answer.status).toBe(400)
      expect(await foundWrong(endpoint, answer)).toBeUndefined()
      expect(String(answer.body)).not.toMatch(/undefined|native code|\[object/)
    }
    server.sandbox.faults.remove(id)
  }
})

test('the XML faults keep the same content for clients that compare local names', async () => {
  const server = await createSandbox()
  for (const requested of ['', '400', '401', 'user.duplicate', '500']) {
    const kinds = ['xml-prefixes', 'xml-comments', 'xml-cdata', 'reordered']
    const said = new Set<string>()
    const texts = new Set<string>()
    for (const kind of ['close-after', ...kinds]) {
      const name = `x${requested}${kind}`
      const headers = { 'Standin-Fault': [kind, requested].join(';') }
      const { body } = await sendRaw(server, xml, { name, headers })
      wellFormed(String(body))
      const { root, body: read } = await readXml(String(body).replaceAll(/(<\/?)p:/g, '$1'))
      // Ids differ, and the order of elements is not compared.
      const plain = JSON.stringify(sorted(read)).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '(id)')
      said.add(`${root} ${plain}`)
      texts.add(String(body).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '(id)'))
    }
    expect([...said]).toEqual([[...said][0]])
    expect(texts.size).toBe(kinds.length + 1)
  }
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

test('a protobuf answer with an unknown field is read as before', async () => {
  const server = await createSandbox()
  const Accept = 'application/x-protobuf'
  const headers = { Accept, 'Standin-Fault': 'protobuf-unknown' }
  const read = await sendRaw(server, mykaarma, { name: 'unknown', headers })
  expect(read.headers['standin-fault']).toMatch(/^header-/)
  expect(readProtobuf(read.body)['apiRequestId']).toMatch(/^[0-9a-f-]{36}$/)
  // Field 999 is present, and the reader skips it.
  expect(read.body.includes(Buffer.from([0xba, 0x3e]))).toBe(true)
  for (const fault of ['extra-fields', 'nulls', 'reordered', 'unknown-enum', 'xml-cdata']) {
    const answer = await sendRaw(server, mykaarma, {
      name: fault,
      headers: { Accept, 'Standin-Fault': fault },
    })
    expect(answer.headers['standin-warning']).toContain('fault.not-applicable')
    readProtobuf(answer.body)
  }
  const cut = await sendRaw(server, mykaarma, {
    name: 'cut',
    headers: { Accept, 'Standin-Fault': 'truncated' },
  })
  expect(() => readProtobuf(cut.body)).toThrow()
})

test('a fault refuses with every status in JSON, also a client that accepts only protobuf', async () => {
  const server = await createSandbox()
  for (const { fault, expected } of casesAt(mykaarma)) {
    if (!/^\d+$/.test(fault)) continue
    const headers = { Accept: 'application/x-protobuf', 'Standin-Fault': fault }
    const answer = await sendRaw(server, mykaarma, { name: fault, headers })
    expect(answer.status).toBe(expected.status)
    if (expected.type || fault === '304') continue
    const { errors } = JSON.parse(answer.body.toString()) as { errors: { errorMessage: string }[] }
    expect(errors[0]!.errorMessage).toMatch(/\w/)
  }
})
