import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFolder } from './helpers/sandbox.ts'

const ROOT = join(import.meta.dirname, '..')

const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  main: string
  types: string
  bin: Readonly<Record<string, string>>
  exports: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>
}

/** Files that an entry of `exports` names, whatever its conditions. */
const filesIn = (entry: unknown): readonly string[] =>
  typeof entry === 'string' ? [entry] : Object.values(entry as object).flatMap(filesIn)

test('every file that package.json names exists', () => {
  const { main, types, bin, exports } = PACKAGE
  for (const file of [main, types, ...Object.values(bin), ...filesIn(exports)]) {
    expect(existsSync(join(ROOT, file)), file).toBe(true)
  }
})

test('readers of main and types, which know no exports, find what exports names', () => {
  const files = filesIn(PACKAGE.exports['.'])
  expect(files).toContain(PACKAGE.main)
  expect(files).toContain(PACKAGE.types)
})

test('the package is found by its name, by import and by resolve, and so is its package.json', async () => {
  const name = 'standin' // not written into import(): its types are those of src
  const { startStandin } = (await import(name)) as { startStandin: unknown }
  expect(startStandin).toBeTypeOf('function')
  const require = createRequire(join(ROOT, 'test', 'package.test.ts'))
  expect(require.resolve('standin/package.json')).toBe(join(ROOT, 'package.json'))
})

/** Replaces the globals that jsdom, happy-dom or fake timers replace, and starts a server. */
const HOSTILE = `
const dead = () => { throw new Error('a global of the test environment was called') }
// Timers of fake timers never fire by themselves; those of jsdom are numbers.
for (const name of ['setTimeout', 'setInterval']) globalThis[name] = () => 1
for (const name of ['clearTimeout', 'clearInterval']) globalThis[name] = dead
class Dead { constructor() { dead() } static canParse() { dead() } static timeout() { dead() } }
for (const name of ['URL', 'URLSearchParams', 'AbortSignal', 'Headers', 'Event']) globalThis[name] = Dead
for (const name of ['TextDecoder', 'TextEncoder', 'setImmediate', 'clearImmediate', 'structuredClone', 'fetch', 'Buffer'])
  delete globalThis[name]
Object.defineProperty(globalThis, 'performance', { value: {} })
Object.defineProperty(globalThis, 'crypto', { value: {} })
globalThis.Uint8Array = class extends Uint8Array {}
// Errors of Node are no instances of the Error of a realm of its own.
globalThis.Error = class extends Error { static [Symbol.hasInstance](one) { return Object.getPrototypeOf(one) === this.prototype } }

const [index, data] = process.argv.slice(1)
const { startStandin, connectStandin, verifyWebhook } = await import(index)
const standin = await startStandin({ data, webhookUrl: 'inbox', webhookRetries: '1ms' })
const users = await standin.users.seed(3)
await standin.webhooks.settle({ timeout: '5s' })
await standin.clock.advance('1s')
const away = await connectStandin('http://127.0.0.1:1').catch((error) => error.message)
const requests = await standin.requests.list()
await standin.close()
console.log(JSON.stringify({ users, away, requests: requests.length, verify: typeof verifyWebhook }))
`

test('in a browser-like test environment, a program starts a server and uses it', () => {
  const data = join(createFolder(), 'data')
  const index = new URL('../dist/index.mjs', import.meta.url).href
  const args = ['--input-type=module', '--eval', HOSTILE, index, data]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({
    users: { mykaarma: 3 },
    away: expect.stringMatching(/^No Standin at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/) as string,
  })
})
