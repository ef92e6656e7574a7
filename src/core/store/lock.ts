import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { codeOf } from '../errors.ts'

/** Milliseconds between two signs of life, and how long without one means that nobody is there. */
const BEAT = 200
const SILENCE = 700

interface Holder {
  readonly pid: number
  /** Machine and process namespace: only there the pid means something. */
  readonly place: string
  /** When the process started, in clock ticks, where the system tells: pids are used again. */
  readonly started: string
}

/**
 * One process at a time in a folder. A lock that a killed process left is taken over at once where
 * its pid can be looked up, and after a moment of silence where it cannot (another container).
 *
 * @returns a function that gives the folder free
 * @throws Error saying who holds the folder
 */
export async function lock(folder: string): Promise<() => void> {
  const file = join(folder, 'lock')
  const mine = JSON.stringify(me())
  for (let tries = 0; !create(file, mine); tries++) {
    const found = read(file)
    if (tries > 3 || (await isHeld(file)) || !takeAway(file, found)) {
      throw new Error(
        `${folder} is in use by another Standin (${whoHolds(file)}); stop it, or name another folder with --data`,
      )
    }
  }
  const beat = setInterval(() => {
    const now = new Date()
    fs.utimes(file, now, now, () => {})
  }, BEAT)
  beat.unref()
  return () => {
    clearInterval(beat)
    if (read(file) === mine) fs.rmSync(file, { force: true })
  }
}

function create(file: string, text: string): boolean {
  try {
    fs.writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes a dead holder's lock away, and no other: one that was made meanwhile is put back.
 *
 * @returns whether it was the dead holder's
 */
function takeAway(file: string, found: string | undefined): boolean {
  const aside = `${file}.${process.pid}.tmp`
  try {
    fs.renameSync(file, aside)
  } catch (error) {
    // Somebody else has taken it away; who comes first with a new one has it.
    return codeOf(error) === 'ENOENT'
  }
  const isDead = read(aside) === found
  if (!isDead && !fs.existsSync(file)) fs.renameSync(aside, file)
  else fs.rmSync(aside, { force: true })
  return isDead
}

async function isHeld(file: string): Promise<boolean> {
  const holder = parsed(read(file))
  const self = me()
  if (holder?.place === self.place) {
    if (holder.pid === process.pid && holder.started === self.started) return true
    return isRunning(holder.pid) && startOf(holder.pid) === holder.started
  }
  const before = touched(file)
  await wait(SILENCE)
  return touched(file) !== before
}

function me(): Holder {
  return { pid: process.pid, place: place(), started: startOf(process.pid) }
}

function place(): string {
  try {
    return `${hostname()} ${fs.readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

function startOf(pid: number): string {
  return statusOf(pid).split(' ')[20] ?? ''
}

/** What the system tells of a process, from behind its name: `) S 1 …`; empty where it tells nothing. */
function statusOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')'))
  } catch {
    return ''
  }
}

function isRunning(pid: number): boolean {
  try {
    // A process that is over but that nobody has asked after (Z, X) answers signals all the same.
    return process.kill(pid, 0) && !/^\) [ZX]/.test(statusOf(pid))
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function touched(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function parsed(text: string | undefined): Holder | undefined {
  try {
    return JSON.parse(text ?? '') as Holder
  } catch {
    return undefined
  }
}

function whoHolds(file: string): string {
  const holder = parsed(read(file))
  return holder ? `process ${holder.pid} on ${holder.place.split(' ')[0]}` : 'no name in its lock'
}
