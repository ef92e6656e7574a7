import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import {
  createCryptlexUser,
  createFolder,
  createMykaarmaUser,
  createSandbox,
} from '../helpers/sandbox.ts'
import type { TestSandbox } from '../helpers/sandbox.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** What `standin fault` with these words prints, at this server; that it fails says why. */
function fault({ url }: TestSandbox, ...args: string[]): Promise<string> {
  const env = { ...process.env, STANDIN_URL: url }
  return new Promise((resolve, reject) => {
    const all = [MAIN, 'fault', ...args]
    execFile(process.execPath, all, { env, cwd: createFolder() }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim()))
      else resolve(stdout.trimEnd())
    })
  })
}

test('a fault is armed, listed with what came of it, and disarmed', async () => {
  const server = await createSandbox()
  expect(await fault(server, '500', '--api', 'cryptlex', '--times', '2')).toBe(
    'armed fault-1  500;times=2  at cryptlex  met by none yet',
  )
  await createMykaarmaUser(server).expect(200)
  await createCryptlexUser(server).expect(500)
  expect(await fault(server, 'list')).toBe(
    'fault-1  500;times=2  at cryptlex  fired 1 of 1 that fitted',
  )
  await createCryptlexUser(server).expect(500)
  expect(await fault(server, 'list')).toMatch(/fired 2 of 2 that fitted, over$/)
  expect(await fault(server, 'remove', 'fault-1')).toMatch(/^disarmed fault-1 {2}500;times=2/)
  expect(await fault(server, 'list')).toBe('none')
})

test('every flag is a field of the fault, and wins over the same in its short form', async () => {
  const server = await createSandbox()
  const flags = {
    api: 'cryptlex',
    operation: 'createResellerUser',
    times: '3',
    skip: '1',
    every: '2',
    probability: '0.5',
    after: 'auth',
    delay: '5ms',
    'expires-in': '5m',
    note: '42',
  }
  await fault(
    server,
    '503;times=9',
    ...Object.entries(flags).map(([name, at]) => `--${name}=${at}`),
  )
  expect(server.sandbox.faults.list()[0]?.definition).toEqual({
    status: 503,
    api: 'cryptlex',
    operation: 'createResellerUser',
    times: 3,
    skip: 1,
    every: 2,
    probability: 0.5,
    after: 'auth',
    delay: '5ms',
    expiresIn: '5m',
    note: '42',
  })
})

test('a definition is taken as JSON; those that never fired are listed with the nearest miss', async () => {
  const server = await createSandbox()
  await fault(server, '{"status":403,"match":{"fields":{"role":"reseller-admin"}}}')
  await fault(server, '503;times=1', '--api', 'cryptlex')
  await createCryptlexUser(server).expect(503)
  const listed = await fault(server, 'list', '--unfired')
  expect(listed).toMatch(/^fault-1 {2}403 {2}met by none yet; nearest was req-\d+: .*role/)
  expect(listed.split('\n')).toHaveLength(1)
  expect((await fault(server, 'clear')).split('\n')).toHaveLength(2)
  expect(await fault(server, 'clear')).toBe('none was armed')
})

test('what requests ask for by themselves is listed where that is asked, and cleared with the rest', async () => {
  const server = await createSandbox()
  await createCryptlexUser(server).set('Standin-Fault', '500').expect(500)
  expect(await fault(server, 'list')).toBe('none')
  expect(await fault(server, 'list', '--all')).toMatch(/^header-1 {2}500 {2}at cryptlex {2}fired 1/)
  expect(await fault(server, 'clear')).toBe('none was armed')
  expect(await fault(server, 'list', '--all')).toBe('none')
  await expect(fault(server, 'clear', '--all')).rejects.toThrow(
    '--all says nothing to standin fault clear',
  )
})

test('it is armed in the sandbox that is named', async () => {
  const server = await createSandbox({ autoSandboxes: true })
  await fault(server, 'reset', '--sandbox', 'checkout')
  expect(await fault(server, 'list')).toBe('none')
  expect(await fault(server, 'list', '--sandbox', 'checkout')).toMatch(/^fault-1 {2}reset/)
})

test('what the server refuses is one line that says why', async () => {
  const server = await createSandbox()
  await expect(fault(server, '6OO')).rejects.toThrow(
    /^standin: The server refused: "6OO" is not a part of a fault; allowed: [^\n]+$/,
  )
  await expect(fault(server, '500', '--times', 'x')).rejects.toThrow(/times must be [^\n]+$/)
  await expect(fault(server, 'remove', 'fault-9')).rejects.toThrow(/There is no fault fault-9/)
})
