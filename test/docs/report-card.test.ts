import { expect, test } from 'vitest'
import { SUBJECTS } from '../../src/core/report-card/check.ts'
import { CHECKS } from '../../src/core/report-card/report-card.ts'
import {
  code,
  expectUpToDate,
  readDocument,
  rebuilt,
  runInShell,
  table,
} from '../helpers/document.ts'
import { createSandbox } from '../helpers/sandbox.ts'

const PATH = 'docs/report-card.md'

/** `npx vitest run test/docs/report-card.test.ts -u` rewrites the outputs and tables. */
test(`${PATH} lists every check and shows the real outputs of its commands`, async () => {
  const tables = Object.fromEntries(
    SUBJECTS.map((subject) => {
      const rows = CHECKS.filter((check) => check.subject === subject).map(
        ({ id, title, needs, provoke }) => [code(id), title, needs, code(provoke)],
      )
      return [subject, table(['Check', 'Passes', 'Needs', 'To see it'], rows)]
    }),
  )
  const { url, port } = await createSandbox()
  const env = { STANDIN_PORT: String(port) }
  const run = (block: string) => runInShell(block.replaceAll('http://localhost:4020', url), env)
  const document = await rebuilt(readDocument(PATH), run, tables)
  await expectUpToDate(PATH, document)
  expect(document.split('\n').length).toBeLessThanOrEqual(300)
})

test('the program in it runs', async () => {
  const [, program = ''] = /^```js\n(.*?)^```$/ms.exec(readDocument(PATH)) ?? []
  expect(program).toContain('standin.reportCard(')
  expect(await runInShell(`node --input-type=module <<'END'\n${program}\nEND`, {})).toBe('')
})
