import { expect, test } from 'vitest'
import { filled } from '../../src/resilience/environment.ts'
import { execute } from '../../src/resilience/execution.ts'
import { eventually } from '../helpers/time.ts'

const run = (script: string, more: Partial<Parameters<typeof execute>[0]> = {}) =>
  execute({
    command: ['sh', '-c', script],
    env: {},
    limit: undefined,
    shown: false,
    signal: new AbortController().signal,
    ...more,
  })

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a command that hangs is ended at its time limit, with what it started', async () => {
  const ending = await run('trap "" TERM; sleep 600 & echo $!; wait', {
    limit: { ms: 400, most: 400 },
  })
  expect(ending).toMatchObject({ timedOut: true })
  const pid = Number(ending.output)
  if (pid > 0) await eventually(() => expect(isAlive(pid)).toBe(false))
})

test('a command that goes on sending requests has more time, up to a limit', async () => {
  let sent = 0
  const lastRequest = () => Promise.resolve(String(sent++))
  const limit = { ms: 20, most: 600_000 }
  expect(await run('sleep 0.3', { limit, lastRequest })).toMatchObject({ timedOut: false })
  const short = { ms: 20, most: 40 }
  expect(await run('sleep 600', { limit: short, lastRequest })).toMatchObject({ timedOut: true })
  // A command that has stopped sending requests gets no more time.
  const silent = { limit, lastRequest: () => Promise.resolve('req-1') }
  expect(await run('sleep 600', silent)).toMatchObject({ timedOut: true })
})

test('a process that a command leaves behind ends with it', async () => {
  const { exitCode, output } = await run('sleep 600 & echo $!')
  expect(exitCode).toBe(0)
  await eventually(() => expect(isAlive(Number(output))).toBe(false))
})

test('an interruption ends a command, also one that was about to start', async () => {
  const controller = new AbortController()
  const ending = run('sleep 600', { signal: controller.signal })
  controller.abort()
  expect(await ending).toMatchObject({ exitCode: null, timedOut: false })
  expect(await run('sleep 600', { signal: controller.signal })).toMatchObject({ exitCode: null })
})

test('the end of the output is kept, without the credentials of the environment', async () => {
  const env = { STANDIN_ACME_TOKEN: 'a-long-token', STANDIN_ACME_URL: 'http://acme.test' }
  const script = 'seq 1 5000; echo $STANDIN_ACME_TOKEN at $STANDIN_ACME_URL >&2; exit 3'
  const { exitCode, output } = await run(script, { env })
  expect(exitCode).toBe(3)
  expect(output.length).toBeLessThanOrEqual(8192)
  expect(output).toContain('5000\n')
  expect(output).toContain('[redacted] at http://acme.test')
})

test('a command that does not exist says so', async () => {
  await expect(run('', { command: ['no-such-program'] })).rejects.toThrow(
    'no-such-program cannot be started',
  )
})

test('{url} in an argument is replaced, and ${url} is left to the shell', () => {
  expect(filled(['--base={url}/v3', '${url}'], 'http://a$&b')).toEqual([
    '--base=http://a$&b/v3',
    '${url}',
  ])
})
