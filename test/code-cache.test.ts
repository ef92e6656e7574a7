import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFolder } from './helpers/sandbox.ts'

const ROOT = join(import.meta.dirname, '..')

/** A copy of the build, whose code cache a test may damage. */
function createBuild(): { dist: string; cache: string } {
  const folder = createFolder()
  for (const name of ['dist', 'specs', 'fixtures', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  }
  const dist = join(folder, 'dist')
  return { dist, cache: join(dist, `.code-cache-${process.version}-${process.arch}`) }
}

const PROGRAM = `
const { startStandin } = require('./index.js')
startStandin().then(async (standin) => {
  const users = await standin.users.seed(1)
  await standin.close()
  const { cachedFiles } = require('./code-cache.js')
  console.log(JSON.stringify({ users, cached: cachedFiles() }))
})`

function run(dist: string): { users: object; cached: string[] } {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', PROGRAM], {
    cwd: dist,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout) as { users: object; cached: string[] } // as the program prints it
}

const users = { mykaarma: 1, cryptlex: 1, formsonfire: 1 }

test('the program runs from the code cache that the build has made', () => {
  const { dist } = createBuild()
  const result = run(dist)
  expect(result.users).toEqual(users)
  const names = result.cached.map((file) => file.replace(/-[\w-]{8}\.js$/, ''))
  expect(names).toEqual(expect.arrayContaining(['index', 'server', 'apis']))
})

test.each<[string, (cache: string) => void]>([
  ['is empty', (cache) => writeFileSync(cache, '')],
  ['is cut off', (cache) => writeFileSync(cache, readFileSync(cache).subarray(0, 500_000))],
  [
    'is damaged',
    (cache) => {
      const bytes = readFileSync(cache)
      for (let at = 10_000; at < bytes.length; at += 1000) bytes[at]! ^= 255
      writeFileSync(cache, bytes)
    },
  ],
])('the program runs without a code cache that %s', (_, damage) => {
  const { dist, cache } = createBuild()
  damage(cache)
  expect(run(dist)).toEqual({ users, cached: [] })
})

test('the first run of an installed package makes the code cache at its end', () => {
  const { dist, cache } = createBuild()
  rmSync(cache)
  expect(run(dist)).toEqual({ users, cached: [] })
  expect(run(dist).cached).not.toEqual([])
  expect(readdirSync(dist).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test('a file that was changed is compiled anew', () => {
  const { dist } = createBuild()
  const name = run(dist).cached.find((file) => file.startsWith('server-'))!
  const file = join(dist, name)
  const text = readFileSync(file, 'utf8')
  // The changed file has the same length: V8 itself compares only the length.
  const changed = text.replace('keeps the state in memory', 'keeps the state in MEMORY')
  writeFileSync(file, changed === text ? text.replace('The ', 'THE ') : changed)
  const result = run(dist)
  expect(result.users).toEqual(users)
  expect(result.cached).not.toContain(name)
  expect(result.cached).not.toEqual([])
})
