#!/usr/bin/env node
import {
  ConfigError,
  nearest,
  optionsHelp,
  readConfig,
  readTime,
  type Config,
  type Read,
} from './config.ts'
import type { Server } from './server.ts'
import { Problem } from './core/problem.ts'
import { messageOf } from './core/thrown.ts'

const HELP = `Standin answers as the user-creation APIs of myKaarma, Cryptlex and Forms On Fire.

  standin                    start; state in ./.standin, http://127.0.0.1:4020
  standin token              print a JWT that Cryptlex' routes accept
      --scope TEXT           scopes, separated by spaces (reseller:user:create)
      --expires WHEN         such as 1h, -5m or a time (1h)
      --not-before WHEN
  standin credentials        list a credential for every outcome
  standin seed               fill a running server's sandbox with made-up people
      --users N              at each API (100)
      --apis NAMES           such as cryptlex,mykaarma (all)
      --sandbox NAME         (default)
  standin healthcheck        exit code 0 when a server answers on --host and --port

Every option is also a variable (STANDIN_MAX_BODY) and a key of standin.config.json ("maxBody").

${optionsHelp()}
  --config FILE            options as JSON (standin.config.json)
  --help, --version        print this, or the version`

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  start,
  token,
  credentials,
  seed,
  healthcheck,
}

async function main(): Promise<void> {
  const [first, ...rest] = process.argv.slice(2)
  if (first === undefined || first.startsWith('-')) {
    await start(process.argv.slice(2))
    return
  }
  const known = Object.keys(COMMANDS)
  if (!known.includes(first)) {
    throw new ConfigError(`"${first}" is no command${nearest(first, known, 'standin ')}`)
  }
  await COMMANDS[first]!(rest)
}

async function start(args: readonly string[]): Promise<void> {
  const config = await configured(args)
  if (!config) return
  const { startServer } = await import('./server.ts')
  const { VERSION } = await import('./package.ts')
  const starting = startServer(config)
  stopOnSignals(starting)
  const server = await starting
  console.log(banner(server, config, VERSION))
}

/** What a person needs to make three requests, in at most 20 lines; the last one is for programs. */
function banner(server: Server, config: Config, version: string): string {
  const { url, apis } = server
  const user = freeName(server)
  const state = config.memory ? 'in memory only' : config.data
  const json = "-H 'Content-Type: application/json'"
  return `Standin ${version}
${apis.map((api) => `  ${api.title.padEnd(20)} ${api.url}`).join('\n')}
  State                ${state}
  Credentials          partner:partner-secret · Bearer standin-token · 1815 with 0123456789abcdef0123456789abcdef
                       (one for every outcome: standin credentials)
Create a user at each:
  curl -u partner:partner-secret ${json} -d '{"dealerUUID":"dealer-uuid-001","firstName":"Ada","lastName":"Byron","username":"${user}","emailAddress":"${user}@example.test"}' ${url}/manage/v2/user/partner
  curl -H 'Authorization: Bearer standin-token' ${json} -d '{"firstName":"Ada","lastName":"Byron","email":"${user}@example.test","role":"user","allowCustomerPortalAccess":true,"password":"analytical-engine"}' ${url}/v3/resellers/reseller-001/users
  curl -H 'Content-Type: application/xml' -d '<User><CompanyId>1815</CompanyId><Email>${user}@example.test</Email><FirstName>Ada</FirstName><IntegrationKey>0123456789abcdef0123456789abcdef</IntegrationKey><LastName>Byron</LastName></User>' ${url}/api/v2/user
ready ${url}`
}

/** A user that none of the APIs has yet, so that what is printed succeeds when it is pasted. */
function freeName({ sandbox: { store } }: Server): string {
  const taken = (name: string) =>
    store.collection('mykaarma.users').find('username', name) ??
    store.collection('mykaarma.users').find('emailAddress', `${name}@example.test`) ??
    store.collection('cryptlex.users').find('email', `${name}@example.test`) ??
    store.collection('formsonfire.users').find('email', `${name}@example.test`)
  let name = 'ada'
  for (let n = 2; taken(name); n++) name = `ada${n}`
  return name
}

/**
 * The first signal finishes what is in flight, the start included; a second one does not wait.
 * Process 1 of a container hears only the signals that it listens for, so this comes early.
 */
function stopOnSignals(starting: Promise<Server>): void {
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    starting
      .then((server) => server.close())
      .then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

async function token(args: readonly string[]): Promise<void> {
  const names = ['scope', 'expires', 'not-before'] as const
  const { more, ...read } = readConfig(args, process.env, names)
  const config = await usable(read)
  if (!config) return
  const { fixturesOf } = await import('./fixtures.ts')
  const { mintToken } = await import('./apis/cryptlex/token.ts')
  const now = Math.floor((config.clock ?? Date.now()) / 1000)
  const notBefore = more['not-before']
  const request = {
    scopes: (more.scope ?? 'reseller:user:create').split(/[\s,]+/).filter(Boolean),
    issuedAt: now,
    expires: moment('--expires', more.expires ?? '1h', now),
    ...(notBefore === undefined ? {} : { notBefore: moment('--not-before', notBefore, now) }),
  }
  console.log(await mintToken(request, fixturesOf(config).cryptlex.signing?.secret ?? ''))
}

async function credentials(args: readonly string[]): Promise<void> {
  const config = await configured(args)
  if (!config) return
  const { fixturesOf } = await import('./fixtures.ts')
  const { credentialCases } = await import('./credentials.ts')
  for (const one of await credentialCases(fixturesOf(config).cryptlex)) {
    const outcome = `${one.status} ${one.reason ?? ''}`.trim()
    const sent = one.authorization
      ? `Authorization: ${one.authorization}`
      : JSON.stringify(one.body)
    console.log(`${one.api.padEnd(12)} ${one.title.padEnd(30)} ${outcome.padEnd(32)} ${sent ?? ''}`)
  }
}

async function seed(args: readonly string[]): Promise<void> {
  const { more, ...read } = readConfig(args, process.env, ['users', 'apis', 'sandbox'])
  const config = await usable(read)
  if (!config) return
  const users = more.users ?? '100'
  if (!/^[1-9]\d{0,5}$/.test(users)) {
    throw new ConfigError(`--users must be a whole number from 1 to 100000, got "${users}"`)
  }
  const sandbox = more.sandbox === undefined ? '' : `/~${encodeURIComponent(more.sandbox)}`
  const url = `${urlOf(config)}${sandbox}/_standin/seed`
  const apis = more.apis?.split(',').map((name) => name.trim())
  let answer: Response
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ users: Number(users), ...(apis ? { apis } : {}) }),
    })
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Error(`No Standin at ${urlOf(config)}: ${messageOf(why)}; start one with: standin`, {
      cause: error,
    })
  }
  const body = (await answer.json()) as { detail?: string } // a problem, or numbers by API
  if (!answer.ok) throw new Error(`The server refused: ${body.detail}`)
  console.log(JSON.stringify(body))
}

/** Where a server with this configuration is reached from its own machine. */
function urlOf({ host, port }: Config): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

async function healthcheck(args: readonly string[]): Promise<void> {
  const config = await configured(args)
  if (!config) return
  const url = `${urlOf(config)}/_standin/health`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3000) })
    if (!answer.ok) throw new Error(`it answers ${answer.status}`)
    console.log(await answer.text())
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause : error
    fail(new Error(`No healthy Standin at ${url}: ${messageOf(why)}`))
  }
}

/** The configuration, unless help or the version was asked for and printed. */
async function configured(args: readonly string[]): Promise<Config | undefined> {
  return await usable(readConfig(args, process.env))
}

async function usable({ config, help, version }: Omit<Read, 'more'>): Promise<Config | undefined> {
  if (help) console.log(HELP)
  else if (version) console.log((await import('./package.ts')).VERSION)
  else return config
  return undefined
}

/** `1h` or `-5m` from now, or a time; as seconds since 1970. */
function moment(name: string, text: string, now: number): number {
  const [, sign, amount, unit] = /^([+-]?)(\d+)([smhd])$/.exec(text) ?? []
  if (amount !== undefined) {
    const seconds =
      Number(amount) * { s: 1, m: 60, h: 3600, d: 86400 }[unit as 's' | 'm' | 'h' | 'd']
    return sign === '-' ? now - seconds : now + seconds
  }
  try {
    return Math.floor(readTime(text) / 1000)
  } catch {
    throw new ConfigError(`${name} must be such as 1h, -5m or 2030-01-01T00:00:00Z, got "${text}"`)
  }
}

/** One clear line for what a person can mend; the stack for what only we can. */
function fail(error: unknown): void {
  // What the engine throws by itself, a TypeError say, has a class of its own.
  const known =
    error instanceof ConfigError ||
    error instanceof Problem ||
    (error instanceof Error && error.constructor === Error)
  console.error(known ? `standin: ${error.message}` : error)
  process.exit(1)
}

main().catch(fail)
