import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { load } from 'js-yaml'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { optionsTable } from '../src/config/help.ts'
import { CRYPTLEX, MYKAARMA, createFolder, fixture } from './helpers/sandbox.ts'
import { bestOf, eventually, NEVER, took, waitedForProcessor } from './helpers/time.ts'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const COMMANDS = ['start', 'wait', 'fault', 'seed', 'token', 'credentials', 'healthcheck']

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('dist/main.js is missing; create it with npm run build')
})

interface Options {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Program and arguments that run node, such as unshare. */
  readonly through?: readonly string[]
}

interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly lines: readonly string[]
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exit: Promise<number | null>
}

/** Starts the program with these arguments in an empty folder. */
function launch(args: readonly string[], options: Options) {
  const cwd = options.cwd ?? createFolder()
  // Another port than the default one, on which another program may run.
  const env = { ...process.env, STANDIN_PORT: '0', ...options.env }
  const [command, ...rest] = [...(options.through ?? []), process.execPath, MAIN, ...args]
  const child = spawn(command!, rest, { cwd, env })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (text.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (text.stderr += String(chunk)))
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, text, exit }
}

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program to its end, in an empty folder unless another is given. */
async function run(args: readonly string[], options?: Options): Promise<Result> {
  if (!options) return runInThread(args)
  const { text, exit } = launch(args, options)
  const code = await exit
  return { code, ...text }
}

/** Runs the program in a thread of this process, which takes half the time of a process. */
async function runInThread(args: readonly string[]): Promise<Result> {
  const before = process.cwd()
  process.chdir(createFolder())
  try {
    const env = { ...process.env, STANDIN_PORT: '0' }
    const thread = new Worker(MAIN, {
      argv: [...args],
      env,
      execArgv: [],
      stdout: true,
      stderr: true,
    })
    const printed = Promise.all([textOf(thread.stdout), textOf(thread.stderr)])
    const code = await new Promise<number>((resolve, reject) => {
      thread.on('exit', resolve).on('error', reject)
    })
    const [stdout, stderr] = await printed
    return { code, stdout, stderr }
  } finally {
    process.chdir(before)
  }
}

/** Starts a server on a free port and waits until it is ready. */
async function serve(args: readonly string[] = [], options: Options = {}): Promise<Running> {
  const { child, text, exit } = launch(['--port', '0', ...args], options)
  await Promise.race([
    new Promise<void>((resolve) => {
      child.stdout.on('data', () => {
        if (/^ready .*\r?\n/m.test(text.stdout)) resolve()
      })
    }),
    exit.then((code) => {
      throw new Error(`It exited with ${code}: ${text.stderr}`)
    }),
  ])
  const lines = text.stdout.trimEnd().split(/\r?\n/)
  const url = lines.at(-1)!.slice(6)
  return { child, url, lines, stdout: () => text.stdout, stderr: () => text.stderr, exit }
}

async function stop({ child, exit }: Running, signal: NodeJS.Signals = 'SIGTERM') {
  child.kill(signal)
  return exit
}

/** Milliseconds until a program ends, without the time in which others had the processor. */
async function timeToExit({ child, exit }: Pick<Running, 'child' | 'exit'>): Promise<number> {
  const before = waitedForProcessor(child.pid)
  let waited = before
  const watch = setInterval(() => {
    waited = Math.max(waited, waitedForProcessor(child.pid))
  }, 10)
  const elapsed = await took(() => exit)
  clearInterval(watch)
  return elapsed - (waited - before)
}

const create = (url: string) =>
  fetch(`${url}${MYKAARMA}`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${btoa('partner:partner-secret')}`,
      'Content-Type': 'application/json',
    },
    body: fixture('mykaarma.json'),
  })

const createWithToken = (url: string, token: string) =>
  fetch(`${url}${CRYPTLEX}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: fixture('cryptlex.json'),
  })

/** Expects one line on stderr and nothing on stdout; exit code 2 means wrong usage. */
function expectRefusal(
  result: Awaited<ReturnType<typeof run>>,
  message: string | RegExp,
  code: 1 | 2 = 1,
) {
  expect(result.stderr).toMatch(/^standin: [^\n]+\n$/)
  expect(result.stderr).toMatch(message)
  expect(result.stdout).toBe('')
  expect(result.code).toBe(code)
}

test('the built contracts equal those in specs/', () => {
  for (const name of readdirSync('specs').filter((file) => file.endsWith('.yaml'))) {
    const built: unknown = JSON.parse(readFileSync(`dist/specs/${name}.json`, 'utf8'))
    expect(built, name).toEqual(load(readFileSync(`specs/${name}`, 'utf8')))
  }
})

describe('output', () => {
  test('the help lists every command and option in lines of at most 100 characters', async () => {
    const { code, stdout, stderr } = await run(['--help'])
    const lines = stdout.trimEnd().split('\n')
    for (const command of [...COMMANDS, 'verify']) expect(stdout).toContain(`\n  ${command} `)
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100)
    for (const { flag } of optionsTable()) expect(stdout).toContain(`  ${flag} `)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.each(COMMANDS)('%s prints its own help and the version', async (command) => {
    const help = await run([command, '--help'])
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--port') as string })
    expect(help.stdout).toMatch(new RegExp(`^Usage: standin ${command} `))
    // Only start lists the options of the server.
    expect(help.stdout.includes('--max-connections')).toBe(command === 'start')
    const version = await run([command, '--version'])
    expect(version).toMatchObject({ code: 0, stdout: '0.1.0\n' })
  })

  test.each([
    [['help'], ['--help']],
    [['-h'], ['--help']],
    [
      ['help', 'fault'],
      ['fault', '--help'],
    ],
    [
      ['help', 'verify'],
      ['verify', '--help'],
    ],
    [
      ['fault', '-h'],
      ['fault', '--help'],
    ],
    [['help', '--help'], ['--help']],
  ])('%j prints what %j prints', async (args, same) => {
    const { code, stdout } = await run(args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: (await run(same)).stdout })
  })

  test.each([['version'], ['-v'], ['fault', '-v'], ['version', '--version']])(
    'the version is printed for %s %s',
    async (...args) => {
      expect(await run(args)).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' })
    },
  )

  test('--version prints the version of package.json', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { version: string }
    expect((await run(['--version'])).stdout).toBe(`${version}\n`)
  })

  test('the start prints at most 20 lines and ends with ready and the URL', async () => {
    const { lines, url, stderr } = await serve()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/)
    expect(lines.length).toBeLessThanOrEqual(20)
    expect((await fetch(`${url}/_standin/health`)).status).toBe(200)
    expect(stderr()).toBe('')
  })

  test.each([
    [
      [],
      /^  Webhooks +http:.*\/_standin\/inbox\/default\n  Faults .*the header Standin-Fault: 500,/m,
    ],
    [['--webhook-url', 'none', '--faults', 'off'], /^  Webhooks +to subscriptions only\n.* off$/m],
    [['--webhook-url', 'http://127.0.0.1:9/a-secret'], /^  Webhooks +to http:\/\/127.0.0.1:9$/m],
  ])('the start with %j prints where webhooks go and how to inject a fault', async (args, said) => {
    const { stdout } = await serve(['--memory', ...args])
    expect(stdout()).toMatch(said)
  })

  test('the printed curl commands succeed, also after a restart', async () => {
    const cwd = createFolder()
    for (const _ of ['first', 'second']) {
      const server = await serve([], { cwd })
      const curls = server.lines.filter((line) => line.startsWith('  curl '))
      expect(curls).toHaveLength(3)
      const statuses = curls.map((line) => {
        const pasted = `${line} -s -o /dev/null -w '%{http_code}'`
        return spawnSync('bash', ['-c', pasted], { encoding: 'utf8' }).stdout
      })
      expect(statuses).toEqual(['200', '201', '200'])
      expect(await stop(server)).toBe(0)
    }
  })

  test('the printed curl commands succeed under the strict profile', async () => {
    const { lines } = await serve(['--memory', '--profile', 'strict'])
    for (const line of lines.filter((text) => text.startsWith('  curl '))) {
      const pasted = `${line} -s -o /dev/null -w '%{http_code}'`
      expect(spawnSync('bash', ['-c', pasted], { encoding: 'utf8' }).stdout).toMatch(/^20[01]$/)
    }
  })
})

describe('refused starts', () => {
  test.each([
    [['strat'], '"strat" is not a command; did you mean standin start?'],
    [['hlep'], '"hlep" is not a command; did you mean standin help?'],
    [['help', 'falt'], '"falt" is not a command; did you mean standin fault?'],
    [['constructor'], '"constructor" is not a command; see standin --help'],
    [['--prt', '1'], '--prt is not an option; did you mean --port?'],
    [['--port', '80a'], '--port must be a whole number from 0 to 65535, got "80a"'],
    [['--port', '1', 'token'], '"token" is one argument too many'],
    [
      ['--faults', '6OO'],
      /--faults \(STANDIN_FAULTS\) cannot be used: "6OO" is not a part of a fault; allowed: /,
    ],
    [
      ['--faults', '500, [cut=x'],
      '--faults (STANDIN_FAULTS) cannot be used: number 2 of 2: "[cut=x"',
    ],
    [['--host', 'http://localhost'], '--host must be an address or a name without a port'],
    [['--jwks', 'none.json'], /none\.json \(--jwks\) cannot be read: it does not exist/],
    [['--proto', 'none.proto'], /none\.proto \(--proto\) cannot be read: it does not exist/],
    [
      ['--proto', join(import.meta.dirname, '..', 'package.json')],
      /package\.json cannot be used: .* \(--proto\)/,
    ],
    [['--fixtures', 'none.json'], 'none.json (--fixtures) cannot be read: it does not exist'],
    [
      ['--fixtures', '{"okta": {}}'],
      'the JSON (--fixtures) cannot be used: okta is not known here',
    ],
    [
      ['--fixtures', '{"cryptlex": {"users": [{"resellerId": "r"}]}}'],
      /The fixtures \(--fixtures\) cannot be used: cryptlex\.users\[0\]: /,
    ],
    [
      ['token', '--expires', '3600'],
      '--expires must be a duration or a time, such as 1h, -5m or 2030-01-01T00:00:00Z',
    ],
    [['seed', '--users', '0'], '--users must be a whole number from 1 to 100000, got "0"'],
    [
      ['wait', '--timeout', 'soon'],
      '--timeout must be a duration such as 500ms, 30s or 2m, got "soon"',
    ],
    [
      ['wait', '--url', 'here'],
      '--url must be an http or https URL such as http://localhost:4020, got "here"',
    ],
    [['wait', '--users', '1'], '--users is not an option; see standin --help'],
    [
      ['fault'],
      "standin fault needs an argument: a fault such as '500;times=2', or list, remove ID, clear",
    ],
    [
      ['fault', '500', '503'],
      '"503" is an unexpected argument; the parts of a fault are separated by ;',
    ],
    [['fault', 'lsit'], '"lsit" is not a fault; did you mean standin fault list?'],
    [['tokn'], '"tokn" is not a command; did you mean standin token?'],
    [['fault', 'remove'], 'standin fault remove needs the id of a fault'],
    [['fault', 'remove', 'a', 'b'], '"b" is one argument too many'],
    [['fault', 'clear', '--api', 'cryptlex'], '--api cannot be used with standin fault clear'],
    [['fault', '500', '--unfired'], '--unfired cannot be used with standin fault FAULT'],
    [['fault', 'list', '--unfired=no'], '--unfired takes no value'],
    [['fault', '{"status": '], 'The fault is not valid JSON: it ends too early'],
    [['verify', '--secrt', 'x'], '--secrt is not an option of standin verify; did you mean'],
  ])('%j is refused as wrong usage', async (args, message) => {
    expectRefusal(await run(args), message, 2)
  })

  test.each([
    [['--port-file', 'no/such/folder'], 'no/such/folder (--port-file) cannot be written: ENOENT'],
    [['--host', '192.0.2.1', '--port', '0'], 'Port 0 of 192.0.2.1 cannot be used'],
  ])('%j is refused', async (args, message) => {
    expectRefusal(await run(args), message)
  })

  test('the error for a secret that is too short does not show the secret', async () => {
    const result = await run([], { env: { STANDIN_JWT_SECRET: 'hunter2' } })
    expectRefusal(result, 'STANDIN_JWT_SECRET must have at least 32 bytes, got 7 characters', 2)
    expect(result.stderr).not.toContain('hunter2')
  })

  test('a port in use is refused', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => {
      other.close()
    })
    await eventually(() => expect(other.listening).toBe(true))
    const port = String((other.address() as AddressInfo).port)
    expectRefusal(
      await run(['--port', port]),
      `Port ${port} of 127.0.0.1 is in use by another program`,
    )
  })

  test.each(['127.0.0.1', '0.0.0.0', '::1'])(
    'a port in use by a Standin of %s is refused with its process, its state and what to do',
    async (host) => {
      const cwd = createFolder()
      const memory = host === '127.0.0.1' ? ['--memory'] : []
      const { url, child } = await serve([...memory, '--host', host], { cwd })
      const { port } = new URL(url)
      const local = host === '0.0.0.0' ? '127.0.0.1' : new URL(url).hostname
      const state = memory.length > 0 ? 'memory' : join(realpathSync(cwd), '.standin')
      expectRefusal(
        await run(['--memory', '--host', host, '--port', port]),
        `Port ${port} of ${host} is in use by Standin 0.1.0 (process ${child.pid}, state in ${state}); use that one at http://${local}:${port}, stop it with "kill ${child.pid}", or choose another port with --port (0 takes a free one)`,
      )
    },
  )

  test('a port in use by a Standin with an admin token shows its process only to a holder', async () => {
    const token = { STANDIN_ADMIN_TOKEN: 'a-token-of-the-admin-api' }
    const { url, child } = await serve(['--memory'], { env: token })
    const { port } = new URL(url)
    const args = ['--memory', '--port', port]
    expectRefusal(
      await run(args),
      `is in use by Standin 0.1.0; use that one at ${url}, stop it, or choose another port`,
    )
    expectRefusal(await run(args, { env: token }), `(process ${child.pid}, state in memory)`)
  })

  test('a port in use by a program that never answers is refused within seconds', async () => {
    const other = createServer(() => {}).listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await eventually(() => expect(other.listening).toBe(true))
    const port = String((other.address() as AddressInfo).port)
    expectRefusal(await run(['--memory', '--port', port]), 'is in use by another program; stop it')
  })

  test('a data folder in use is refused within a second', async () => {
    const cwd = createFolder()
    await serve([], { cwd })
    const time = await bestOf(1000, async () => {
      const second = launch(['--port', '0'], { cwd })
      const elapsed = await timeToExit(second)
      expectRefusal(
        { code: await second.exit, ...second.text },
        './.standin is in use by another Standin',
      )
      return elapsed
    })
    expect(time).toBeLessThan(1000)
  })

  test('a data folder that is a file is refused', async () => {
    const cwd = createFolder()
    writeFileSync(join(cwd, '.standin'), '')
    expectRefusal(await run([], { cwd }), 'The data folder ./.standin cannot be written')
  })

  test('an unreadable state is refused, and --recover moves it aside', async () => {
    const cwd = createFolder()
    mkdirSync(join(cwd, '.standin'))
    writeFileSync(join(cwd, '.standin', 'state.json'), '{"standin": ')
    expectRefusal(
      await run([], { cwd }),
      /state\.json cannot be read: it ends too early\. Correct it, or start with --recover/,
    )
    const server = await serve(['--recover'], { cwd })
    expect((await create(server.url)).status).toBe(200)
    expect(server.stderr()).toMatch(/state\.json\.corrupt-\d+/)
  })
})

describe('subcommands', () => {
  const token = async (...args: string[]) => (await run(['token', ...args])).stdout.trim()

  test('a minted token is accepted, or refused for its scope, times or key', async () => {
    const { url } = await serve(['--memory'])
    const answers = []
    for (const args of [
      [],
      ['--scope', 'user:read'],
      ['--scope', ''],
      ['--expires', '-1h'],
      ['--expires', '2020-01-01T00:00:00Z'],
      ['--not-before', '5m'],
      ['--jwt-secret', 'another secret, of 32 bytes or more'],
    ]) {
      const { status, headers } = await createWithToken(url, await token(...args))
      answers.push([args.join(' '), status, headers.get('Standin-Reason')])
    }
    expect(answers).toEqual([
      ['', 201, null],
      ['--scope user:read', 403, 'scope.missing'],
      ['--scope ', 403, 'scope.missing'],
      ['--expires -1h', 401, 'token.expired'],
      ['--expires 2020-01-01T00:00:00Z', 401, 'token.expired'],
      ['--not-before 5m', 401, 'token.not-yet-valid'],
      ['--jwt-secret another secret, of 32 bytes or more', 401, 'token.signature'],
    ])
  })

  test('a server accepts a token minted with the same secret and clock', async () => {
    const env = {
      STANDIN_JWT_SECRET: 'a shared secret of 32 bytes or more',
      STANDIN_CLOCK: '2031-05-05T05:05:05Z',
    }
    const { url } = await serve(['--memory'], { env })
    const { stdout } = await run(['token'], { env })
    expect((await createWithToken(url, stdout.trim())).status).toBe(201)
  })

  test('credentials lists a credential for every answer', async () => {
    const { code, stdout } = await run(['credentials'])
    expect(code).toBe(0)
    for (const reason of ['scope.missing', 'token.algorithm', 'key.limited']) {
      expect(stdout).toContain(reason)
    }
  })

  test('healthcheck exits with 0 if a server answers, else with 1', async () => {
    const server = await serve(['--memory'])
    const args = ['healthcheck', '--port', new URL(server.url).port]
    expect(await run(args)).toMatchObject({ code: 0, stderr: '' })
    await stop(server)
    const refused = `standin: No Standin at ${server.url}: connect ECONNREFUSED ${new URL(server.url).host}; start one with: `
    expect((await run(args)).stderr.startsWith(refused)).toBe(true)
    expectRefusal(await run(args), 'ECONNREFUSED')
  })

  test('healthcheck finds a server that listens on every interface', async () => {
    const server = await serve(['--memory', '--host', '0.0.0.0'])
    const port = new URL(server.url).port
    expect(server.url).toBe(`http://localhost:${port}`)
    expect(await run(['healthcheck', '--host', '0.0.0.0', '--port', port])).toMatchObject({
      code: 0,
    })
  })
})

describe('waiting for the server', () => {
  /** Returns a free port. */
  async function freePort(): Promise<string> {
    const other = createServer().listen(0, '127.0.0.1')
    await eventually(() => expect(other.listening).toBe(true))
    const { port } = other.address() as AddressInfo
    other.close()
    return String(port)
  }

  test('wait exits with 0 once a server that starts later is ready', async () => {
    const port = await freePort()
    const waiting = run(['wait', '--timeout', '2m'], {
      env: { STANDIN_URL: `http://localhost:${port}` },
    })
    await serve(['--memory', '--port', port])
    expect(await waiting).toMatchObject({
      code: 0,
      stdout: `ready http://localhost:${port}\n`,
      stderr: '',
    })
  })

  test('wait fails after its timeout and reports the last error', async () => {
    const port = await freePort()
    const refused = await run(['wait', '--port', port, '--timeout', '1s'])
    expectRefusal(refused, `Not ready within 1s. No Standin at http://127.0.0.1:${port}: `)
    const other = createHttpServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await eventually(() => expect(other.listening).toBe(true))
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    expectRefusal(
      await run(['wait', '--url', url, '--timeout', '1s']),
      `Not ready within 1s. The server at ${url} is not a Standin: it answered 200`,
    )
    const silent = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await eventually(() => expect(silent.listening).toBe(true))
    const late = await run([
      'wait',
      `--url=http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      '--timeout=300ms',
    ])
    expectRefusal(late, 'Not ready within 300ms. ')
  })

  test('the ready and port files exist while the server runs, and stale ones are replaced', async () => {
    const cwd = createFolder()
    const read = (name: string) => readFileSync(join(cwd, name), 'utf8')
    writeFileSync(join(cwd, 'url'), 'http://left.test\n')
    const args = ['--memory', '--ready-file', 'url', '--port-file', 'port']
    const server = await serve(args, { cwd })
    expect(read('url')).toBe(`${server.url}\n`)
    expect(read('port')).toBe(`${new URL(server.url).port}\n`)
    expect(await stop(server)).toBe(0)
    expect(readdirSync(cwd)).toEqual([])
  })

  test('a port file that another server has overwritten is not removed', async () => {
    const cwd = createFolder()
    const server = await serve(['--memory', '--port-file', 'port'], { cwd })
    writeFileSync(join(cwd, 'port'), '1\n')
    expect(await stop(server)).toBe(0)
    expect(readdirSync(cwd)).toEqual(['port'])
  })

  test('with --memory it runs in a read-only folder and writes nothing', async () => {
    const cwd = createFolder()
    chmodSync(cwd, 0o555)
    const server = await serve(['--memory'], { cwd })
    expect((await create(server.url)).status).toBe(200)
    expect(await stop(server)).toBe(0)
    expect(readdirSync(cwd)).toEqual([])
  })

  test('seed creates users in the given sandbox with the admin token', async () => {
    const env = { STANDIN_ADMIN_TOKEN: 'open-sesame', STANDIN_AUTO_SANDBOXES: 'true' }
    const { url } = await serve(['--memory'], { env })
    const seed = (more: readonly string[], environment = env) =>
      run(['seed', '--url', url, '--users', '3', ...more], { env: environment })
    expect(await seed(['--sandbox', 'a', '--apis', 'cryptlex'])).toMatchObject({
      code: 0,
      stdout: '{"cryptlex":3}\n',
    })
    expectRefusal(
      await run(['seed', '--url', url]),
      'The server refused: its admin API needs a token: ',
    )
    expectRefusal(await seed(['--apis', 'okta']), 'The server refused: apis[0] must be one of ')
  })
})

describe('logging', () => {
  /** Runs a program in a pseudo-terminal. */
  const TERMINAL = ['python3', '-c', 'import pty, sys; pty.spawn(sys.argv[1:])']

  test('without a terminal no requests are logged', async () => {
    const server = await serve(['--memory'])
    await create(server.url)
    expect(await stop(server)).toBe(0)
    expect(server.stdout().trimEnd().split('\n').at(-1)).toBe(`ready ${server.url}`)
  })

  test('in a terminal requests are logged, in colour unless NO_COLOR is set', async () => {
    for (const colour of [true, false]) {
      const env = { TERM: 'xterm-256color', ...(colour ? {} : { NO_COLOR: '1' }) }
      const server = await serve(['--memory'], { through: TERMINAL, env })
      await create(server.url)
      const status = colour ? '\u001b[32m200\u001b[0m' : '200'
      await eventually(() => expect(server.stdout()).toContain(`POST ${status} ${MYKAARMA} `))
      expect(server.stdout().includes('\u001b[')).toBe(colour)
    }
  })

  test('with --log json every line is JSON', async () => {
    const { child, text, exit } = launch(['--port', '0', '--memory', '--log', 'json'], {})
    const lines = () =>
      text.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, string>)
    await eventually(() => expect(lines()).toMatchObject([{ msg: 'ready' }]))
    const url = lines()[0]!['url']!
    await create(url)
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
    expect(lines()).toMatchObject([{ msg: 'ready' }, { msg: 'request', status: 200, id: 'req-1' }])
    expect(text.stderr).toBe('')
  })

  test('on all interfaces without a token, the start prints that the admin API is local only', async () => {
    const open = await serve(['--memory', '--host', '0.0.0.0'])
    expect(open.stdout()).toMatch(
      /Admin API +this machine only; to open it to others, set STANDIN_ADMIN_TOKEN/,
    )
    const env = { STANDIN_ADMIN_TOKEN: 'none' }
    const unlocked = await serve(['--memory', '--host', '0.0.0.0'], { env })
    expect(unlocked.stdout()).not.toContain('STANDIN_ADMIN_TOKEN')
  })
})

describe('shutdown', () => {
  /** Starts a request: the headers have arrived, the rest of the body follows. */
  async function beginning(url: string) {
    const body = fixture('mykaarma.json')
    const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => {
      socket.destroy()
    })
    let answer = ''
    socket.on('data', (chunk) => (answer += String(chunk)))
    const head = [
      `POST ${MYKAARMA} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Basic ${btoa('partner:partner-secret')}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Expect: 100-continue',
    ]
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    await eventually(() => expect(answer).toContain('100 Continue'))
    socket.write(body.slice(0, 20))
    const finish = async () => {
      socket.write(body.slice(20))
      await eventually(() => expect(answer).toContain('userUuid'))
      return answer
    }
    return { finish }
  }

  const refusesConnections = (url: string) =>
    expect(
      new Promise((resolve, reject) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
          socket.destroy()
          resolve('accepted')
        }).on('error', reject)
      }),
    ).rejects.toThrow('ECONNREFUSED')

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s finishes requests in flight',
    async (signal) => {
      const cwd = createFolder()
      const server = await serve([], { cwd })
      const { finish } = await beginning(server.url)
      server.child.kill(signal)
      await eventually(() => refusesConnections(server.url))
      expect(await finish()).toContain('HTTP/1.1 200 OK')
      expect(await server.exit).toBe(0)

      const again = await serve([], { cwd })
      expect((await create(again.url)).headers.get('Standin-Reason')).toBe('user.duplicate')
    },
  )

  test('a keep-alive connection does not delay the shutdown', async () => {
    const server = await serve(['--memory'])
    const { finish } = await beginning(server.url)
    server.child.kill('SIGTERM')
    await eventually(() => refusesConnections(server.url))
    await finish()
    // Connections are closed by force after 8 s.
    expect(await timeToExit(server)).toBeLessThan(7000)
    expect(await server.exit).toBe(0)
  })

  test('a second signal exits at once', async () => {
    const server = await serve(['--memory'])
    await beginning(server.url)
    server.child.kill('SIGINT')
    await eventually(() => refusesConnections(server.url))
    server.child.kill('SIGINT')
    expect(await server.exit).toBe(1)
  })

  const unshare = ['unshare', '--fork', '--pid', '--mount-proc']
  const canUnshare = spawnSync(unshare[0]!, [...unshare.slice(1), 'true']).status === 0

  test.runIf(canUnshare).each(['SIGTERM', 'SIGINT'] as const)(
    '%s finishes requests in flight if the server is process 1',
    async (signal) => {
      const server = await serve(['--memory'], { through: unshare })
      const { finish } = await beginning(server.url)
      const { pid } = server.child
      const node = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
      process.kill(node, signal)
      await eventually(() => refusesConnections(server.url))
      expect(await finish()).toContain('HTTP/1.1 200 OK')
      expect(await server.exit).toBe(0)
    },
  )

  test.each(['SIGTERM', 'SIGKILL'] as const)('a created user survives %s', async (signal) => {
    const cwd = createFolder()
    const server = await serve([], { cwd })
    expect((await create(server.url)).status).toBe(200)
    expect(await stop(server, signal)).toBe(signal === 'SIGTERM' ? 0 : null)

    const again = await serve([], { cwd })
    const repeated = await create(again.url)
    expect(repeated.status).toBe(400)
    expect(repeated.headers.get('Standin-Reason')).toBe('user.duplicate')
    expect(again.stderr()).toBe('')
  })
})

describe('network access', () => {
  test('by default only this machine reaches the server', async () => {
    const reaches = (url: string, host: string) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ port: Number(new URL(url).port), host, timeout: NEVER })
        const done = (answer: boolean) => () => {
          socket.destroy()
          resolve(answer)
        }
        socket.on('connect', done(true)).on('error', done(false)).on('timeout', done(false))
      })
    // 127.0.0.2 is this machine too, but the server is not bound to it.
    const { url } = await serve(['--memory'])
    expect([await reaches(url, '127.0.0.1'), await reaches(url, '127.0.0.2')]).toEqual([
      true,
      false,
    ])
    const open = await serve(['--memory', '--host', '0.0.0.0'])
    expect(await reaches(open.url, '127.0.0.1')).toBe(true)
  })

  test('the server opens no outgoing connection', async () => {
    const watch = join(createFolder(), 'watch.mjs')
    writeFileSync(
      watch,
      `import { Socket } from 'node:net'
      const { connect } = Socket.prototype
      Socket.prototype.connect = function (...args) {
        console.error('CONNECTS')
        return connect.apply(this, args)
      }`,
    )
    const env = { NODE_OPTIONS: `--import=${watch}` }
    const server = await serve(['--memory'], { env })
    expect((await create(server.url)).status).toBe(200)
    const token = (await run(['token'])).stdout.trim()
    expect((await createWithToken(server.url, token)).status).toBe(201)
    // Proves that the watch reports connections.
    const check = await run(['healthcheck', '--port', new URL(server.url).port], { env })
    expect(check.stderr).toContain('CONNECTS')
    expect(await stop(server)).toBe(0)
    expect(server.stderr()).toBe('')
  })
})
