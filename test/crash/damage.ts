import * as fs from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { Body } from './vendors.ts'

/** Damages a folder like a power cut, an unplugged disk or a killed process may; returns what it did. */
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

/** Cuts unacknowledged lines off the end of the write-ahead log, or appends an incomplete line. */
function tear(folder: string, sandbox: string, random: Random, ledger: Ledger): string {
  const file = writeAheadLogsIn(folder).at(-1)
  if (file === undefined) return 'no write-ahead log to tear'
  const how = random.pick(['cut', 'cut', 'half a line', 'garbage', 'zeros'] as const)
  if (how === 'cut') {
    const { length } = fs.readFileSync(file)
    const from = unansweredFrom(file, sandbox, ledger)
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

/** The offset of the trailing lines whose requests got no answer. */
function unansweredFrom(file: string, sandbox: string, ledger: Ledger): number {
  const bytes = fs.readFileSync(file)
  let from = bytes.length
  while (from > 0) {
    const start = bytes.lastIndexOf(0x0a, from - 2) + 1
    const changes = changesIn(bytes.toString('utf8', start, from))
    const isUnanswered = ({ what, api, row }: UserChange) => {
      if (typeof row === 'string') return ledger.isUnansweredDelete(sandbox, api, row)
      const email = String(row['emailAddress'] ?? row['email'])
      return what === 'put' && ledger.isUnanswered(sandbox, api, email, row)
    }
    if (changes && (changes.length === 0 || !changes.every(isUnanswered))) break
    from = start
  }
  return from
}

/** A change of one user: its row, or its id where it was deleted. */
interface UserChange {
  readonly what: string
  readonly api: string
  readonly row: Body | string
}

/** The changes of users in a line; undefined for an incomplete line, which was never acknowledged. */
function changesIn(line: string): UserChange[] | undefined {
  try {
    const [, changes] = JSON.parse(line.slice(9)) as [number, [string, string, Body | string][]]
    return changes.flatMap(([what, table, row]) => {
      const [api = '', name] = table.split('.')
      return name === 'users' && what !== 'count' ? [{ what, api, row }] : []
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

/** Plants the lock of a process that is gone: an empty file, one of another machine, or a reused pid. */
function leaveLock(folder: string, sandbox: string, random: Random): string {
  const file = join(folder, 'lock')
  const place = `elsewhere pid:[1]`
  const how = random.pick(['empty', 'of a process that is gone', 'of a machine that is gone'])
  // Without a process to look up, a start waits for the heartbeat timeout: once per start is enough.
  if (how !== 'of a process that is gone' && sandbox !== 'default') return 'no lock planted'
  if (how === 'empty') fs.writeFileSync(file, '')
  else if (how === 'of a machine that is gone') {
    fs.writeFileSync(file, JSON.stringify({ pid: 1, place, started: '1' }))
  } else if (fs.existsSync(file)) {
    // As if its pid had been reused, by this process.
    const held = JSON.parse(fs.readFileSync(file, 'utf8') || '{}') as object
    fs.writeFileSync(file, JSON.stringify({ ...held, pid: process.pid }))
  }
  return `a lock ${how}`
}

export function writeAheadLogsIn(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => /^write-ahead-\d+\.log$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}

/** Lists leftover temporary files and unreadable state files of a folder after a start. */
export function untidy(folder: string, startedAt: number): string[] {
  const found: string[] = []
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
  for (const name of names) {
    const file = join(folder, name)
    const stat = fs.statSync(file, { throwIfNoEntry: false })
    if (!stat) continue
    // A newer one is being written now.
    if (name.endsWith('.tmp') && stat.mtimeMs < startedAt) found.push(`${name} is a leftover`)
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
