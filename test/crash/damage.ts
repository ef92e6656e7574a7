import * as fs from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'

/** What a power cut, a bad unplugging or a killed helper may leave in a folder. */
export function damage(
  folder: string,
  sandbox: string,
  random: Random,
  ledger: Ledger,
): readonly string[] {
  const done: string[] = []
  if (random.chance(0.5)) done.push(tear(folder, sandbox, random, ledger))
  if (random.chance(0.3)) done.push(leaveTemporary(folder, random))
  if (random.chance(0.3)) done.push(leaveLock(folder, sandbox, random))
  return done
}

/** Takes from the end of the journal what nobody was told of, or adds what was never finished. */
function tear(folder: string, sandbox: string, random: Random, ledger: Ledger): string {
  const file = journalsIn(folder).at(-1)
  if (file === undefined) return 'no journal to tear'
  const how = random.pick(['cut', 'cut', 'half a line', 'garbage', 'zeros'] as const)
  if (how === 'cut') {
    const { length } = fs.readFileSync(file)
    const from = unknownFrom(file, sandbox, ledger)
    if (from === length) return 'nothing to cut'
    const at = random.between(from, length - 1)
    fs.truncateSync(file, at)
    return `${length - at} of the last ${length - from} bytes cut`
  }
  if (how === 'zeros') fs.appendFileSync(file, Buffer.alloc(random.between(1, 5000)))
  if (how === 'half a line') {
    const user = { id: 'never', email: 'never@example.test', note: 'x'.repeat(300) }
    const text = JSON.stringify([999_999_999, [['put', 'cryptlex.users', user]]])
    const line = `${crc32(text).toString(16).padStart(8, '0')} ${text}`
    fs.appendFileSync(file, line.slice(0, random.between(1, line.length - 1)))
  }
  if (how === 'garbage') {
    const bytes = Buffer.from(
      Array.from({ length: random.between(1, 300) }, () => noNewline(random)),
    )
    fs.appendFileSync(file, bytes)
    if (random.chance(0.5)) fs.appendFileSync(file, '\n')
  }
  return `${how} appended`
}

function noNewline(random: Random): number {
  const byte = random.between(0, 255)
  return byte === 0x0a ? 0 : byte
}

/** Where the lines begin of which no caller knows how they ended. */
function unknownFrom(file: string, sandbox: string, ledger: Ledger): number {
  const bytes = fs.readFileSync(file)
  let from = bytes.length
  while (from > 0) {
    const start = bytes.lastIndexOf(0x0a, from - 2) + 1
    const users = usersIn(bytes.toString('utf8', start, from))
    const isUnknown = ({ api, email }: { api: string; email: string }) =>
      ledger.find(sandbox, api, email)?.fate === 'unknown'
    if (users && (users.length === 0 || !users.every(isUnknown))) break
    from = start
  }
  return from
}

/** Undefined where the line is not whole, and so was never acknowledged. */
function usersIn(line: string): { api: string; email: string }[] | undefined {
  try {
    const [, changes] = JSON.parse(line.slice(9)) as [number, [string, string, object][]]
    return changes.flatMap(([what, table, row]) => {
      const [api = '', name] = table.split('.')
      const { email, emailAddress } = row as Readonly<Record<string, string>>
      return what === 'put' && name === 'users' ? [{ api, email: emailAddress ?? email ?? '' }] : []
    })
  } catch {
    return undefined
  }
}

function leaveTemporary(folder: string, random: Random): string {
  const name = random.pick(['state.json.tmp', 'state.previous.json.tmp', 'other.tmp'])
  fs.writeFileSync(join(folder, name), '{"standin": {"form')
  return `${name} planted`
}

/** Locks of processes that are no more; the last one stands in another folder for a while. */
function leaveLock(folder: string, sandbox: string, random: Random): string {
  const file = join(folder, 'lock')
  const place = `elsewhere pid:[1]`
  const how = random.pick(['empty', 'of a process that is gone', 'of a machine that is gone'])
  // Without a process to look up, a start waits a moment: once per start is enough to see it.
  if (how !== 'of a process that is gone' && sandbox !== 'default') return 'no lock planted'
  if (how === 'empty') fs.writeFileSync(file, '')
  else if (how === 'of a machine that is gone') {
    fs.writeFileSync(file, JSON.stringify({ pid: 1, place, started: '1' }))
  } else if (fs.existsSync(file)) {
    // As when its number was given to another process since: to this one.
    const held = JSON.parse(fs.readFileSync(file, 'utf8') || '{}') as object
    fs.writeFileSync(file, JSON.stringify({ ...held, pid: process.pid }))
  }
  return `a lock ${how}`
}

export function journalsIn(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => /^journal-\d+\.log$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}

/** What should not be in a folder after a start, and what cannot be read in it. */
export function untidy(folder: string, startedAt: number): string[] {
  const found: string[] = []
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
  for (const name of names) {
    const file = join(folder, name)
    const stat = fs.statSync(file, { throwIfNoEntry: false })
    if (!stat) continue
    // One that is being written now is not stale.
    if (name.endsWith('.tmp') && stat.mtimeMs < startedAt) found.push(`${name} is left over`)
    if (/state(\.previous)?\.json$/.test(name)) {
      try {
        JSON.parse(fs.readFileSync(file, 'utf8'))
      } catch (error) {
        found.push(`${name} cannot be read: ${String(error)}`)
      }
    }
  }
  return found
}
