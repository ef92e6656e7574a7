// `npm run prism`: Prism, a validating proxy that others wrote, stands between a client and Standin and
// compares each answer with the contract. Each operation is called well, badly, and with a fault for
// each further status that its contract lists. Exits with 1 if an answer breaks its contract, or if a
// status was not met. `npm run prism -- --specs FOLDER` reads the contracts from elsewhere.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { load } from 'js-yaml'
import { VENDORS } from '../../src/apis/index.ts'
import { startStandin } from '../../src/index.ts'
import type { Api } from '../helpers/caller.ts'
import { OPERATIONS, TAKEN, type Sent } from './calls.ts'

// A folder of its own: from beside this file, Prism's js-yaml would be imported.
const PRISM = join(import.meta.dirname, 'prism-cli')
const { values } = parseArgs({ options: { specs: { type: 'string', default: 'specs' } } })

interface Contract {
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<string, { readonly operationId?: string; readonly responses: Readonly<object> }>
      >
    >
  >
}

/** A difference that Prism reports, in the header `sl-violations`. */
interface Violation {
  readonly location?: readonly string[]
  readonly message: string
}

interface Row {
  readonly operation: string
  readonly statuses: Map<number, number>
  readonly violations: string[]
}

const started = performance.now()
install()
const standin = await startStandin({ webhookRetries: 'none' })
const proxies = await Promise.all(VENDORS.map(({ name, spec }) => startProxy(name as Api, spec)))
let failed = false
try {
  for (const [api, sent] of TAKEN) await directly(api, sent)
  const rows: Row[] = []
  for (const proxy of proxies) {
    for (const [operation, responses] of proxy.operations) {
      rows.push(await judge(proxy, operation, Object.keys(responses).map(Number)))
    }
  }
  failed = report(rows)
} finally {
  for (const { child } of proxies) child.kill()
  await standin.close()
}
process.exitCode = failed ? 1 : 0

/** Installs Prism from its own lockfile, unless this version is there. */
function install(): void {
  const lock = (file: string) => {
    const path = join(PRISM, file)
    if (!existsSync(path)) return undefined
    const { packages } = JSON.parse(readFileSync(path, 'utf8')) as {
      packages: Record<string, { version: string }>
    } // npm's own file
    return packages['node_modules/@stoplight/prism-cli']?.version
  }
  if (lock('node_modules/.package-lock.json') === lock('package-lock.json')) return
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: PRISM, stdio: 'inherit' })
  if (status !== 0) throw new Error('npm ci in test/prism/prism-cli failed')
}

interface Proxy {
  readonly api: Api
  readonly url: string
  readonly child: ReturnType<typeof spawn>
  readonly operations: readonly (readonly [string, object])[]
}

/** Starts Prism before one API, on a port that it chooses. */
async function startProxy(api: Api, spec: string): Promise<Proxy> {
  const file = resolve(values.specs, spec)
  const { servers, paths } = load(readFileSync(file, 'utf8')) as Contract // a YAML document
  const bin = join(PRISM, 'node_modules/@stoplight/prism-cli/dist/index.js')
  const upstream = `${standin.url}${servers[0]!.url}`
  const child = spawn(process.execPath, [bin, 'proxy', file, upstream, '--port', '0'], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = await new Promise<string>((found, reject) => {
    let out = ''
    const read = (part: unknown) => {
      out += String(part)
      const listening = /Prism is listening on (http:\S+)/.exec(out)?.[1]
      if (listening !== undefined) found(listening)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    child.on('close', (code) => reject(new Error(`Prism ended with ${code}:\n${out}`)))
  })
  const operations = Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap(({ operationId, responses }) =>
      operationId === undefined ? [] : [[operationId, responses] as const],
    ),
  )
  return { api, url, child, operations }
}

/** Calls one operation in all its ways and collects what Prism finds in the answers. */
async function judge(
  { api, url }: Proxy,
  operation: string,
  listed: readonly number[],
): Promise<Row> {
  const row: Row = { operation: `${api} ${operation}`, statuses: new Map(), violations: [] }
  const calls = OPERATIONS.find((one) => one.api === api && one.operation === operation)
  if (!calls) {
    row.violations.push('test/prism/calls.ts has no request for it')
    return row
  }
  const send = async (about: string, sent: Sent, expected?: number): Promise<void> => {
    const response = await request(url, sent)
    const { status, headers } = response
    const text = await response.text()
    row.statuses.set(status, (row.statuses.get(status) ?? 0) + 1)
    const found = JSON.parse(headers.get('sl-violations') ?? '[]') as readonly Violation[] // Prism's
    const complain = (why: string) => row.violations.push(`${about}: ${status}, ${why}`)
    // A request that is wrong on purpose is not the answer's fault.
    for (const { location = [], message } of found) {
      if (location[0] !== 'request') complain(`${location.join('.')} ${message}`)
    }
    if (!headers.has('standin-request-id')) complain(`not answered by Standin: ${text}`)
    if (expected !== undefined && status !== expected) complain(`expected ${expected}: ${text}`)
    if (!listed.includes(status)) complain('a status that the contract does not list')
    const type = headers.get('content-type') ?? ''
    if (text !== '' && !type.startsWith('application/json')) complain(`not JSON but ${type}`)
  }
  const good = () => calls.good((sent) => directly(api, sent))
  await send('good', await good(), Math.min(...listed))
  for (const [about, change] of Object.entries(calls.bad)) await send(about, change(await good()))
  for (const status of listed.filter((one) => one >= 400)) {
    const sent = await good()
    await standin.faults.add({ api, status, times: 1 })
    await send(`fault ${status}`, sent, status)
  }
  const missed = listed.filter((status) => !row.statuses.has(status))
  if (missed.length > 0) row.violations.push(`statuses that no request met: ${missed.join(', ')}`)
  return row
}

function request(url: string, { method, path, headers, body }: Sent): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** Sends a request that must succeed to Standin itself. */
async function directly(api: Api, sent: Sent): Promise<Readonly<Record<string, unknown>>> {
  const { file, base } = baseOf(api)
  const response = await request(`${standin.url}${base}`, sent)
  if (!response.ok) throw new Error(`${file}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown> // every create answers an object
}

function baseOf(api: Api): { readonly file: string; readonly base: string } {
  const { spec } = VENDORS.find(({ name }) => name === api)!
  const { servers } = load(readFileSync(join('specs', spec), 'utf8')) as Contract // a YAML document
  return { file: spec, base: servers[0]!.url }
}

/** Prints calls and violations by operation; returns whether there are violations. */
function report(rows: readonly Row[]): boolean {
  const width = Math.max(...rows.map(({ operation }) => operation.length))
  console.log(`${'operation'.padEnd(width)}  calls  violations  statuses`)
  for (const { operation, statuses, violations } of rows) {
    const calls = [...statuses.values()].reduce((sum, n) => sum + n, 0)
    const all = [...statuses].toSorted(([a], [b]) => a - b).map(([status, n]) => `${status}×${n}`)
    const cells = [String(calls).padStart(5), String(violations.length).padStart(10)]
    console.log(`${operation.padEnd(width)}  ${cells.join('  ')}  ${all.join(' ')}`)
  }
  for (const { operation, violations } of rows) {
    for (const violation of violations) console.log(`${operation}: ${violation}`)
  }
  const calls = rows.flatMap(({ statuses }) => [...statuses.values()]).reduce((a, b) => a + b, 0)
  const violations = rows.flatMap((row) => row.violations)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${calls} calls, ${violations.length} violations, ${seconds} s`)
  return violations.length > 0
}
