import { test } from 'vitest'
import { expectUpToDate, readDocument, rebuilt, runInShell } from '../helpers/document.ts'
import { createSandbox } from '../helpers/sandbox.ts'

const PATH = 'docs/shell.md'

/** The block that starts a server; the test starts one. */
const NOT_RUN = 'npx standin --memory'

test(`${PATH} shows the real outputs of its commands`, async () => {
  const { port } = await createSandbox()
  const run = (block: string) => {
    const here = block.replaceAll('node_modules/standin/', '')
    const installed = 'npx() { shift; node dist/main.js "$@"; }'
    return runInShell(`${installed}\n${here}`, { STANDIN_PORT: String(port) })
  }
  const document = await rebuilt(readDocument(PATH), (block) =>
    block === NOT_RUN ? undefined : run(block),
  )
  await expectUpToDate(PATH, document)
})
