import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TLS_FAULTS } from '../../../src/core/fault.ts'
import { javaTrustStore } from '../../../src/tls/trust-store.ts'
import { JAVA } from '../../helpers/java.ts'
import { createFolder, createSandbox } from '../../helpers/sandbox.ts'
import { LONG } from '../../helpers/time.ts'
import { TLS_ROWS, type TlsClient } from './tls-reports.ts'

const HERE = fileURLToPath(new URL('tls-clients/', import.meta.url))

const NODE = [process.execPath, '--import', import.meta.resolve('tsx')] as const

interface Program {
  readonly client: TlsClient
  readonly command: readonly [program: string, ...args: string[]]
  /** Program that it runs, if that is not the command itself. */
  readonly needs?: string
}

const ALL: readonly Program[] = [
  { client: 'Node fetch', command: [...NODE, `${HERE}node.ts`, 'fetch'] },
  { client: 'Node https', command: [...NODE, `${HERE}node.ts`, 'https'] },
  { client: 'curl', command: ['sh', `${HERE}curl.sh`], needs: 'curl' },
  { client: 'Python urllib', command: ['python3', `${HERE}python.py`] },
  { client: 'Java HttpClient', command: [...JAVA, `${HERE}Tls.java`] },
  { client: 'Go net/http', command: ['go', 'run', `${HERE}tls.go`] },
]

/** Those whose program is missing are skipped. */
const present = ALL.filter(({ command, needs }) => isThere(needs ?? command[0]))

test.each(present)('$client reports each fault as the table says', LONG, async (used) => {
  const { client, command } = used
  const [program, ...args] = command
  const { sandbox, https } = await createSandbox({ tls: true, tlsPort: 0 })
  const child = spawn(program, args, {
    env: trusting(https!.ca!),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const reports: unknown[] = []
  for (const fault of [...TLS_FAULTS, undefined]) {
    sandbox.faults.clear()
    const armed = fault && sandbox.faults.add(`tls=${fault}`)
    child.stdin.write(`https://localhost:${https!.port}/_standin/health\n`)
    const next = await lines.next()
    const report = next.done === true ? 'no report' : next.value
    const expected = fault === undefined ? '200' : TLS_ROWS[fault].seen[client]
    // One of several is the expected one, so that a failure shows the differing rows.
    reports.push([fault, [expected].flat().includes(report) ? expected : report])
    expect(armed?.fired).not.toBe(0)
  }
  child.stdin.end()
  expect(reports).toEqual([
    ...TLS_FAULTS.map((fault) => [fault, TLS_ROWS[fault].seen[client]]),
    [undefined, '200'],
  ])
})

test('the clients of Node are among the tested ones', () => {
  expect(present.map(({ client }) => client)).toContain('Node fetch')
})

/** The environment of a client that trusts a CA. */
function trusting(ca: string): NodeJS.ProcessEnv {
  const folder = createFolder()
  const file = join(folder, 'ca.pem')
  const store = join(folder, 'ca.jks')
  writeFileSync(file, ca)
  writeFileSync(store, javaTrustStore([ca]))
  return {
    ...process.env,
    NODE_EXTRA_CA_CERTS: file,
    CURL_CA_BUNDLE: file,
    SSL_CERT_FILE: file,
    JAVA_TOOL_OPTIONS: `-Djavax.net.ssl.trustStore=${store}`,
  }
}

function isThere(program: string): boolean {
  const flag = program === 'go' ? 'version' : '--version'
  return spawnSync(program, [flag], { stdio: 'ignore' }).status === 0
}
