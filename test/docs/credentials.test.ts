import { expect, test } from 'vitest'
import { readDocument, runInShell, shellBlocks } from '../helpers/document.ts'
import { createSandbox } from '../helpers/sandbox.ts'

// The other tests of the documents set the clock of every command in the environment.
test.each([undefined, Date.parse('2026-01-15T09:30:00Z')])(
  'the token in docs/credentials.md has expired at a server with the clock at %s',
  async (clock) => {
    const block = shellBlocks(readDocument('docs/credentials.md')).find((text) =>
      text.includes('token --'),
    )!
    const server = await createSandbox(clock === undefined ? {} : { clock })
    const printed = await runInShell(block.replace(':4020/', `:${server.port}/`), {})
    expect(printed).toMatch(/^HTTP\/1\.1 401 Unauthorized/)
    expect(printed).toContain('Standin-Reason: token.expired')
  },
)
