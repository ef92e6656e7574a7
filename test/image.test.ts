import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IS_LONG } from './helpers/repetitions.ts'
import { createFolder } from './helpers/sandbox.ts'

const DOCKERFILE = readFileSync(join(import.meta.dirname, '..', 'Dockerfile'), 'utf8').replaceAll(
  '\\\n',
  '',
)
const FINAL = DOCKERFILE.slice(DOCKERFILE.lastIndexOf('\nFROM '))

test('the image runs as a numeric user id, by which Kubernetes can tell that it is not root, and Kubernetes can tell that it is not root', () => {
  expect(FINAL).toMatch(/^USER [1-9]\d*$/m)
})

test('every file of the image is copied from a stage that lets group 0 do what the owner may', () => {
  const copied = [...FINAL.matchAll(/^COPY (.*)$/gm)].map(([, args]) => args!)
  expect(copied.length).toBeGreaterThan(0)
  for (const args of copied) {
    const [, stage] = /^--from=(\w+) /.exec(args) ?? []
    const [text] = DOCKERFILE.split(/^FROM /m).filter((part) => part.includes(` AS ${stage}\n`))
    expect(text, args).toMatch(/chmod -R a\+rX,g=u /)
  }
})

test.runIf(IS_LONG)(
  'the build of the image has every file that it reads',
  { timeout: 300_000 },
  () => {
    const root = join(import.meta.dirname, '..')
    const folder = createFolder()
    const [stage] = DOCKERFILE.split(/^FROM /m).filter((part) => part.includes(' AS build\n'))
    const sources = [...stage!.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, args]) =>
      args!.split(' '),
    )
    for (const name of sources) cpSync(join(root, name), join(folder, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const build = spawnSync('npm', ['run', 'build'], { cwd: folder, encoding: 'utf8' })
    expect(build, build.stderr).toMatchObject({ status: 0 })
  },
)

const isRoot = process.getuid?.() === 0

test.runIf(isRoot)('any user of group 0 may write the data folder of the image', () => {
  const folder = createFolder()
  chmodSync(folder, 0o755)
  const data = join(folder, 'data')
  const [, command] = /^RUN (mkdir \/data .*)$/m.exec(FINAL)!
  const here = command!.replaceAll('/data', data).replaceAll('node:', '1000:')
  expect(spawnSync('sh', ['-c', here], { encoding: 'utf8' })).toMatchObject({ status: 0 })
  for (const uid of [1000, 1_000_650_000]) {
    const file = join(data, 'state.json')
    const touch = spawnSync('sh', ['-c', `umask 022; cd '${data}' && echo > '${file}'`], {
      uid,
      gid: 0,
      encoding: 'utf8',
    })
    expect(touch, touch.stderr).toMatchObject({ status: 0 })
    rmSync(file)
  }
})
