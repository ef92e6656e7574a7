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
import { outcomeOverTls } from '../helpers/tls.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** Runs `standin fault` against the server; resolves with its output, rejects with its error. */
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

test('a fault is armed, listed with its counts, and disarmed', async () => {
  const server = await createSandbox()
  expect(await fault(server, '500', '--api', 'cryptlex', '--times', '2')).toBe(
    'armed fault-1  500;times=2  at cryptlex  no matching request yet',
  )
  await createMykaarmaUser(server).expect(200)
  await createCryptlexUser(server).expect(500)
  expect(await fault(server, 'list')).toBe(
    'fault-1  500;times=2  at cryptlex  fired for 1 of 1 matching request',
  )
  await createCryptlexUser(server).expect(500)
  expect(await fault(server, 'list')).toMatch(/fired for 2 of 2 matching requests, expired$/)
  expect(await fault(server, 'remove', 'fault-1')).toMatch(/^disarmed fault-1 {2}500;times=2/)
  expect(await fault(server, 'list')).toBe('no faults')
})

test('without the admin token, or with another, it says where the token comes from', async () => {
  const server = await createSandbox({ adminToken: 'a-token-for-the-admin-api' })
  const missing = 'its admin API needs a token: set STANDIN_ADMIN_TOKEN, or give --admin-token'
  await expect(fault(server, 'list')).rejects.toThrow(missing)
  await expect(fault(server, 'list', '--admin-token', 'another-token')).rejects.toThrow(
    'send the one that the server was started with (STANDIN_ADMIN_TOKEN or --admin-token)',
  )
})

test('every flag sets a field of the fault and overrides its short form', async () => {
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

test('a JSON definition is accepted; unfired faults are listed with their nearest miss', async () => {
  const server = await createSandbox()
  await fault(server, '{"status":403,"match":{"fields":{"role":"reseller-admin"}}}')
  await fault(server, '503;times=1', '--api', 'cryptlex')
  await createCryptlexUser(server).expect(503)
  const listed = await fault(server, 'list', '--unfired')
  expect(listed).toMatch(/^fault-1 {2}403 {2}no matching request yet; nearest miss req-\d+: .*role/)
  expect(listed.split('\n')).toHaveLength(1)
  expect((await fault(server, 'clear')).split('\n')).toHaveLength(2)
  expect(await fault(server, 'clear')).toBe('no fault was armed')
})

test('faults of single requests are listed with --all and removed by clear', async () => {
  const server = await createSandbox()
  await createCryptlexUser(server).set('Standin-Fault', '500').expect(500)
  expect(await fault(server, 'list')).toBe('no faults')
  expect(await fault(server, 'list', '--all')).toMatch(
    /^header-1 {2}500 {2}at cryptlex {2}fired for 1/,
  )
  expect(await fault(server, 'clear')).toBe('no fault was armed')
  expect(await fault(server, 'list', '--all')).toBe('no faults')
  await expect(fault(server, 'clear', '--all')).rejects.toThrow(
    '--all cannot be used with standin fault clear',
  )
})

test('--sandbox selects the sandbox', async () => {
  const server = await createSandbox({ autoSandboxes: true })
  await fault(server, 'reset', '--sandbox', 'checkout')
  expect(await fault(server, 'list')).toBe('no faults')
  expect(await fault(server, 'list', '--sandbox', 'checkout')).toMatch(/^fault-1 {2}reset/)
})

test('a refusal by the server is printed in one line', async () => {
  const server = await createSandbox()
  await expect(fault(server, '6OO')).rejects.toThrow(
    /^standin: The server refused: "6OO" is not a part of a fault; allowed: [^\n]+$/,
  )
  await expect(fault(server, '500', '--times', 'x')).rejects.toThrow(/times must be [^\n]+$/)
  await expect(fault(server, 'remove', 'fault-9')).rejects.toThrow(/There is no fault fault-9/)
})

test('a fault of the TLS handshake is armed, and its handshakes are counted', async () => {
  const server = await createSandbox({ tls: true, tlsPort: 0 })
  expect(await fault(server, 'tls=expired', '--times', '1')).toBe(
    'armed fault-1  tls=expired;times=1  no matching request yet',
  )
  expect(await outcomeOverTls(server)).toBe('CERT_HAS_EXPIRED')
  expect(await outcomeOverTls(server)).toBe('200')
  expect(await fault(server, 'list')).toBe(
    'fault-1  tls=expired;times=1  fired for 1 of 1 matching request, expired',
  )
})
