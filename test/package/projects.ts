import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A project that uses the package: its files, and the commands that prove that it works. */
export interface Project {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  /** Packages that it needs besides this one, with their versions. */
  readonly packages?: Readonly<Record<string, string>>
  /** Commands, one after the other; the first word is a package's program or `node`. */
  readonly commands: readonly (readonly [program: string, ...args: string[]])[]
  /** Output of the last command. */
  readonly prints: RegExp
  /** Exit code of the last command, if it is not 0. */
  readonly exitCode?: number
}

const USE = `
async function use() {
  const standin = await startStandin({ seed: 1 })
  const { authorization } = standin.credentials.cryptlex
  const answer = await fetch(standin.urls.cryptlex + '/resellers/reseller-001/users', {
    method: 'POST',
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      firstName: 'Ada',
      email: 'ada@example.test',
      role: 'user',
      allowCustomerPortalAccess: true,
      password: 'analytical-engine',
    }),
  })
  const refused = await standin.requests.get('req-99').catch((error) => error)
  console.log(answer.status, refused instanceof StandinError)
  await standin.close()
}
use()
`

const TYPED = `
import { startStandin, StandinError, type cryptlex, type SandboxOptions, type Standin } from 'standin'
import setup from 'standin/global-setup'
import teardown from 'standin/global-teardown'
import { useStandin as useInJest } from 'standin/jest'
import { useStandin as useInNode } from 'standin/node-test'
import { useStandin, type TestStandin, type UseStandinOptions } from 'standin/vitest'

export const options: UseStandinOptions = { seed: 1, failOnUnfiredFaults: true }
export const clients = (): TestStandin[] => [useStandin(options), useInJest(), useInNode()]
export const run: () => Promise<() => Promise<void>> = setup
export const stop: () => Promise<void> = teardown
export const sandbox: SandboxOptions = { seed: 1 }
export type User = cryptlex.User

// @ts-expect-error an option that does not exist: the types are known
export const wrong: UseStandinOptions = { sed: 1 }

async function use(): Promise<void> {
  const standin: Standin = await startStandin({ seed: 1 })
  // @ts-expect-error an API that does not exist
  const missing: unknown = standin.urls.nobody
  const users: number = (await standin.users.seed(1)).cryptlex
  console.log(users, missing, new StandinError(0, 'reason', 'detail') instanceof Error)
  await standin.close()
}
void use()
`

/** Code that is run, and not only type-checked; without the entries for test runners. */
const TYPED_START = TYPED.replace(/^import .* from 'standin\/.*'\n/gm, '')
  .replace(/^export const (options|clients|run|stop|wrong).*\n/gm, '')
  .replace(/^\/\/ @ts-expect-error an option.*\n/m, '')

function typed(
  name: string,
  type: 'module' | 'commonjs',
  compilerOptions: Readonly<Record<string, string>>,
  typescript: string,
  runs = false,
): Project {
  return {
    name,
    packages: { typescript, '@types/node': '20.19.43' },
    files: {
      'package.json': JSON.stringify({ type }),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable'],
          strict: true,
          types: ['node'],
          outDir: 'out',
          ...compilerOptions,
        },
        files: ['types.ts', 'start.ts'],
      }),
      'types.ts': TYPED,
      'start.ts': TYPED_START,
    },
    ...(runs
      ? { commands: [['tsc'], ['node', 'out/start.js']], prints: /^1 undefined true$/m }
      : { commands: [['tsc', '--noEmit']], prints: /^$/ }),
  }
}

/** A suite that passes, and with \`failing\` two tests that end as they should not. */
function suite(head: string, type: string, failing = false): string {
  const more = `
test('a fault that never fires', async () => {
  await standin.faults.add('503;times=2')
})
test('an expectation that is not met', () => {
  standin.verifyAtEnd({ operation: 'createResellerUser' })
})
`
  return `${head}
const standin = useStandin({ seed: 7, failOnUnfiredFaults: true })
const names${type} = []
test('a test has a sandbox without users', async () => {
  names.push(standin.name)
  equal((await standin.users.list()).length, 0)
  await standin.users.seed(1)
  await standin.webhooks.settle()
})
test('the next test has another', async () => {
  names.push(standin.name)
  equal((await standin.users.list()).length, 0)
  equal(new Set(names).size, 2)
  standin.verifyAtEnd({ operation: 'createResellerUser', count: { exactly: 0 } })
})
${failing ? more : ''}`
}

const JEST_HEAD = `
const { useStandin } = require('standin/jest')
const equal = (one, other) => expect(one).toBe(other)
`
const VITEST_HEAD = `
import { expect, test } from 'vitest'
import { useStandin } from 'standin/vitest'
const equal = (one, other) => expect(one).toBe(other)
`
const NODE_HEAD = `
import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { useStandin } from 'standin/node-test'
`
const NODE_HEAD_CJS = `
const { equal } = require('node:assert/strict')
const { test } = require('node:test')
const { useStandin } = require('standin/node-test')
`
const NODE_CONCURRENT = `
import { describe } from 'node:test'
describe('concurrent tests', { concurrency: true }, () => {
  test('one of two', () => standin.users.list())
  test('two of two', () => standin.users.list())
})
`
const TS_JEST_HEAD = `
import { useStandin } from 'standin/jest'
const equal = (one: unknown, other: unknown): void => expect(one).toBe(other)
`

/** The blocks of a page in a language, in order. */
function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const block = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')
  return [...text.matchAll(block)].map(([, code]) => code!)
}

const [SIGN_UP = '', VITEST_BLOCK = '', NODE_BLOCK = ''] = blocksOf('docs/first-test.md', 'js')
const [SIGN_UP_CJS = '', JEST_BLOCK = '', JEST_CONFIG = '', TS_JEST_CONFIG = '', JEST_OWN = ''] =
  blocksOf('docs/jest.md', 'js')
const [TS_JEST_BLOCK = ''] = blocksOf('docs/jest.md', 'ts')

/**
 * The packages of all projects that Jest runs, because installing them takes longer than the runs.
 */
const JEST = {
  jest: '30.5.2',
  'jest-environment-jsdom': '30.5.2',
  'ts-jest': '29.4.15',
  typescript: '5.9.3',
  '@types/jest': '30.0.0',
}
const MODULE = '{"type":"module"}'
const UNFIRED =
  /Armed faults never fired:\s+- fault-1 \(503;times=2\)[^]*1 of 1 expectations failed[^]*tests ran concurrently/

/** Projects that every run of the tests checks, with packages of this repository. */
export const LOCAL: readonly Project[] = [
  {
    name: 'ES module',
    files: {
      'package.json': MODULE,
      'index.js': `import { startStandin, StandinError } from 'standin'\n${USE}`,
    },
    commands: [['node', 'index.js']],
    prints: /^201 true$/m,
  },
  {
    name: 'CommonJS',
    files: { 'index.js': `const { startStandin, StandinError } = require('standin')\n${USE}` },
    commands: [['node', 'index.js']],
    prints: /^201 true$/m,
  },
  {
    name: 'command line',
    files: {},
    commands: [['standin', 'token']],
    prints: /^[\w.-]+$/m,
  },
  typed(
    'TypeScript 7, bundler',
    'module',
    { module: 'esnext', moduleResolution: 'bundler' },
    '7.0.2',
  ),
  typed('TypeScript 7, node16, ES module', 'module', { module: 'node16' }, '7.0.2'),
  typed('TypeScript 7, nodenext, ES module', 'module', { module: 'nodenext' }, '7.0.2'),
  typed('TypeScript 7, nodenext, CommonJS', 'commonjs', { module: 'nodenext' }, '7.0.2'),
  typed(
    'TypeScript 5, node10',
    'commonjs',
    { module: 'commonjs', moduleResolution: 'node10' },
    '5.9.3',
  ),
  {
    name: 'node:test',
    files: {
      'package.json': MODULE,
      'users.test.js': suite(NODE_HEAD, ''),
      'sign-up.js': SIGN_UP,
      'page.test.js': NODE_BLOCK,
    },
    commands: [['node', '--test']],
    prints: /pass 3\n[^]*fail 0\n/,
  },
  {
    name: 'node:test, failures',
    files: {
      'package.json': MODULE,
      'users.test.js': `${suite(NODE_HEAD, '', true)}${NODE_CONCURRENT}`,
    },
    commands: [['node', '--test', '--test-reporter=tap']],
    prints: UNFIRED,
    exitCode: 1,
  },
  {
    name: 'vitest',
    packages: { vitest: '4.1.12' },
    files: {
      'package.json': MODULE,
      'vitest.config.js': `export default { test: { globalSetup: 'standin/global-setup' } }`,
      'users.test.js': suite(VITEST_HEAD, ''),
      'sign-up.js': SIGN_UP,
      'page.test.js': VITEST_BLOCK,
    },
    commands: [['vitest', 'run']],
    prints: /Tests\s+3 passed \(3\)/,
  },
  {
    // Jest is not installed here: vitest has the same globals, and a setup file adds what else Jest
    // has.
    name: 'docs/jest.md',
    packages: { vitest: '4.1.12' },
    files: {
      'vitest.config.mjs': `export default { test: { globals: true, setupFiles: ['./jest.mjs'] } }`,
      'jest.mjs': `
import Module, { createRequire } from 'node:module'
const load = Module._load
Module._load = (name, ...rest) =>
  name === '@jest/globals' ? { beforeAll, beforeEach, afterEach, afterAll } : load(name, ...rest)
globalThis.require = createRequire(import.meta.url)`,
      'sign-up.js': SIGN_UP_CJS,
      'page.test.js': JEST_BLOCK,
      'own.test.js': JEST_OWN,
      'page.test.ts': TS_JEST_BLOCK,
      'jest.config.js': JEST_CONFIG,
      'config.test.js': `
test('the modules of the configuration exist', () => {
  for (const module of Object.values(require('./jest.config.js'))) require(module)
})`,
    },
    commands: [['vitest', 'run']],
    prints: /Tests\s+4 passed \(4\)/,
  },
  {
    name: 'vitest, failures',
    packages: { vitest: '4.1.12' },
    files: {
      'package.json': MODULE,
      'users.test.js': `${suite(VITEST_HEAD, '', true)}
test.concurrent('one of two', () => standin.users.list())
test.concurrent('two of two', () => standin.users.list())
`,
    },
    commands: [['vitest', 'run']],
    prints:
      /Armed faults never fired:\n\s*- fault-1 \(503;times=2\)[^]*1 of 1 expectations failed[^]*tests ran concurrently/,
    exitCode: 1,
  },
]

/** Further projects, most of whose packages have to be installed. */
export const INSTALLED: readonly Project[] = [
  {
    name: 'node:test, CommonJS',
    files: { 'users.test.js': suite(NODE_HEAD_CJS, '') },
    commands: [['node', '--test']],
    prints: /pass 2\n[^]*fail 0\n/,
  },
  typed('TypeScript 5, node16, CommonJS', 'commonjs', { module: 'node16' }, '5.9.3', true),
  typed(
    'TypeScript 5, bundler',
    'module',
    { module: 'esnext', moduleResolution: 'bundler' },
    '5.9.3',
    true,
  ),
  typed('TypeScript 5, node16, ES module', 'module', { module: 'node16' }, '5.9.3', true),
  typed('TypeScript 5, nodenext, ES module', 'module', { module: 'nodenext' }, '5.9.3', true),
  typed('TypeScript 5, nodenext, CommonJS', 'commonjs', { module: 'nodenext' }, '5.9.3', true),
  {
    name: 'Jest, default configuration',
    packages: JEST,
    files: { 'users.test.js': suite(JEST_HEAD, '') },
    commands: [['jest']],
    prints: /Tests: +2 passed, 2 total/,
  },
  {
    name: 'Jest, docs/jest.md and the example',
    packages: JEST,
    files: {
      'jest.config.js': JEST_CONFIG,
      'sign-up.js': SIGN_UP_CJS,
      'page.test.js': JEST_BLOCK,
      'own.test.js': JEST_OWN,
      'users.test.js': readFileSync(join(ROOT, 'examples/jest/users.test.js'), 'utf8'),
    },
    commands: [['jest']],
    prints: /Tests: +4 passed, 4 total/,
  },
  {
    name: 'Jest, one server for the run',
    packages: JEST,
    files: {
      'jest.config.js': `module.exports = {
        globalSetup: 'standin/global-setup',
        globalTeardown: 'standin/global-teardown',
        injectGlobals: false,
      }`,
      'one.test.js': suite(`const { expect, test } = require('@jest/globals')${JEST_HEAD}`, ''),
      'other.test.js': suite(`const { expect, test } = require('@jest/globals')${JEST_HEAD}`, ''),
    },
    commands: [['jest', '--maxWorkers=2']],
    prints: /Tests: +4 passed, 4 total/,
  },
  {
    name: 'Jest, failures',
    packages: JEST,
    files: { 'users.test.js': suite(JEST_HEAD, '', true) },
    commands: [['jest']],
    prints: /Armed faults never fired:\s+- fault-1 \(503;times=2\)[^]*1 of 1 expectations failed/,
    exitCode: 1,
  },
  {
    name: 'ts-jest',
    packages: JEST,
    files: {
      'jest.config.js': TS_JEST_CONFIG,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module: 'commonjs',
          target: 'es2022',
          strict: true,
          types: ['jest', 'node'],
        },
      }),
      'users.test.ts': suite(TS_JEST_HEAD, ': string[]'),
      'page.test.ts': TS_JEST_BLOCK,
    },
    commands: [['jest']],
    prints: /Tests: +3 passed, 3 total/,
  },
  {
    name: 'Jest with jsdom',
    packages: JEST,
    files: {
      'jest.config.js': `module.exports = { testEnvironment: 'jsdom' }`,
      'users.test.js': suite(
        `${JEST_HEAD}test('the environment is a browser', () => equal(typeof document, 'object'))`,
        '',
      ),
      'page.test.js': `
const { useStandin } = require('standin/jest')
const standin = useStandin({ server: { corsOrigins: ['http://localhost'] } })
test('a request of the browser, with fake timers', async () => {
  jest.useFakeTimers()
  const request = new XMLHttpRequest()
  const ended = new Promise((resolve) => (request.onloadend = resolve))
  request.open('POST', standin.urls.mykaarma + '/v2/user/partner')
  request.send('{}')
  await ended
  expect(request.status).toBe(401)
})
`,
    },
    commands: [['jest']],
    prints: /Tests: +4 passed, 4 total/,
  },
  {
    name: 'Playwright test',
    packages: { '@playwright/test': '1.65.1' },
    files: {
      'playwright.config.js': `module.exports = { globalSetup: 'standin/global-setup' }`,
      'users.spec.js': `
const { connectStandin } = require('standin')
const { expect, test } = require('@playwright/test')
test('a sandbox of the server of the run', async ({ request }) => {
  const standin = await connectStandin(process.env.STANDIN_URL)
  const sandbox = await standin.sandbox()
  const { authorization } = sandbox.credentials.cryptlex
  await sandbox.faults.add('503')
  const url = sandbox.urls.cryptlex + '/resellers/reseller-001/users'
  const answer = await request.post(url, { headers: { Authorization: authorization }, data: {} })
  expect(answer.status()).toBe(503)
  await standin.close()
})
`,
    },
    commands: [['playwright', 'test']],
    prints: /1 passed/,
  },
  {
    name: '@arethetypeswrong/cli',
    packages: { '@arethetypeswrong/cli': '0.18.5' },
    files: {},
    commands: [['attw', '--format', 'table-flipped', 'standin.tgz']],
    prints: /No problems found/,
  },
]
