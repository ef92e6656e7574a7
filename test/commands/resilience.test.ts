import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const SUITE = fileURLToPath(new URL('../resilience/suite.mjs', import.meta.url))

/**
 * Starts the command in an empty folder, with a suite that retries unless another is given.
 *
 * @param suite null for no suite
 */
function launch(args: readonly string[], suite: readonly string[] | null = ['retries']) {
  const cwd = createFolder()
  const command = suite === null ? [] : ['--', process.execPath, SUITE, ...suite]
  const all = ['resilience', ...args, ...command]
  const child = spawn(process.execPath, [MAIN, ...all], { cwd })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (text.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (text.stderr += String(chunk)))
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, text, exit }
}

async function run(args: readonly string[], suite?: readonly string[] | null) {
  const { text, exit } = launch(args, suite)
  return { code: await exit, ...text }
}

test('a run that its budget ends is resumed, and compared with an earlier one', async () => {
  const folder = join(createFolder(), 'report')
  const cells = ['--only', 'first/500,first/reset', '--report', folder]
  const begun = await run([...cells, '--budget', '1ms'])
  expect(begun).toMatchObject({ code: 0, stderr: '' })
  expect(begun.stdout).toContain('To continue, repeat the command with --resume')
  const refused = await run([...cells, '--resume', '--calls', '4'])
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toContain('had another selection')

  const ended = await run([...cells, '--resume', '--min-score', '100'])
  expect(ended.code).toBe(1)
  expect(ended.stdout).toContain('Score 66 %: 2 survived, 0 with findings, 1 broke, 0 not met')
  expect(ended.stdout).toContain('The score 66 % is below --min-score 100')
  expect(readdirSync(folder).toSorted()).toEqual([
    'junit.xml',
    'report.html',
    'report.json',
    'summary.md',
  ])
  // The built program writes characters beyond ASCII as they are.
  expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('· seed 1 ·')
  const earlier = join(folder, 'report.json')
  // The same run has no new failure; a run of a suite without retries has one.
  const args = ['--only', 'first/500', '--baseline', earlier]
  expect((await run([...args, '--jobs', '1'])).code).toBe(0)
  const worse = await run([...args, '--skip', 'twice'], [])
  expect(worse.code).toBe(1)
  expect(worse.stdout).toContain('New failure: cryptlex.createResellerUser/first/500: The command')
})

test('one cell is run with its output, its requests and the explanation', async () => {
  const cell = 'cryptlex.createResellerUser/first/403'
  const { code, stdout } = await run(['--cell', cell])
  expect(stdout).toContain('answered 201 to standin-token')
  expect(stdout).toMatch(/^findings {2}cryptlex\.createResellerUser\/first\/403/m)
  expect(stdout).toMatch(/\* req-\d+ +\+ +0 ms {2}403/)
  expect(stdout).toContain('was answered 403')
  expect(code).toBe(0)
  const unknown = await run(['--cell', `${cell}4`])
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining(cell) as string })
})

test('Ctrl-C ends the suites that run, keeps what is done and writes the reports', async () => {
  const folder = join(createFolder(), 'report')
  const args = ['--only', 'first/401', '--report', folder]
  const { child, text, exit } = launch(args, ['waits'])
  await eventually(() => expect(text.stdout).toContain('Plan: 1 cell,'))
  child.kill('SIGINT')
  expect(await exit).toBe(130)
  expect(text.stdout).toContain('1 cell did not run')
  expect(existsSync(join(folder, 'progress.jsonl'))).toBe(true)
  expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toMatchObject({
    results: [],
    notRun: ['cryptlex.createResellerUser/first/401'],
  })
})

test('wrong usage and a failing baseline say what to do', async () => {
  const missing = await run(['--fauts', '500'])
  expect(missing).toMatchObject({ code: 2, stdout: '' })
  expect(missing.stderr).toContain('did you mean --faults?')
  const bare = await run(['npm', 'test'], null)
  expect(bare.code).toBe(2)
  expect(bare.stderr).toMatch(/comes after --, such as: .* resilience -- npm test$/m)
  const failing = await run(['--dry-run'], ['fails'])
  expect(failing.code).toBe(1)
  expect(failing.stderr).toContain('The command failed with exit code 4 without a fault')
  expect(failing.stderr).toContain('No request reached its sandbox. It has to take its URLs from')
})

test('a running server is used, with its admin token, and over HTTPS', async () => {
  const adminToken = 'a-token-for-the-admin-api'
  const { url } = await createSandbox({ adminToken, tls: true, tlsPort: 0 })
  const target = ['--url', url, '--admin-token', adminToken]
  const cell = 'cryptlex.createResellerUser/first/500'
  const secure = await run([...target, '--tls', '--cell', cell], ['retries', 'secure'])
  expect(secure).toMatchObject({ code: 0, stderr: '' })
  expect(secure.stdout).toContain(`survived  ${cell}`)
  // It leaves no sandbox behind.
  const answer = await fetch(`${url}/_standin/sandboxes`, {
    headers: { 'Standin-Admin-Token': adminToken },
  })
  expect(await answer.json()).toMatchObject({ sandboxes: [{ name: 'default' }] })

  const refused = await run(['--url', url, '--cell', cell])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('token')
  const plain = await createSandbox()
  const missing = await run(['--url', plain.url, '--tls', '--cell', cell])
  expect(missing.code).toBe(2)
  expect(missing.stderr).toContain('has no HTTPS; start it with --tls')
})

test('a server of its own has HTTPS for the suite with --tls', async () => {
  const only = ['--only', 'first/500', '--skip', 'twice']
  const { code, stdout } = await run([...only, '--tls'], ['retries', 'secure'])
  expect(code).toBe(0)
  expect(stdout).toContain('Score 100 %: 1 survived')
})
