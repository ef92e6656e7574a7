import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'

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
