import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LEVELS, readDocument, rebuilt, runInShell, shellBlocks } from './helpers/document.ts'
import { createFolder, createSandbox } from './helpers/sandbox.ts'

/** Blocks that are not run here, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci && npm start': '.ci/run does, in a fresh clone',
  'npm ci && npm test': '.ci/run does, in a fresh clone; here it would run itself',
  'npm start -- --clock 2026-01-15T09:30:00Z': 'this is the server that the test starts',
  'npm start -- --profile strict': 'it does not end; test/main.test.ts starts one',
  'docker build -t standin .\ndocker run --rm -p 127.0.0.1:4020:4020 -v standin:/data standin':
    'it needs Docker',
}

/**
 * The documents as they should be, made with a server as the README has its reader start it: a
 * fresh folder, the clock held. `npx vitest run test/readme.test.ts -u` writes what is new.
 */
test.each(['README.md', 'docs/evidence.md'])('%s shows what really happens', async (path) => {
  const { url, port } = await createSandbox({
    data: createFolder(),
    clock: Date.parse('2026-01-15T09:30:00Z'),
  })
  const env = { STANDIN_PORT: String(port), STANDIN_CLOCK: '2026-01-15T09:30:00Z' }
  const run = (block: string) =>
    block in NOT_RUN ? undefined : runInShell(block.replaceAll('http://localhost:4020', url), env)
  const document = await rebuilt(readDocument(path), run)
  await expect(document).toMatchFileSnapshot(`../${path}`)
})

test('every block that is not run is in the README, and its script in package.json', () => {
  const blocks = shellBlocks(readDocument('README.md'))
  for (const block of Object.keys(NOT_RUN)) expect(blocks).toContain(block)
  const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: object }
  expect(scripts).toHaveProperty('start')
  expect(scripts).toHaveProperty('test')
})

test('the README opens with the two commands and a request to each API', () => {
  const blocks = shellBlocks(readDocument('README.md'))
  expect(blocks.slice(0, 2)).toEqual(['npm ci && npm start', 'npm ci && npm test'])
  const files = blocks.flatMap((block) => [...block.matchAll(/@(fixtures\/\S+)/g)])
  expect(files.slice(0, 3).map(([, file]) => file)).toEqual([
    'fixtures/requests/mykaarma.json',
    'fixtures/requests/cryptlex.json',
    'fixtures/requests/formsonfire.xml',
  ])
})

test('every promise of a contract says how it is known', () => {
  const rows = readDocument('docs/evidence.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(250)
  const levels = rows.map((row) => row.split(/(?<!\\)\|/)[2]!.trim())
  expect([...new Set(levels)].toSorted()).toEqual([...LEVELS].toSorted())
})

test('every link to a file leads somewhere', () => {
  const links = [...readDocument('README.md').matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
  expect(links.length).toBeGreaterThan(2)
  for (const [, file] of links) readFileSync(new URL(`../${file}`, import.meta.url))
})

test('the README lists every reason that the code refuses with', () => {
  const sources = readdirSync(new URL('../src', import.meta.url), {
    recursive: true,
    encoding: 'utf8',
  }).filter((file) => file.endsWith('.ts'))
  const named = /(?:Problem|unauthorized|refused|forbidden)\(\s*(?:\d+,\s*)?'([a-z]+\.[a-z-]+)'/g
  const reasons = sources.flatMap((file) =>
    [...readDocument(`src/${file}`).matchAll(named)].map(([, reason]) => reason!),
  )
  expect(reasons.length).toBeGreaterThan(30)
  const readme = readDocument('README.md')
  expect(reasons.filter((reason) => !readme.includes(`\`${reason}\``))).toEqual([])
})
