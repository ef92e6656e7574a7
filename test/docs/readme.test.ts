import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { load } from 'js-yaml'
import { expect, onTestFinished, test } from 'vitest'
import {
  LEVELS,
  code,
  expectUpToDate,
  readDocument,
  rebuilt,
  runInShell,
  shellBlocks,
  table,
} from '../helpers/document.ts'
import { isTest, promisesOf, proofOf, singlePlaces } from '../helpers/proofs.ts'
import { startSample } from '../helpers/samples.ts'
import { createSandbox } from '../helpers/sandbox.ts'

/** Blocks that are not run here, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'npm ci && npm start': '.ci/run does, in a fresh clone',
  'npm ci && npm test': '.ci/run does, in a fresh clone; here it would run itself',
  'npm start -- --memory --clock 2026-01-15T09:30:00Z': 'this is the server that the test starts',
  'npm pack --pack-destination ../my-project\ncd ../my-project\nnpm install --save-dev ./standin-0.1.0.tgz\nnpx standin --memory':
    'npm run test:package packs and installs it, and npm pack would build anew meanwhile',
  'npm start -- --profile strict': 'it does not end; test/main.test.ts starts one',
  'WEBHOOK_SECRET=a-secret-of-mine npx tsx examples/receivers/careful.ts 4030':
    'this is the receiver that the test starts',
  'docker build -t standin .\ndocker run --rm -p 127.0.0.1:4020:4020 -e STANDIN_ADMIN_TOKEN=a-token-for-ci -v standin:/data standin':
    'it needs Docker',
}

/** The generated outputs of these pages, each made with its own server. */
const PAGES = [
  'README.md',
  'docs/admin.md',
  'docs/configuration.md',
  'docs/credentials.md',
  'docs/evidence.md',
  'docs/evidence-reference.md',
  'docs/profiles.md',
  'docs/reasons.md',
  'docs/sandboxes.md',
  'docs/state.md',
  'docs/troubleshooting.md',
  'docs/webhook-receiver.md',
]

/** The receiver that the README starts, on a free port. */
async function startReceiver(): Promise<string> {
  const { url, child } = await startSample('careful.ts', 'a-secret-of-mine')
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return new URL(url).port
}

/**
 * Returns the documents with current outputs, from a server that is started as in the README, with
 * a fresh state and a held clock.
 */
test.each(PAGES)('%s shows what really happens', async (path) => {
  const text = readDocument(path)
  const server = await createSandbox({ clock: Date.parse('2026-01-15T09:30:00Z') })
  const ports = [
    ['4020', String(server.port)],
    ...(text.includes(':4030') ? [['4030', await startReceiver()]] : []),
  ] as [string, string][]
  const env = { STANDIN_PORT: String(server.port), STANDIN_CLOCK: '2026-01-15T09:30:00Z' }
  const run = async (block: string) => {
    const own = ports.reduce((all, [from, to]) => all.replaceAll(`:${from}/`, `:${to}/`), block)
    const printed = await runInShell(own, env)
    return ports.reduce((all, [from, to]) => all.replaceAll(`:${to}`, `:${from}`), printed)
  }
  const tables = { calls: callRows() }
  const document = await rebuilt(
    text,
    (block) => (block in NOT_RUN ? undefined : run(block)),
    tables,
  )
  await expectUpToDate(path, document)
})

/** Every call of the admin API. */
function callRows(): string {
  const { paths } = load(readDocument('specs/standin.yaml')) as {
    paths: Record<string, Record<string, { summary?: string }>>
  }
  const rows = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
      .map(([method, { summary = '' }]) => [
        code(`${method.toUpperCase()} /_standin${path}`),
        summary,
      ]),
  )
  return table(['Call', 'What it does'], rows)
}

test('every block listed as not run is on a page, and the scripts start and test exist', () => {
  const blocks = PAGES.flatMap((page) => shellBlocks(readDocument(page)))
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
  const rows = readDocument('docs/evidence-reference.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(250)
  const levels = rows.map((row) => row.split(/(?<!\\)\|/)[2]!.trim())
  expect([...new Set(levels)].toSorted()).toEqual([...LEVELS].toSorted())
})

test('every promise of a contract names a test that exists', () => {
  for (const api of ['mykaarma', 'cryptlex', 'formsonfire']) {
    const places = promisesOf(`${api}.yaml`).map(({ place }) => place)
    const unproven = places.filter((place) => !isTest(proofOf(api, place)))
    expect(unproven).toEqual([])
    expect(singlePlaces(api).filter((place) => !places.includes(place))).toEqual([])
  }
  expect(isTest({ file: 'docs/readme.test.ts', title: 'there is no such test' })).toBe(false)
})

test('every link leads somewhere, and the list of the documentation to every page', () => {
  const docs = pagesOfDocumentation()
  for (const page of ['README.md', 'CONTRIBUTING.md', ...docs]) {
    const here = new URL(`../../${page}`, import.meta.url)
    const links = [...readDocument(page).matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)]
    for (const [, file, heading] of links) {
      const there = new URL(file ?? '', here)
      if (!heading) expect(existsSync(there), `${page}: ${file}`).toBe(true)
      else expect(headingsOf(readFileSync(there, 'utf8')), `${page}: ${file}`).toContain(heading)
    }
  }
  const linked = [readDocument('docs/README.md'), readDocument('docs/decisions/README.md')].join(
    '\n',
  )
  for (const page of docs.filter((one) => one !== 'docs/README.md')) {
    const target = page.replace(/^docs\/(decisions\/(?!README))?/, '')
    expect(linked).toContain(`](${target})`)
  }
})

/** Pages of tables, which are searched rather than read. */
const REFERENCES = [
  'docs/admin.md',
  'docs/coverage.md',
  'docs/evidence-reference.md',
  'docs/fault-reference.md',
  'docs/reasons.md',
]

test('the README has at most 200 lines, and every page that is no reference at most 300', () => {
  expect(lengthOf('README.md')).toBeLessThanOrEqual(200)
  const read = pagesOfDocumentation().filter((page) => !REFERENCES.includes(page))
  expect(read).toContain('docs/faults.md')
  expect(read.filter((page) => lengthOf(page) > 300)).toEqual([])
  expect(REFERENCES.filter((page) => !existsSync(page))).toEqual([])
})

const lengthOf = (page: string) => readDocument(page).trimEnd().split('\n').length

/** Paths of all pages of the documentation. */
function pagesOfDocumentation(): string[] {
  const files = readdirSync(new URL('../../docs', import.meta.url), {
    recursive: true,
    encoding: 'utf8',
  })
  return files.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)
}

/** As a link spells them. */
function headingsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

test('docs/reasons.md lists every reason that the code refuses with', () => {
  const sources = readdirSync(new URL('../../src', import.meta.url), {
    recursive: true,
    encoding: 'utf8',
  }).filter((file) => file.endsWith('.ts'))
  const named = /(?:Problem|unauthorized|refused|forbidden)\(\s*(?:\d+,\s*)?'([a-z]+\.[a-z-]+)'/g
  const reasons = sources.flatMap((file) =>
    [...readDocument(`src/${file}`).matchAll(named)].map(([, reason]) => reason!),
  )
  expect(reasons.length).toBeGreaterThan(80)
  const page = readDocument('docs/reasons.md')
  expect(reasons.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([])
  // Reasons that are thrown in other ways are among those that can be armed.
  const armed = [...readDocument('docs/fault-reference.md').matchAll(/^\| `([a-z]+\.[a-z-]+)` /gm)]
  expect(armed.length).toBeGreaterThan(30)
  for (const [, reason] of armed) expect(page).toContain(`\`${reason}\``)
})
