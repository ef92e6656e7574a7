import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * The folders of src from the bottom to the top, core's included; the files that lie directly in
 * src and in src/core stand for themselves. A file imports from its own folder and from folders
 * above it in this list, never from one below.
 */
const LAYERS = [
  [
    'core/errors',
    'core/fake',
    'core/history-budget',
    'core/log',
    'core/match',
    'core/option',
    'core/secrets',
    'core/slices',
    'core/stages',
  ],
  ['core/words', 'core/time'],
  ['core/fault', 'core/problem'],
  ['core/contract', 'core/http'],
  ['core/call', 'core/formats', 'package'],
  ['core/store'],
  ['core/api'],
  ['core/vendor'],
  ['core/context', 'core/webhooks'],
  ['core/request-log'],
  ['core/faults', 'core/explain/hints'],
  ['core/explain', 'core/report-card', 'core/request'],
  ['apis/mykaarma', 'apis/cryptlex', 'apis/formsonfire', 'dashboard', 'telemetry'],
  ['apis'],
  ['admin'],
  ['config'],
  ['client', 'sandbox', 'tls'],
  ['resilience'],
  ['server', 'resilience/report'],
  ['commands', 'index'],
  ['runners'],
  ['main'],
  ['code-cache'],
]

const LAYER_OF = new Map(LAYERS.flatMap((units, layer) => units.map((unit) => [unit, layer])))

/** The folder of a file, or the file itself where it lies directly in src or src/core. */
function unitOf(file: string): string {
  const folder = dirname(file).replace(/^src\/?/, '')
  return folder === '' || folder === 'core' ? file.slice('src/'.length, -'.ts'.length) : folder
}

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file))

const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))

/** Every import and export from a file of src, type-only ones included. */
const imports = [...texts].flatMap(([from, text]) =>
  [...text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, path]) => ({
    from,
    to: normalize(join(dirname(from), path!)),
  })),
)

test('every folder of src has its place among the layers, and every layer exists', () => {
  const units = new Set(files.map(unitOf))
  expect([...units].filter((unit) => !LAYER_OF.has(unit))).toEqual([])
  expect([...LAYER_OF.keys()].filter((unit) => !units.has(unit))).toEqual([])
  expect(imports.length).toBeGreaterThan(500)
})

test('imports between folders point downwards', () => {
  const upwards = imports.filter(
    ({ from, to }) =>
      unitOf(from) !== unitOf(to) && LAYER_OF.get(unitOf(from))! <= LAYER_OF.get(unitOf(to))!,
  )
  expect(upwards).toEqual([])
})

test('no files import each other in a circle, type-only imports counted', () => {
  const targets = new Map<string, string[]>()
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to])
  const state = new Map<string, 'open' | 'done'>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      circles.push([...path.slice(path.indexOf(file)), file].join(' > '))
      return
    }
    state.set(file, 'open')
    for (const to of targets.get(file) ?? []) visit(to, [...path, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  expect(circles).toEqual([])
})

test('no API imports another', () => {
  const across = imports.filter(
    ({ from, to }) =>
      /^src\/apis\/\w+\//.test(from) && /^src\/apis\/\w+\//.test(to) && unitOf(from) !== unitOf(to),
  )
  expect(across).toEqual([])
})

test('no file lies beside a folder of its name', () => {
  const folders = new Set(files.map(dirname))
  expect(files.filter((file) => folders.has(file.slice(0, -'.ts'.length)))).toEqual([])
})

test('core names no vendor', () => {
  const naming = [...texts].filter(
    ([file, text]) =>
      file.startsWith('src/core/') && /mykaarma|cryptlex|forms ?on ?fire/i.test(text),
  )
  expect(naming.map(([file]) => file)).toEqual([])
})

/** Types of the vendors' contracts that the package exports: TypeScript takes no list for these. */
const TYPE_EXPORT = /^export type \* as \w+ from '.*'$/gm

test('nothing outside the registry names a vendor', () => {
  const naming = [...texts].filter(
    ([file, text]) =>
      !file.startsWith('src/apis/') &&
      !file.endsWith('.gen.ts') &&
      /mykaarma|cryptlex|forms ?on ?fire/i.test(
        file === 'src/index.ts' ? text.replaceAll(TYPE_EXPORT, '') : text,
      ),
  )
  expect(naming.map(([file]) => file)).toEqual([])
})

test('the client knows the server by its contract alone', () => {
  const beyond = imports
    .filter(({ from, to }) => unitOf(from) === 'client' && unitOf(to) !== 'client')
    .filter(({ to }) => to !== 'src/admin/contract.gen.ts' && !to.startsWith('src/core/'))
  expect(beyond).toEqual([])
})
