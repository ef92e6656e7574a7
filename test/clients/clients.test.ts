import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { JAVA } from '../helpers/java.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const FIXTURES = fileURLToPath(new URL('../../fixtures/requests/', import.meta.url))
const TSX = import.meta.resolve('tsx')
const run = promisify(execFile)

/** HTTP clients with the program that runs each; those whose program is missing are skipped. */
const clients = [
  { client: 'urllib', runtime: ['python3'], script: 'urllib_client.py', kind: 'urllib' },
  { client: 'http.client', runtime: ['python3'], script: 'urllib_client.py', kind: 'bare' },
  {
    client: 'fetch',
    runtime: [process.execPath, '--import', TSX],
    script: 'node_client.ts',
    kind: 'fetch',
  },
  {
    client: 'node:http',
    runtime: [process.execPath, '--import', TSX],
    script: 'node_client.ts',
    kind: 'http',
  },
  {
    client: 'curl without a type',
    runtime: ['sh'],
    needs: 'curl',
    script: 'curl_client.sh',
    kind: 'untyped',
  },
  { client: 'curl -d', runtime: ['sh'], needs: 'curl', script: 'curl_client.sh', kind: 'default' },
  { client: 'Go', runtime: ['go', 'run'], script: 'client.go' },
  { client: 'Java', runtime: [...JAVA], script: 'Client.java' },
  { client: "PHP's curl", runtime: ['php'], script: 'client.php' },
  { client: 'Net::HTTP', runtime: ['ruby'], script: 'client.rb' },
].filter(({ runtime: [program = ''], needs }) => isThere(needs ?? program))

test.each(clients)('$client creates a user at each API and reads its id', async (used) => {
  const sandbox = await createSandbox()
  const [program = '', ...before] = used.runtime
  const files = ['mykaarma.json', 'cryptlex.json', 'formsonfire.xml'].map((name) =>
    join(FIXTURES, name),
  )
  const args = [...before, join(HERE, used.script), sandbox.url, ...files, used.kind ?? '']
  const { stdout } = await run(program, args, {
    cwd: createFolder(),
    timeout: 100_000,
  })

  const { store } = sandbox.sandbox
  const id = (api: string) => store.collection(`${api}.users`).all()[0]!.id
  expect(stdout.trim().split('\n')).toEqual([
    `xml 200 ${id('formsonfire')}`,
    `basic 200 ${id('mykaarma')}`,
    `json 201 ${id('cryptlex')}`,
  ])
})

test('the clients of Node are among the tested ones', () => {
  expect(clients.map(({ client }) => client)).toEqual(
    expect.arrayContaining(['fetch', 'node:http']),
  )
})

function isThere(program: string): boolean {
  const flag = program === 'go' ? 'version' : '--version'
  return spawnSync(program, [flag], { stdio: 'ignore' }).status === 0
}
