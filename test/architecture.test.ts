import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Rooms from the top of the house down; a file may import from its own room and those below. */
const FLOORS = [
  'main',
  'commands',
  'index',
  'client',
  'server',
  'sandbox',
  'apis and admin',
  'core',
]

function roomOf(file: string): string {
  const [, first = '', second = ''] = /^src\/([^/.]+)(?:\/([^/.]+))?/.exec(file) ?? []
  if (first === 'apis') return `apis/${second}`
  return first
}

function floorOf(file: string): number {
  const room = roomOf(file)
  const name = room.startsWith('apis/') || room === 'admin' ? 'apis and admin' : room
  // config, its folder included, and credentials stand beside what uses them: read by the top rooms alone.
  const beside: Record<string, string> = {
    config: 'sandbox',
    package: 'sandbox',
    telemetry: 'apis and admin',
  }
  return FLOORS.indexOf(beside[name] ?? name)
}

const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file))

const imports = files.flatMap((file) => {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)
  return [...found].map(([, path]) => ({
    from: file,
    to: normalize(join(dirname(file), path!)),
  }))
})

test('every file stands in a room', () => {
  expect(files.filter((file) => floorOf(file) < 0)).toEqual([])
  expect(imports.length).toBeGreaterThan(50)
})

test('imports go down the house, never up', () => {
  const upwards = imports.filter(({ from, to }) => floorOf(from) > floorOf(to))
  expect(upwards).toEqual([])
})

test('no API imports another, and core imports only core', () => {
  const across = imports.filter(
    ({ from, to }) =>
      roomOf(from).startsWith('apis/') &&
      from !== 'src/apis/credential-cases.ts' &&
      roomOf(to).startsWith('apis/') &&
      roomOf(from) !== roomOf(to),
  )
  expect(across).toEqual([])
  expect(
    imports.filter(({ from, to }) => roomOf(from) === 'core' && roomOf(to) !== 'core'),
  ).toEqual([])
})

test('core names no vendor', () => {
  const naming = files
    .filter((file) => roomOf(file) === 'core')
    .filter((file) =>
      /mykaarma|cryptlex|forms ?on ?fire/i.test(readFileSync(join(ROOT, file), 'utf8')),
    )
  expect(naming).toEqual([])
})

test('the client knows the server by its contract alone', () => {
  const beyond = imports
    .filter(({ from, to }) => roomOf(from) === 'client' && roomOf(to) !== 'client')
    .filter(({ to }) => to !== 'src/admin/contract.gen.ts' && roomOf(to) !== 'core')
  expect(beyond).toEqual([])
})
