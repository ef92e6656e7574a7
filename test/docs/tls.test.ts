import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tlsTable } from '../core/faults/tls-reports.ts'
import {
  expectUpToDate,
  readDocument,
  rebuilt,
  runInShell,
  shellBlocks,
} from '../helpers/document.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

const PATH = 'docs/tls.md'

/** Blocks that start a server. */
const NOT_RUN = ['npm start -- --tls --memory']

test(`${PATH} shows the real outputs of its commands`, async () => {
  const clock = Date.parse('2026-01-15T09:30:00Z')
  const server = await createSandbox({ tls: true, tlsPort: 0, clock })
  const ca = join(createFolder(), 'ca.pem')
  const env = { STANDIN_PORT: String(server.port) }
  const run = async (block: string) => {
    const own = block
      .replaceAll('http://localhost:4020', server.url)
      .replaceAll(':4021', `:${server.https!.port}`)
      .replaceAll(/ ca\.pem\b/g, ` ${ca}`)
    return (await runInShell(own, env)).replaceAll(String(server.https!.port), '4021')
  }
  const document = await rebuilt(
    readDocument(PATH),
    (block) => (NOT_RUN.includes(block) ? undefined : run(block)),
    { tls: tlsTable() },
  )
  await expectUpToDate(PATH, document)
})

test('the program in it runs', async () => {
  const [, program = ''] = /^```js\n(.*?)^```$/ms.exec(readDocument(PATH)) ?? []
  expect(program).toContain('tls: true')
  expect(await runInShell(`node --input-type=module <<'END'\n${program}\nEND`, {})).toBe('401')
})

test('no page and no example turns verification off', () => {
  const off =
    /NODE_TLS_REJECT_UNAUTHORIZED|rejectUnauthorized|--insecure|curl[^\n]* -k\b|verify=False|InsecureSkipVerify/
  expect(shellBlocks(readDocument(PATH)).length).toBeGreaterThan(2)
  for (const page of [
    PATH,
    'README.md',
    'docs/testing.md',
    'docs/operations.md',
    'docs/security.md',
  ]) {
    expect(readDocument(page)).not.toMatch(off)
  }
})
