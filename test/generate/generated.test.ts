import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { GENERATED_SOURCES } from './sources.ts'

const files = Object.keys(GENERATED_SOURCES)

test.each(Object.entries(GENERATED_SOURCES))(
  '%s is up to date with its spec',
  async (file, make) => {
    const message = `${file} is stale; run \`npm run generate\``
    expect(readFileSync(file, 'utf8'), message).toBe(await make())
  },
)

test('every .gen.ts file is generated, and names the command that makes it', () => {
  const found = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.gen.ts'))
    .map((file) => `src/${file}`)
  expect(found.toSorted()).toEqual(files.toSorted())
  for (const file of files) {
    expect(readFileSync(file, 'utf8')).toMatch(/^\/\/ Generated from .* by `npm run generate`/)
  }
})

test('Git hosts leave generated files out of reviews', () => {
  const marked = readFileSync('.gitattributes', 'utf8').trim().split('\n')
  expect(marked).toEqual([
    '*.gen.ts linguist-generated',
    'docs/coverage.md linguist-generated',
    'docs/evidence-reference.md linguist-generated',
  ])
})
