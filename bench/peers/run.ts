// npm run bench:peers [-- --rounds 5 --time 2000 --only prism,standin]
//
// Measures Standin beside other mock servers that answer the same create, see README.md. In each
// round each program starts in a folder of its own, answers its first create, is warmed up, and
// answers creates over 16 connections and over one. Prints one Markdown table of medians; `×` is
// the median of the ratios to the bare server in the same round.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  freePort,
  load,
  MAIN,
  median,
  memory,
  REFERENCE,
  ROOT,
  startToFirst,
  stop,
  used,
  type Running,
} from '../program.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** Milliseconds of each load, and of the warm-up before them. */
    time: { type: 'string', default: '2000' },
    /** Prefixes of the names of the programs to run, in lower case. */
    only: { type: 'string', default: '' },
  },
})
const ROUNDS = Number(values.rounds)
const TIME = Number(values.time)
const HERE = import.meta.dirname
const CONTRACT = join(ROOT, 'specs/cryptlex.yaml')

interface Peer {
  readonly name: string
  /** Name of its package here; undefined: this project's own. */
  readonly package?: string
  readonly command: (port: number) => readonly [string, ...string[]]
  /** File to have in its folder. */
  readonly needs?: string
  /** Path of its create; undefined: the vendor's. */
  readonly path?: string
  /** Reason why this machine cannot run it. */
  readonly unfit?: () => string | undefined
}

/** A file of an installed package. */
const installed = (path: string) => join(HERE, 'node_modules', path)
const node = (...args: readonly string[]): [string, ...string[]] => [process.execPath, ...args]

const BARE: Peer = {
  name: 'bare node:http echo',
  command: (port) => node(REFERENCE, 'bare', `${port}`),
}

// The programs run with their default options, except for those that make them answer the create
// call.
const PEERS: readonly Peer[] = [
  BARE,
  {
    name: 'Standin, in memory, no webhook',
    command: (port) => node(MAIN, '--port', `${port}`, '--memory', '--webhook-url', 'none'),
  },
  { name: 'Standin, default', command: (port) => node(MAIN, '--port', `${port}`) },
  ...['static', 'dynamic'].map((mode) => ({
    name: `Prism, ${mode}`,
    package: '@stoplight/prism-cli',
    command: (port: number) => {
      const dynamic = mode === 'dynamic' ? ['--dynamic'] : []
      const main = installed('@stoplight/prism-cli/dist/index.js')
      return node(main, 'mock', '--port', `${port}`, ...dynamic, CONTRACT)
    },
    // Prism leaves out the path of the contract's server.
    path: '/resellers/reseller-001/users',
  })),
  {
    name: 'WireMock',
    package: 'wiremock',
    command: (port) => {
      const jar = installed(`wiremock/build/wiremock-standalone-${version('wiremock')}.jar`)
      return ['java', '-jar', jar, '--port', `${port}`, '--root-dir', join(HERE, 'wiremock')]
    },
    unfit: () => (spawnSync('java', ['-version']).status === 0 ? undefined : 'there is no Java'),
  },
  {
    name: 'Mockoon CLI',
    package: '@mockoon/cli',
    command: (port) => {
      const data = join(HERE, 'mockoon/create-user.json')
      // Without a log file in the home folder.
      const options = ['--disable-log-to-file', '--port', `${port}`, '--data', data]
      return node(installed('@mockoon/cli/bin/run.js'), 'start', ...options)
    },
  },
  ...(['file', 'memory'] as const).map((kept) => {
    const source = kept === 'file' ? 'db.json' : 'memory.cjs'
    return {
      name: `json-server, in ${kept === 'file' ? 'a file' : 'memory'}`,
      package: 'json-server',
      needs: `json-server/${source}`,
      command: (port: number) => {
        const routes = join(HERE, 'json-server/routes.json')
        const options = ['--host', '127.0.0.1', '--port', `${port}`, '--routes', routes]
        return node(installed('json-server/lib/cli/bin.js'), ...options, source)
      },
    }
  }),
  {
    name: 'emulate',
    package: 'emulate',
    command: (port) => {
      const config = join(HERE, 'emulate/emulate.config.json')
      return node(installed('emulate/dist/index.js'), '--config', config, '--port', `${port}`)
    },
    unfit: () =>
      Number(process.versions.node.split('.')[0]) >= 24
        ? undefined
        : `it needs Node 24, this is ${process.version}`,
  },
]

/** One round of one program. */
interface Round {
  readonly start: number
  readonly idle: number
  readonly processor: number
  readonly single: number
  readonly parallel: number
}

function version(name: string | undefined): string {
  const path = name === undefined ? ROOT : installed(name)
  return (JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version: string })
    .version // npm requires one
}

/** Installs what the lockfile names, unless it is there. */
function install(): void {
  const lock = readFileSync(join(HERE, 'package-lock.json'), 'utf8')
  const done = installed('.installed-lock.json')
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', args, { cwd: HERE, stdio: ['ignore', 2, 2] })
  if (status === 0) writeFileSync(done, lock)
}

/** Returns the reason why this program cannot run; undefined if it can. */
function obstacle(peer: Peer): string | undefined {
  if (peer.package !== undefined && !existsSync(installed(peer.package))) {
    return `npm could not install ${peer.package}`
  }
  return peer.unfit?.()
}

/** The number of the next user, so that no two runs create the same one. */
let next = 1

async function creates(running: Running, { path }: Peer, connections: number) {
  const before = used(running)
  const from = next
  const result = await load({
    port: running.port,
    connections,
    kind: 'cryptlex',
    warmUp: 0,
    time: TIME,
    from,
    ...(path === undefined ? {} : { path }),
  })
  next = result.next
  const refused = Object.keys(result.statuses).filter((status) => status !== '201')
  if (refused.length > 0) throw new Error(`it answered ${refused.join(', ')} under load`)
  return { ...result, processor: ((used(running) - before) / (next - from)) * 1e6 }
}

async function round(peer: Peer): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'standin-peers-'))
  try {
    if (peer.needs) cpSync(join(HERE, peer.needs), join(folder, basename(peer.needs)))
    const port = await freePort()
    const running = await startToFirst({
      command: peer.command(port),
      port,
      folder,
      path: peer.path,
    })
    try {
      const idle = memory(running)
      await creates(running, peer, 16)
      const { processor, perSecond: parallel } = await creates(running, peer, 16)
      const { perSecond: single } = await creates(running, peer, 1)
      return { start: running.ready, idle, processor, single, parallel }
    } finally {
      await stop(running)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function row(rounds: readonly Round[], bare: readonly Round[]): string {
  const of = (key: keyof Round) => median(rounds.map((one) => one[key])).toFixed(0)
  const ratio = (key: keyof Round) =>
    `${median(rounds.map((one, i) => one[key] / bare[i]![key])).toFixed(2)} ×` // as many rounds
  const keys = ['start', 'idle', 'processor', 'single', 'parallel'] as const
  return keys.flatMap((key) => [of(key), ratio(key)]).join(' | ')
}

install()
const chosen = values.only.split(',')
const measured = new Map<Peer, Round[]>()
const notRun = new Map<Peer, string>()
for (const peer of PEERS) {
  const wanted = chosen.some((name) => peer.name.toLowerCase().startsWith(name))
  if (peer !== BARE && !wanted) continue
  measured.set(peer, [])
  const reason = obstacle(peer)
  if (reason !== undefined) notRun.set(peer, reason)
}
for (let i = 0; i < ROUNDS; i++) {
  for (const [peer, rounds] of measured) {
    if (notRun.has(peer)) continue
    console.error(`round ${i + 1} of ${ROUNDS}: ${peer.name}`)
    try {
      rounds.push(await round(peer))
    } catch (error) {
      notRun.set(peer, (error as Error).message) // this file throws only instances of Error
    }
  }
}
const bare = measured.get(BARE)!
console.log(
  `Node ${process.version}, ${cpus()[0]?.model}, ${availableParallelism()} cores, load average ${loadavg()[0]?.toFixed(1)}; ${ROUNDS} rounds, medians
start: spawn to the first 201; idle: resident memory after it; µs: processor time of a create at 16 connections; ×: beside the bare server\n`,
)
console.log(
  '| program | version | start ms | × | idle MB | × | µs a create | × | creates/s, 1 connection | × | 16 connections | × |',
)
console.log(`| --- | --- |${' ---: |'.repeat(10)}`)
for (const [peer, rounds] of measured) {
  const reason = notRun.get(peer)
  const known = peer.package === undefined || existsSync(installed(peer.package))
  const which = peer === BARE ? process.version : known ? version(peer.package) : '-'
  const cells = reason ? `not run: ${reason}${' |'.repeat(9)}` : row(rounds, bare)
  console.log(`| ${peer.name} | ${which} | ${cells} |`)
}
