import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import { complaints, readProtobuf, readXml, rootOf } from '../../apis/contract-documents.ts'
import { entryPoints, type EntryPoint } from '../../helpers/raw-requests.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { casesAt } from './cases.ts'
import { add, ask, each, isWhole, mykaarma, xml, type Heard } from './kit.ts'

/**
 * What a careful client finds wrong with an answer: its frame, its type, its charset, its syntax,
 * its shape. None of Standin's own reading has a hand in it.
 */
async function foundWrong({ api }: EntryPoint, heard: Heard): Promise<string | undefined> {
  const { status, headers, body } = heard
  if (!isWhole(heard)) return 'it is not whole'
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
      if (root !== rootOf(api, false, status)) return `its root is ${root}`
      read = content
    } else return `it is ${type}`
  } catch (error) {
    return String(error)
  }
  const found = complaints(api, false, status, type, read)
  return Array.isArray(found) && found.length === 0 ? undefined : JSON.stringify(found)
}

function wellFormed(text: string): void {
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', (error) => {
    throw error
  })
  parser.write(text).close()
}

/** The namespace of an element that has one; the contract names none. */
function namespaceIn(text: string): string | undefined {
  let found: string | undefined
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ uri }) => {
    if (uri !== '') found ??= uri
  })
  parser.write(text).close()
  return found
}

test.each(entryPoints)(
  'what breaks the contract of $name is tagged, and nothing else',
  async (entryPoint) => {
    const server = await createSandbox()
    const { faults } = server.sandbox
    const cases = casesAt(entryPoint).filter(({ expected }) => expected.end !== 'waiting')
    const wrong: string[] = []
    await each(cases, async ({ fault, expected: { idle } }, i) => {
      const heard = await ask(server, entryPoint, {
        name: `g${i}`,
        headers: { 'Standin-Fault': fault },
      })
      const tagged = faults.breaksContract(
        add(server, { fault, api: entryPoint.api, after: undefined }),
      )
      const found = await foundWrong(entryPoint, heard)
      if (idle) expect([fault, found]).toEqual([fault, undefined])
      else if (tagged !== (found !== undefined)) wrong.push(`${fault}: ${tagged}, but ${found}`)
    })
    expect(wrong).toEqual([])
  },
)

test('what is said of all APIs holds at each', async () => {
  const server = await createSandbox()
  const { faults } = server.sandbox
  const breaks = (fault: object) => faults.breaksContract(add(server, fault))
  // 406 and 409 are each known to one.
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

test('what is put into a refusal comes out well-formed', async () => {
  const server = await createSandbox()
  const fields = ['Email', 'a.b[0]', '$', '__proto__', 'constructor:constructor', 'x:minLength']
  for (const body of ['xml-cdata', 'xml-comments', undefined] as const) {
    const { id } = add(server, { status: 400, fields, ...(body ? { body } : {}) })
    for (const entryPoint of entryPoints) {
      if (body && entryPoint !== xml) continue
      const heard = await ask(server, entryPoint)
      expect(heard.status).toBe(400)
      expect(await foundWrong(entryPoint, heard)).toBeUndefined()
      expect(String(heard.body)).not.toMatch(/undefined|native code|\[object/)
    }
    server.sandbox.faults.remove(id)
  }
})

test('XML that is spelt otherwise says the same to who looks at local names', async () => {
  const server = await createSandbox()
  for (const wish of ['', '400', '401', 'user.duplicate', '500']) {
    const kinds = ['xml-prefixes', 'xml-comments', 'xml-cdata', 'reordered']
    const said = new Set<string>()
    const texts = new Set<string>()
    for (const kind of ['close-after', ...kinds]) {
      const name = `x${wish}${kind}`
      const headers = { 'Standin-Fault': [kind, wish].join(';') }
      const { body } = await ask(server, xml, { name, headers })
      wellFormed(String(body))
      const { root, body: read } = await readXml(String(body).replaceAll(/(<\/?)p:/g, '$1'))
      // The id is another user's each time; the order is not what XML is compared by here.
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

test('protobuf with a field more is read as before', async () => {
  const server = await createSandbox()
  const Accept = 'application/x-protobuf'
  const headers = { Accept, 'Standin-Fault': 'protobuf-unknown' }
  for (const fault of ['protobuf-unknown', 'protobuf-unknown;401']) {
    const heard = await ask(server, mykaarma, {
      name: fault.slice(-3),
      headers: { ...headers, 'Standin-Fault': fault },
    })
    expect(heard.headers['standin-fault']).toMatch(/^header-/)
    const read = readProtobuf(heard.body)
    expect(read['apiRequestId']).toMatch(/^[0-9a-f-]{36}$/)
    // Field 999 is there, and no reader of the message minds it.
    expect(heard.body.includes(Buffer.from([0xba, 0x3e]))).toBe(true)
  }
  for (const fault of ['extra-fields', 'nulls', 'reordered', 'unknown-enum', 'xml-cdata']) {
    const heard = await ask(server, mykaarma, {
      name: fault,
      headers: { Accept, 'Standin-Fault': fault },
    })
    expect(heard.headers['standin-warning']).toContain('fault.not-applicable')
    readProtobuf(heard.body)
  }
  const cut = await ask(server, mykaarma, {
    name: 'cut',
    headers: { Accept, 'Standin-Fault': 'truncated' },
  })
  expect(() => readProtobuf(cut.body)).toThrow()
})

test('every status can be refused with in protobuf', async () => {
  const server = await createSandbox()
  for (const { fault, expected } of casesAt(mykaarma)) {
    if (!/^\d+$/.test(fault)) continue
    const headers = { Accept: 'application/x-protobuf', 'Standin-Fault': fault }
    const heard = await ask(server, mykaarma, { name: fault, headers })
    expect(heard.status).toBe(expected.status)
    if (expected.type || fault === '304') continue
    const [first] = readProtobuf(heard.body)['errors'] as { errorMessage: string }[]
    expect(first!.errorMessage).toMatch(/\w/)
  }
})
