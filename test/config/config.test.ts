import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError, readConfig, readSettings, withDefaults } from '../../src/config/config.ts'
import { isLinkVariable } from '../../src/config/link-variables.ts'
import { optionsHelp, optionsTable } from '../../src/config/help.ts'
import { ENCODED, UNREADABLE } from '../helpers/encodings.ts'
import { createFolder } from '../helpers/sandbox.ts'

const SECRET = 'a-secret-of-at-least-32-characters'

/** The configuration from the command line, the variables and the file. */
const config = (args: string[], env: Record<string, string> = {}) => readConfig(args, env).config

const refusal = (args: string[], env: Record<string, string> = {}): string => {
  try {
    readConfig(args, env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
  }
  throw new Error('It was accepted')
}

/** A file of options; its path. */
function file(content: unknown): string {
  const path = join(createFolder(), 'options.json')
  writeFileSync(
    path,
    typeof content === 'string' || content instanceof Uint8Array
      ? content
      : JSON.stringify(content),
  )
  return path
}

test('without options the defaults apply', () => {
  expect(config([])).toEqual(withDefaults({}))
  expect(config([])).toMatchObject({ port: 4020, host: '127.0.0.1', memory: false })
})

test('a flag wins over a variable, that over the file, that over the default', () => {
  const path = file({ port: 1 })
  expect(config(['--config', path, '--port', '3'], { STANDIN_PORT: '2' }).port).toBe(3)
  expect(config(['--config', path], { STANDIN_PORT: '2' }).port).toBe(2)
  expect(config(['--config', path]).port).toBe(1)
  expect(config([], { STANDIN_CONFIG: path }).port).toBe(1)
  expect(config(['--config', path]).host).toBe('127.0.0.1')
})

test('an empty variable is ignored', () => {
  expect(config([], { STANDIN_PORT: '', STANDIN_CONFIG: '' }).port).toBe(4020)
})

/** A good value for each option: as text, and as what is read from it. */
const GOOD: Readonly<Record<string, readonly [text: string, read: unknown]>> = {
  port: ['0', 0],
  tls: ['true', true],
  tlsPort: ['0', 0],
  tlsCert: ['cert.pem', 'cert.pem'],
  tlsKey: ['key.pem', 'key.pem'],
  host: ['::1', '::1'],
  data: ['/tmp/somewhere', '/tmp/somewhere'],
  memory: ['true', true],
  durability: ['none', 'none'],
  recover: ['yes', true],
  seed: ['4294967295', 4294967295],
  clock: ['2026-01-15T10:30:00.5+01:00', Date.UTC(2026, 0, 15, 9, 30, 0, 500)],
  profile: ['documented,cryptlex=strict', { all: 'documented', cryptlex: 'strict' }],
  fixtures: ['{"mykaarma":{}}', '{"mykaarma":{}}'],
  autoSandboxes: ['on', true],
  requestLogSize: ['0', 0],
  requestLogBytes: ['1', 1],
  historyBytes: ['1', 1],
  jwtSecret: [SECRET, SECRET],
  jwks: ['keys.json', 'keys.json'],
  jwtVerify: ['off', false],
  proto: ['theirs.proto', 'theirs.proto'],
  webhookUrl: ['https://receiver.example.test/', 'https://receiver.example.test/'],
  webhookSecret: ['a secret', 'a secret'],
  webhookRetries: ['1000ms,5m', '1s,5m'],
  webhookTimeout: ['1', 1],
  webhookOrder: ['yes', true],
  webhookScheme: ['both', 'both'],
  egress: ['loopback', 'loopback'],
  faults: [
    'cryptlex:500;times=2, delay=1s',
    [{ api: 'cryptlex', fault: '500;times=2' }, { fault: 'delay=1s' }],
  ],
  magicFaults: ['no', false],
  maxBody: ['1', 1],
  bodyTimeout: ['3600000', 3600000],
  redact: ['dealerCode, X-Trace', ['dealerCode', 'X-Trace']],
  headerTimeout: ['1', 1],
  maxConnections: ['100000', 100000],
  allowedHosts: ['A.test, *.B.test,[::1]', ['a.test', '*.b.test', '::1']],
  corsOrigins: ['https://A.test, http://b.test:80', ['https://a.test', 'http://b.test']],
  adminToken: ['a-token-for-all', 'a-token-for-all'],
  log: ['json', 'json'],
  logLevel: ['warn', 'warn'],
  readyFile: ['ready', 'ready'],
  portFile: ['port', 'port'],
}

test.each(optionsTable())(
  '$flag can be set by flag, variable and file',
  ({ flag, variable, key }) => {
    const [text, read] = GOOD[key]!
    const name = flag.split(' ')[0]!
    expect(config([`${name}=${text}`])).toHaveProperty(key, read)
    expect(config([], { [variable]: text })).toHaveProperty(key, read)
    expect(config(['--config', file({ [key]: text })])).toHaveProperty(key, read)
  },
)

test('the file may hold JSON numbers and booleans', () => {
  const path = file({ port: 0, memory: true, jwtVerify: false })
  expect(config(['--config', path])).toMatchObject({ port: 0, memory: true, jwtVerify: false })
})

test.each(Object.entries(ENCODED))('the file may be %s', (_, encode) => {
  const path = file(encode('{"seed": 2, "profile": "strict"}'))
  expect(config(['--config', path])).toMatchObject({ seed: 2 })
})

test.each(Object.entries(UNREADABLE))('a file in %s is refused by name', (encoding, encode) => {
  const path = file(encode('{"seed": 2}'))
  const name = encoding.slice(0, 6)
  expect(refusal(['--config', path])).toBe(
    `${path} (--config) cannot be read: it seems to be ${name}; save it as UTF-8`,
  )
})

test('faults may begin with a byte order mark', () => {
  expect(config(['--faults', '\uFEFF[{"status":500}]']).faults).toEqual([{ status: 500 }])
  expect(config(['--faults', '\uFEFF500']).faults).toEqual([{ fault: '500' }])
})

test('the file may hold JSON lists', () => {
  const path = file({ allowedHosts: ['a.test', 'b.test'], corsOrigins: [] })
  expect(config(['--config', path])).toMatchObject({
    allowedHosts: ['a.test', 'b.test'],
    corsOrigins: [],
  })
})

test('a command reads the URL of a server from the environment', () => {
  const env = { STANDIN_URL: 'http://standin:4020' }
  expect(readConfig([], env, ['url']).more).toEqual({ url: 'http://standin:4020' })
  expect(readConfig(['--url', 'http://a.test'], env, ['url']).more).toEqual({
    url: 'http://a.test',
  })
  expect(config([], env)).toEqual(withDefaults({}))
})

test.each([
  ['500', [{ fault: '500' }]],
  [' 500 ,, reset ', [{ fault: '500' }, { fault: 'reset' }]],
  [
    '500;sequence=fail,reset,pass, 401;fields=a,b;times=2,reset',
    [
      { fault: '500;sequence=fail,reset,pass' },
      { fault: '401;fields=a,b;times=2' },
      { fault: 'reset' },
    ],
  ],
  ['mykaarma:user.duplicate', [{ api: 'mykaarma', fault: 'user.duplicate' }]],
  ['302;location=http://a', [{ fault: '302;location=http://a' }]],
  ['', []],
  ['{"status":500}', [{ status: 500 }]],
  ['[{"status":500},"reset"]', [{ status: 500 }, 'reset']],
])('--faults=%s arms %j', (text, faults) => {
  expect(config([`--faults=${text}`]).faults).toEqual(faults)
})

test('the file may hold faults as a JSON list', () => {
  const faults = [{ status: 429, retryAfter: 3, match: { fields: { email: '/^ada@/' } } }]
  expect(config(['--config', file({ faults })]).faults).toEqual(faults)
  expect(config(['--config', file({ faults: faults[0] })]).faults).toEqual(faults)
  expect(config(['--config', file({ faults: '500, reset' })]).faults).toHaveLength(2)
  expect(config([], { STANDIN_FAULTS: JSON.stringify(faults) }).faults).toEqual(faults)
})

test.each([
  [['--port', '80a'], '--port must be a whole number from 0 to 65535, got "80a"'],
  [['--port', '65536'], '--port must be a whole number from 0 to 65535, got "65536"'],
  [['--port', '-1'], '--port must be a whole number from 0 to 65535, got "-1"'],
  [['--host', ' '], '--host must not be empty, got " "'],
  [
    ['--host', '[::1]'],
    '--host must be an address or a name without a port, such as 127.0.0.1, 0.0.0.0 or ::1, got "[::1]"',
  ],
  [['--memory=maybe'], '--memory must be true or false, got "maybe"'],
  [['--durability', 'all'], '--durability must be one of fsync, write, none, got "all"'],
  [
    ['--clock', 'noon'],
    '--clock must be a time with its zone, such as 2026-01-15T09:30:00Z, got "noon"',
  ],
  [
    ['--clock', '2026-01-15T09:30:00'],
    '--clock must be a time with its zone, such as 2026-01-15T09:30:00Z, got "2026-01-15T09:30:00"',
  ],
  [
    ['--profile', 'cryptlexx=strict'],
    '--profile must be documented or strict, for all APIs or for one of mykaarma, cryptlex, formsonfire, such as documented,mykaarma=strict, got "cryptlexx=strict"',
  ],
  [
    ['--allowed-hosts', 'a.test:80'],
    '--allowed-hosts must be names without ports, such as standin.test,*.example.test, or *, got "a.test:80"',
  ],
  [
    ['--cors-origins', '*'],
    '--cors-origins must be origins such as http://localhost:3000,https://app.test; * is not allowed, got "*"',
  ],
  [
    ['--cors-origins', 'https://a.test/path'],
    '--cors-origins must be origins such as http://localhost:3000,https://app.test; * is not allowed, got "https://a.test/path"',
  ],
  [
    ['--admin-token', 'hunter2'],
    '--admin-token must have at least 8 ASCII characters without spaces, or be none, got 7 characters',
  ],
  [
    ['--faults', '[{"status":500]'],
    '--faults must be JSON (unexpected text at line 1, column 15) or short forms separated by commas, got 15 characters',
  ],
  [
    ['--egress', 'privte'],
    '--egress must be loopback, private, any, or hosts such as hooks.example.test,10.0.0.5:8080; write private, or privte:80 for a host of this name, got "privte"',
  ],
  [
    ['--faults', '500, crpytlex:401'],
    '--faults must have the name of an API before a colon (did you mean cryptlex:?), got 17 characters',
  ],
  [['--magic-faults', 'maybe'], '--magic-faults must be true or false, got "maybe"'],
  [['--max-body', '0'], '--max-body must be a whole number from 1 to 1073741824, got "0"'],
])('%j is refused: the option, the value and what is allowed', (args, message) => {
  expect(refusal(args)).toBe(message)
})

test('a bad value is reported with its source', () => {
  expect(refusal([], { STANDIN_PORT: 'x' })).toMatch(/^STANDIN_PORT must be a whole number/)
  const path = file({ port: true })
  expect(refusal(['--config', path])).toBe(
    `"port" in ${path} must be a whole number from 0 to 65535, got "true"`,
  )
})

test.each([
  [['--prt', '1'], '--prt is not an option; did you mean --port?'],
  [['--jwtsecret', SECRET], '--jwtsecret is not an option; did you mean --jwt-secret?'],
  [['--prot', '4020'], '--prot is not an option; did you mean --port or --proto?'],
  [['--PORT', '4020'], '--PORT is not an option; did you mean --port?'],
  [['--no-such-thing'], '--no-such-thing is not an option; see standin --help'],
  [['--constructor'], '--constructor is not an option; see standin --help'],
  [['-x'], '-x is not an option; see standin --help'],
  [['--port'], '--port needs a value'],
  [['--data', '--memory'], '--data needs a value'],
  [['--help=yes'], '--help takes no value'],
  [
    ['--memory', 'true'],
    '"true" is one argument too many; a command comes before its options, and options begin with --; see standin --help',
  ],
])('%j is refused, with a suggestion', (args, message) => {
  expect(refusal(args)).toBe(message)
})

test('an unknown variable or key is refused, with a suggestion', () => {
  expect(refusal([], { STANDIN_PORRT: '1' })).toBe(
    'STANDIN_PORRT is not a variable of Standin; did you mean STANDIN_PORT?',
  )
  const path = file({ maxbody: 1 })
  expect(refusal(['--config', path])).toBe(
    `"maxbody" in ${path} is not an option; did you mean maxBody?`,
  )
})

/** Variables that a container gets for a service of this name. */
const LINKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Kubernetes, a service named standin': {
    STANDIN_SERVICE_HOST: '10.0.0.1',
    STANDIN_SERVICE_PORT: '4020',
    STANDIN_SERVICE_PORT_HTTP: '4020',
    STANDIN_PORT: 'tcp://10.0.0.1:4020',
    STANDIN_PORT_4020_TCP: 'tcp://10.0.0.1:4020',
    STANDIN_PORT_4020_TCP_PROTO: 'tcp',
    STANDIN_PORT_4020_TCP_PORT: '4020',
    STANDIN_PORT_4020_TCP_ADDR: '10.0.0.1',
  },
  'Kubernetes, a service named standin-for-api': {
    STANDIN_FOR_API_SERVICE_HOST: '10.0.0.1',
    STANDIN_FOR_API_SERVICE_PORT: '80',
    STANDIN_FOR_API_PORT: 'udp://10.0.0.1:80',
    STANDIN_FOR_API_PORT_80_UDP: 'udp://10.0.0.1:80',
    STANDIN_FOR_API_PORT_80_UDP_ADDR: '10.0.0.1',
  },
  'Docker, a link named standin': {
    STANDIN_NAME: '/runner-x-project-0-build/standin',
    STANDIN_PORT: 'tcp://172.17.0.3:4020',
    STANDIN_PORT_4020_TCP: 'tcp://172.17.0.3:4020',
    STANDIN_PORT_4020_TCP_ADDR: '172.17.0.3',
    STANDIN_PORT_4020_TCP_START: 'tcp://172.17.0.3:4020',
    STANDIN_PORT_4020_TCP_PORT_END: '4022',
    STANDIN_ENV_NODE_VERSION: '24.1.0',
    STANDIN_ENV_STANDIN_HOST: '0.0.0.0',
  },
  'Docker, a link named standin_2': {
    STANDIN_2_NAME: '/web/standin_2',
    STANDIN_2_PORT: 'tcp://172.17.0.3:4020',
    STANDIN_2_ENV_NODE_ENV: 'production',
  },
}

test.each(Object.entries(LINKS))('variables of %s are ignored', (_, env) => {
  expect(config([], env)).toEqual(withDefaults({}))
  const url = { ...env, STANDIN_URL: 'http://standin:4020' }
  expect(readConfig([], url, ['url']).more).toEqual({ url: 'http://standin:4020' })
})

test.each([
  ['STANDIN_NAME', 'checkout', 'STANDIN_NAME is not a variable of Standin'],
  ['STANDIN_SERVICE_PROT', '80', 'STANDIN_SERVICE_PROT is not a variable of Standin'],
  ['STANDIN_PORT_4020_TPC', 'x', 'STANDIN_PORT_4020_TPC is not a variable of Standin'],
  ['STANDIN_PORT_FIEL', 'x', 'STANDIN_PORT_FIEL is not a variable of Standin; did you mean'],
  ['STANDIN_CLOCK_ENV_A', 'x', 'STANDIN_CLOCK_ENV_A is not a variable of Standin'],
  ['STANDIN_WEBHOOK_URL', 'tcp://10.0.0.1:80', 'STANDIN_WEBHOOK_URL must be inbox, none, or'],
  ['STANDIN_PORT', 'http://10.0.0.1:80', 'STANDIN_PORT must be a whole number from 0 to 65535'],
])('%s=%s is no variable of a link, and is refused', (name, value, message) => {
  expect(refusal([], { [name]: value, STANDIN_PORT_4020_TCP: 'tcp://10.0.0.1:4020' })).toContain(
    message,
  )
})

test('no option has the name of a link variable', () => {
  for (const { variable } of optionsTable()) expect(isLinkVariable(variable, {})).toBe(false)
})

test('a message does not repeat a secret from any source', () => {
  const short = 'hunter2'
  const message = 'must have at least 32 bytes, got 7 characters'
  expect(refusal(['--jwt-secret', short])).toBe(`--jwt-secret ${message}`)
  expect(refusal([], { STANDIN_JWT_SECRET: short })).toBe(`STANDIN_JWT_SECRET ${message}`)
  const path = file({ jwtSecret: short })
  expect(refusal(['--config', path])).toBe(`"jwtSecret" in ${path} ${message}`)
  const broken = file(`{"jwtSecret": "${SECRET}" "port": 1}`)
  expect(refusal(['--config', broken])).toBe(
    `${broken} (--config) is not JSON: unexpected text at line 1, column 52`,
  )
})

test('a named file that cannot be used stops the start', () => {
  const folder = createFolder()
  const none = join(folder, 'none.json')
  expect(refusal(['--config', none])).toBe(`${none} (--config) does not exist`)
  expect(refusal([], { STANDIN_CONFIG: none })).toBe(`${none} (STANDIN_CONFIG) does not exist`)
  mkdirSync(none)
  expect(refusal(['--config', none])).toBe(`${none} (--config) cannot be read (EISDIR)`)
  const list = file([1])
  expect(refusal(['--config', list])).toBe(`${list} (--config) must hold a JSON object of options`)
})

test('help and version are answered even when another option is wrong', () => {
  expect(readConfig(['--help', '--port', 'x'], { STANDIN_PROT: '1' }).help).toBe(true)
  expect(readConfig(['-h'], {}).help).toBe(true)
  expect(readConfig(['--version', '--config', 'none.json'], {}).version).toBe(true)
})

test('a subcommand has flags of its own, whose values may begin with a dash', () => {
  const { more } = readConfig(['--expires', '-1h'], {}, ['expires', 'scope'])
  expect(more).toEqual({ expires: '-1h' })
  expect(refusal(['--expires', '1h'])).toMatch(/^--expires is not an option/)
})

test('the help names every option and its default', () => {
  for (const { flag, preset, help } of optionsTable()) {
    const line = optionsHelp()
      .split('\n')
      .find((text) => text.trimStart().startsWith(`${flag} `))
    expect(line).toContain(help)
    if (preset !== 'false') expect(line).toContain(preset)
  }
})

test('a subcommand may take words and switches', () => {
  const args = ['remove', 'fault-1', '--unfired', '--port', '1']
  const read = readConfig(args, {}, ['unfired'], { switches: ['unfired'], words: 2 })
  expect(read).toMatchObject({ words: ['remove', 'fault-1'], more: { unfired: 'true' } })
  expect(read.config.port).toBe(1)
  expect(() => readConfig(['a', 'b'], {}, [], { words: 1 })).toThrow('"b" is one argument too many')
})

test('a program sets options by their keys, checked as in the file', () => {
  expect(readSettings({})).toEqual(withDefaults({}))
  expect(readSettings({ port: 0, memory: true, seed: undefined })).toEqual(
    withDefaults({ port: 0, memory: true }),
  )
  expect(() => readSettings({ prt: 1 })).toThrow('"prt" is not an option; did you mean port?')
  expect(() => readSettings({ port: 1.5 })).toThrow(
    'port must be a whole number from 0 to 65535, got "1.5"',
  )
})
