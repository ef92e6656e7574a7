import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const EXAMPLES = `${ROOT}examples/`
const TOKEN = 'a-token-for-tests'
const run = promisify(execFile)

interface Suite {
  readonly name: string
  readonly folder: string
  readonly command: readonly [string, ...string[]]
  /** Output of the suite after all of its tests have passed. */
  readonly passed: RegExp
  /** Command that succeeds if the runner of the suite is installed; undefined: it always is. */
  readonly needs?: readonly [string, ...string[]]
}

const SUITES: readonly Suite[] = [
  {
    name: 'vitest',
    folder: 'vitest',
    command: [process.execPath, `${ROOT}node_modules/vitest/vitest.mjs`, 'run'],
    passed: /Tests\s+3 passed/,
  },
  {
    name: 'node:test',
    folder: 'node-test',
    command: [process.execPath, '--test'],
    passed: /^. pass 2$[^]*^. fail 0$/m,
  },
  {
    name: 'unittest',
    folder: 'python',
    command: ['python3', '-m', 'unittest', 'test_users_unittest'],
    passed: /Ran 2 tests[^]*\nOK$/,
    needs: ['python3', '--version'],
  },
  {
    name: 'pytest',
    folder: 'python',
    command: ['python3', '-m', 'pytest', '-p', 'no:cacheprovider', 'test_users.py'],
    passed: /2 passed/,
    needs: ['python3', '-c', 'import pytest, requests'],
  },
  {
    name: 'pytest with fixtures',
    folder: 'python-pytest',
    command: ['python3', '-m', 'pytest', '-p', 'no:cacheprovider', '-p', 'no:benchmark'],
    passed: /3 passed/,
    needs: ['python3', '-c', 'import pytest'],
  },
  {
    name: 'Go',
    folder: 'go',
    command: ['go', 'test', '-count=1', '-v', './...'],
    passed: /(--- PASS[^]*){2}\nok /,
    needs: ['go', 'version'],
  },
  {
    name: 'Java',
    folder: 'java',
    command: ['java', 'UsersTest.java'],
    passed: /^2 tests passed$/,
    needs: ['java', '--version'],
  },
]

const atHand = SUITES.filter(({ needs: [command, ...args] = [process.execPath, '--version'] }) => {
  return spawnSync(command, args).status === 0
})

/** Runs a suite and returns its output; the test runner's own variables are removed. */
async function printed({ folder, command }: Suite, env: Readonly<Record<string, string>>) {
  const [program, ...args] = command
  const own = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_)/.test(name))
  const { stdout, stderr } = await run(program, args, {
    cwd: `${EXAMPLES}${folder}`,
    env: { ...Object.fromEntries(own), PYTHONDONTWRITEBYTECODE: '1', NO_COLOR: '1', ...env },
    timeout: 110_000,
  })
  return `${stdout}${stderr}`.trim()
}

describe('an example suite', () => {
  test.each(atHand)('$name passes against a running server', async (suite) => {
    const server = await createSandbox({ adminToken: TOKEN })
    const env = { STANDIN_URL: server.url, STANDIN_ADMIN_TOKEN: TOKEN }
    expect(await printed(suite, env)).toMatch(suite.passed)
    // It leaves nothing behind.
    const headers = { 'Standin-Admin-Token': TOKEN }
    const answer = await fetch(`${server.url}/_standin/sandboxes`, { headers })
    expect(await answer.json()).toMatchObject({ sandboxes: [{ name: 'default' }] })
  })

  test.each(SUITES.filter(({ folder }) => folder === 'node-test'))(
    '$name starts a server itself where none is named',
    async (suite) => {
      expect(await printed(suite, {})).toMatch(suite.passed)
    },
  )

  // The fastest suites are enough: all of them make the same calls.
  test.each(atHand.filter(({ name }) => ['node:test', 'unittest'].includes(name)))(
    '$name fails when the client does not do what it should',
    async (suite) => {
      const server = await createSandbox({ faults: [{ status: 500 }] })
      const failing = printed(suite, { STANDIN_URL: server.url })
      await expect(failing).rejects.toMatchObject({ code: 1 })
    },
  )
})

test('the Jest suite is valid JavaScript; npm run test:package installs its runner', async () => {
  await run(process.execPath, ['--check', `${EXAMPLES}jest/users.test.js`])
})

const PYTEST = SUITES.find(({ folder }) => folder === 'python-pytest')!

/** Runs tests of our own with the fixtures, and returns what pytest prints. */
async function pytestOutput(tests: string, ...options: readonly string[]): Promise<string> {
  const folder = createFolder()
  copyFileSync(`${EXAMPLES}python-pytest/conftest.py`, join(folder, 'conftest.py'))
  writeFileSync(join(folder, 'test_own.py'), tests)
  const [program, ...args] = PYTEST.command
  const standin = `standin_command=${process.execPath} ${ROOT}dist/main.js`
  const { stdout } = await run(program, [...args, '-o', standin, ...options], {
    cwd: folder,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', NO_COLOR: '1' },
  }).catch((error: { stdout: string }) => error)
  return stdout
}

test.runIf(atHand.includes(PYTEST))(
  'the fixtures for pytest start a server, and fail a test for faults and expectations',
  async () => {
    const stdout = await pytestOutput(`
import pytest

def test_fault(standin):
    standin.arm("503;times=2", api="cryptlex")

def test_expectation(standin):
    standin.verify_at_end({"operation": "createResellerUser"})

@pytest.mark.standin(unfired_faults="allowed", clock="2026-01-15T09:30:00Z")
def test_allowed(standin):
    standin.arm("503")
    assert standin.call("GET", "/clock")["now"].startswith("2026-01-15T09:30:00")
`)
    expect(stdout).toMatch(/Armed faults never fired:\nE +- fault-1 \(503;times=2\)/)
    expect(stdout).toMatch(/Expectations failed:\nE +- expectation 1: expected at least 1 request/)
    // Both tests pass; the checks at the end of their sandboxes fail.
    expect(stdout).toMatch(/3 passed, 2 errors/)
  },
)

test('the fixtures for pytest import nothing but pytest and the standard library', () => {
  const text = readFileSync(`${EXAMPLES}python-pytest/conftest.py`, 'utf8')
  const imported = [...text.matchAll(/^(?:import|from) (\w+)/gm)].map(([, name]) => name!)
  const standard = ['json', 'os', 'shlex', 'subprocess', 'tempfile', 'time', 'urllib']
  expect([...new Set(imported)].toSorted()).toEqual([...standard, 'pytest'].toSorted())
})

test('examples/README.md lists every suite with its command', () => {
  const readme = readFileSync(`${EXAMPLES}README.md`, 'utf8')
  for (const { folder } of SUITES) expect(readme).toContain(`](${folder}/`)
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, to]) => to!)
  expect(links.length).toBeGreaterThan(10)
  for (const to of links) readFileSync(new URL(to, `file://${EXAMPLES}`))
})

interface Service {
  readonly env?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
}

const yaml = (file: string) => load(readFileSync(`${EXAMPLES}${file}`, 'utf8'))

describe('container examples', () => {
  test('the workflow configures the service by its environment alone', () => {
    const { jobs } = yaml('github-actions.yml') as {
      jobs: {
        test: { services: { standin: Service }; env: Record<string, string>; steps: object[] }
      }
    } // as this test has it
    const { services, env, steps } = jobs.test
    const { standin } = services
    expect(Object.keys(standin).toSorted()).toEqual(['env', 'image', 'ports'])
    const { config } = readConfig([], standin.env ?? {})
    expect(config).toMatchObject({ memory: true, seed: 42, adminToken: env['STANDIN_ADMIN_TOKEN'] })
    expect(standin.ports).toEqual([`${config.port}:${config.port}`])
    expect(env['STANDIN_URL']).toBe(`http://localhost:${config.port}`)
    expect(steps[0]).toEqual({ uses: expect.stringMatching(/^actions\/checkout@v\d+$/) as string })
  })

  test('the tests in Compose wait until the server is healthy', () => {
    const { services } = yaml('compose.yaml') as {
      services: { standin: Service; tests: Service & { depends_on: object; command: string } }
    } // as this test has it
    const { standin, tests } = services
    const { config } = readConfig([], standin.environment ?? {})
    expect(config).toMatchObject({ memory: true, adminToken: TOKEN })
    expect(tests.environment).toEqual({
      STANDIN_URL: `http://standin:${config.port}`,
      STANDIN_ADMIN_TOKEN: TOKEN,
    })
    expect(tests.depends_on).toEqual({ standin: { condition: 'service_healthy' } })
    expect(readFileSync(`${ROOT}Dockerfile`, 'utf8')).toContain('HEALTHCHECK')
    const [module] = /test_\w+/.exec(tests.command) ?? []
    readFileSync(`${EXAMPLES}python/${module}.py`)
  })
})
