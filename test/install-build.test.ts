import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { installBuild } from '../install-build.ts'
import { CRYPTLEX, createFolder, fixture } from './helpers/sandbox.ts'
import { eventually } from './helpers/time.ts'

const ROOT = join(import.meta.dirname, '..')
const DAY = 24 * 60 * 60 * 1000

/** A copy of the package whose `dist` a test may change. */
function createPackage(): string {
  const folder = createFolder()
  for (const name of ['dist', 'specs', 'fixtures', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true, preserveTimestamps: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
  return folder
}

/** Entries of the build, and the chunks that they load now or later. */
function chunksOf(entries: readonly string[], found = new Set<string>()): ReadonlySet<string> {
  for (const file of entries.filter((one) => !found.has(one))) {
    found.add(file)
    const code = readFileSync(join(ROOT, 'dist', file), 'utf8')
    const loaded = [...code.matchAll(/(?:require\(|load\(require, )"\.\/([\w-]+\.js)"\)/g)].map(
      ([, name]) => name!,
    )
    chunksOf(loaded, found)
  }
  return found
}

/** The built program with other chunks, as after a change to every source file. */
function createBuild(): string {
  const folder = join(createFolder(), 'build')
  cpSync(join(ROOT, 'dist'), folder, { recursive: true })
  const current = chunksOf(['main.js', 'index.js'])
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    if (!current.has(file)) {
      rmSync(join(folder, file)) // of an earlier build
      continue
    }
    const renamed = file.replace(/-[\w-]{8}\.js$/, '-12345678.js')
    const code = readFileSync(join(folder, file), 'utf8')
    writeFileSync(
      join(folder, renamed),
      `${code.replaceAll(/(\.\/[\w-]+?)-[\w-]{8}\.js"/g, '$1-12345678.js"')}\n// changed\n`,
    )
    if (renamed !== file) rmSync(join(folder, file))
  }
  return folder
}

test('a build does not break a server that runs, whatever it loads later', async () => {
  const folder = createPackage()
  const main = join(folder, 'dist', 'main.js')
  const child = spawn(process.execPath, [main, '--memory', '--port', '0'], { cwd: folder })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve))
  await eventually(() => expect(stdout).toMatch(/^ready .*\n/m))
  const url = /^ready (.*)$/m.exec(stdout)![1]!

  installBuild(createBuild(), join(folder, 'dist'))
  expect(readFileSync(main, 'utf8')).toContain('// changed')

  const { stdout: token, stderr } = spawnSync(process.execPath, [main, 'token'], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  const created = await fetch(`${url}${CRYPTLEX}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token.trim()}`, 'Content-Type': 'application/json' },
    body: fixture('cryptlex.json'),
  })
  expect(created.status, await created.text()).toBe(201)
  for (const path of ['/requests/req-1/explain', '/metrics', '/credentials']) {
    expect((await fetch(`${url}/_standin${path}`)).status, path).toBe(200)
  }
  child.kill('SIGTERM')
  expect(await exit).toBe(0)
})

test('chunks of earlier builds stay for a week, and nothing else does', () => {
  const folder = createPackage()
  const dist = join(folder, 'dist')
  writeFileSync(join(dist, 'removed.d.ts'), '')
  const chunks = () => readdirSync(dist).filter((name) => /-[\w-]{8}\.js$/.test(name)).length
  const before = chunks()
  const build = createBuild()
  const built = readdirSync(build).filter((name) => name.endsWith('-12345678.js')).length
  installBuild(build, dist)
  expect(chunks()).toBe(before + built)
  expect(existsSync(join(dist, 'removed.d.ts'))).toBe(false)
  installBuild(createBuild(), dist, Date.now() + 8 * DAY)
  expect(chunks()).toBe(built)
})

test('no chunk imports an entry, which a build replaces', () => {
  const files = readdirSync(join(ROOT, 'dist')).filter((name) => name.endsWith('.js'))
  const importing = files.filter((name) =>
    /require\("\.\/(main|index)\.js"\)/.test(readFileSync(join(ROOT, 'dist', name), 'utf8')),
  )
  expect(importing).toEqual([])
})
