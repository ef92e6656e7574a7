import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCaller } from './helpers/caller.ts'
import { createFolder, createSandbox } from './helpers/sandbox.ts'
import { LOCAL } from './package/projects.ts'
import { installed, pack, runProject, writeFiles } from './package/scratch.ts'

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

test('tools that ignore exports find the same files by main and types', () => {
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

const MADE_UP = `
const { startStandin } = require(${JSON.stringify(join(ROOT, 'dist/index.js'))})
startStandin().then(async (standin) => {
  const { url } = standin
  await fetch(url + '/_standin/seed', { method: 'POST', body: '{"users":400}', headers: { 'Content-Type': 'application/json' } })
  console.log(await (await fetch(url + '/_standin/state')).text())
  await standin.close()
})`

test('the build, which has only the used tables of names, generates the same values as the sources', async () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', MADE_UP], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const server = await createSandbox()
  const caller = createCaller(server)
  expect((await caller.post('/_standin/seed', { users: 400 })).status).toBe(200)
  const withoutTimes = (state: string): unknown =>
    JSON.parse(
      state.replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '""').replaceAll(/\b1[67]\d{11}\b/g, '0'),
    )
  expect(withoutTimes(stdout)).toEqual(withoutTimes((await caller.get('/_standin/state')).text))
})

const MEGABYTE = 1e6

/** The packed package, extracted where projects below find it with the packages of this repository. */
let scratch: string
let modules: string
let packageFolder: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'standin-package-'))
  modules = join(scratch, 'node_modules')
  packageFolder = join(modules, 'standin')
  mkdirSync(packageFolder, { recursive: true })
  const tarball = await pack(scratch)
  const args = ['-xzf', tarball, '-C', packageFolder, '--strip-components=1']
  expect(spawnSync('tar', args, { encoding: 'utf8' })).toMatchObject({ status: 0 })
  linkPackage(modules, 'vitest', join(ROOT, 'node_modules/vitest'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function linkPackage(into: string, name: string, from: string): void {
  mkdirSync(dirname(join(into, name)), { recursive: true })
  symlinkSync(from, join(into, name), 'junction')
}

/** Packages of this repository that a project asks for, by name and version. */
const AT_HAND: Readonly<Record<string, string>> = {
  'typescript 7.0.2': 'node_modules/typescript',
  'typescript 5.9.3': 'test/generated-clients/node_modules/typescript',
  '@types/node 20.19.43': 'node_modules/@types/node',
  'vitest 4.1.12': 'node_modules/vitest',
}

test.each(LOCAL)('a project uses the packed package: $name', async (project) => {
  const folder = join(scratch, project.name.replaceAll(/[^\w]+/g, '-'))
  writeFiles(folder, { 'package.json': '{}', ...project.files })
  for (const [name, version] of Object.entries(project.packages ?? {})) {
    const from = AT_HAND[`${name} ${version}`]
    expect(from, `${name} ${version} is not installed here`).toBeDefined()
    // The package itself imports vitest: there is one for all.
    if (name !== 'vitest') linkPackage(join(folder, 'node_modules'), name, join(ROOT, from!))
  }
  const { passed, output } = await runProject(project, folder, [folder, scratch])
  expect(passed, output).toBe(true)
})

test('publint finds nothing to object to', async () => {
  const { messages } = await publint({ pkgDir: packageFolder, pack: false, strict: true })
  expect(messages).toEqual([])
})

test('installing the package is small, installs no other package and runs no script', () => {
  const { scripts, ...manifest } = JSON.parse(
    readFileSync(join(packageFolder, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string> | undefined>
  expect(manifest['dependencies']).toBeUndefined()
  expect(manifest['optionalDependencies']).toBeUndefined()
  expect(Object.keys(manifest['peerDependencies']!)).toEqual(
    Object.keys(manifest['peerDependenciesMeta']!), // all of them optional
  )
  // npm shows the last of these, too, when the package is installed from a tarball.
  const atInstall = ['preinstall', 'install', 'postinstall', 'prepare']
  expect(Object.keys(scripts!).filter((name) => atInstall.includes(name))).toEqual([])
  expect(installed(modules).packages).toBeLessThanOrEqual(2) // vitest is a link to the one of here
  const bytes = filesBelow(packageFolder).reduce((sum, file) => sum + statSync(file).size, 0)
  expect(bytes).toBeLessThan(20 * MEGABYTE)
})

/** Paths of all files below a folder. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

test('the licence of every package whose code is in the build is in THIRD-PARTY-LICENSES', () => {
  const licences = readFileSync(join(packageFolder, 'dist/THIRD-PARTY-LICENSES'), 'utf8')
  const titles = [...licences.matchAll(/^-{80}\n\n(\S+) (\S+) \((.+)\)\n\n(?=\S)/gm)]
  const named = new Set(titles.map(([, name]) => name!))
  // Rolldown writes the path of each module above its code.
  const dist = filesBelow(join(packageFolder, 'dist')).filter((file) => file.endsWith('.js'))
  const bundled = new Set(
    dist.flatMap((file) =>
      [
        ...readFileSync(file, 'utf8').matchAll(
          /^\/\/ .*node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\/\S+$/gm,
        ),
      ].map(([, name]) => name!),
    ),
  )
  expect([...bundled]).toEqual(
    expect.arrayContaining(['express', 'lowdb', 'xml2js', 'sax', 'pino']),
  )
  // The dashboard's files are minified; these are what its sources import.
  const inDashboard = ['preact', '@preact/signals', '@preact/signals-core', 'swagger-ui-dist']
  expect([...bundled, ...inDashboard].filter((name) => !named.has(name))).toEqual([])
  for (const [, name, version] of titles) {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string }>
    }
    const versions = Object.entries(packages).filter(([path]) =>
      path.endsWith(`node_modules/${name}`),
    )
    expect(versions.map(([, entry]) => entry.version)).toContain(version)
  }
})

test('pages that messages name are in the package, and links between its pages lead to its files', () => {
  const code = [...filesBelow(join(ROOT, 'src')), ...filesBelow(join(ROOT, 'specs'))]
  const named = new Set(
    code.flatMap((file) => readFileSync(file, 'utf8').match(/\bdocs\/[a-z-]+\.md\b/g) ?? []),
  )
  expect([...named]).toContain('docs/faults.md')
  expect([...named].filter((page) => !existsSync(join(packageFolder, page)))).toEqual([])

  const pages = filesBelow(join(packageFolder, 'docs')).filter((file) => file.endsWith('.md'))
  const dead = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#|images\/)([^)\s#]+)[^)]*\)/g)]
      .map(([, to]) => join(dirname(page), to!))
      .filter((to) => !existsSync(to)),
  )
  expect(dead).toEqual([])
})
