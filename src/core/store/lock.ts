import * as fs from 'node:fs'
import * as net from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { codeOf } from '../errors.ts'
import { identityOf } from './files.ts'

/** Milliseconds between two heartbeats of a holder (it touches its lock file). */
const HEARTBEAT_INTERVAL = 200
/** Milliseconds without a heartbeat after which a holder counts as dead. */
const HEARTBEAT_TIMEOUT = 700

/** The content of a lock file. */
interface Holder {
  readonly pid: number
  /** Machine and process namespace in which the pid is valid. */
  readonly place: string
  /**
   * Start time of the process in clock ticks, which tells it from a later process with the same
   * pid; empty if the system does not provide it.
   */
  readonly started: string
}

/** The exclusive use of a folder by this process. */
export interface FolderLock {
  /** True while the path leads to the folder that was locked, and no other process has taken it. */
  readonly isHeld: boolean
  /**
   * Writes the lock file again if it was removed.
   *
   * @returns the reason why this process no longer holds the folder; undefined while it does
   */
  check(): string | undefined
  release(): void
}

/**
 * Makes this process the only one that uses a folder. The lock of a killed process is taken over at
 * once if its pid can be looked up, otherwise (another container) after HEARTBEAT_TIMEOUT. The
 * process also reserves a name in the kernel, so that other processes on the machine are refused
 * even if the lock file is removed.
 *
 * @throws Error that names the process which holds the folder
 */
export async function acquireLock(folder: string): Promise<FolderLock> {
  const file = join(folder, 'lock')
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`${file} is a folder; it must be a file: remove it`)
  }
  const present = () => identityOf(fs.statSync(folder, { throwIfNoEntry: false }))
  const id = present()
  const inUse = () => inUseError(folder)
  const reservation = await reserve(nameOf(id))
  if (reservation === 'taken') throw inUse()
  const ownText = JSON.stringify(thisProcess())
  try {
    for (let tries = 0; !create(file, ownText); tries++) {
      const foundText = read(file)
      if (tries > 3 || (await isHeld(file)) || !removeStale(file, foundText)) throw inUse()
    }
  } catch (error) {
    reservation?.close()
    throw error
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    fs.utimes(file, now, now, () => {})
  }, HEARTBEAT_INTERVAL)
  heartbeat.unref()
  // Never cleared: this process does not know the changes that the other one has saved since.
  let taken: string | undefined
  return {
    get isHeld() {
      return taken === undefined && present() === id
    },
    check() {
      if (taken !== undefined) return taken
      const now = present()
      if (now === undefined) return `${folder} is gone`
      if (now !== id) return `${folder} was replaced by another folder`
      const found = read(file)
      if (found === ownText) return undefined
      try {
        if (found === undefined && create(file, ownText)) return undefined
      } catch {
        return undefined // the folder is read-only: nobody else can create one either
      }
      taken = `${folder} was taken by another Standin (${describeHolder(file)})`
      return taken
    },
    release() {
      clearInterval(heartbeat)
      reservation?.close()
      if (read(file) === ownText) fs.rmSync(file, { force: true })
    },
  }
}

/**
 * Refuses a folder that another process has reserved, if the system can tell at once. A second
 * server thus stops before it loads its other modules. Only acquireLock is reliable.
 *
 * @throws Error as acquireLock does
 */
export async function refuseReserved(folder: string): Promise<void> {
  const id = identityOf(fs.statSync(folder, { throwIfNoEntry: false }))
  const path = id === undefined ? undefined : PIPE_NAMES[process.platform]?.(nameOf(id))
  if (path === undefined) return
  const isReserved = await new Promise<boolean>((resolve) => {
    const probe = net.connect({ path }, () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (isReserved) throw inUseError(folder)
}

/** The name that the holder of a folder reserves. */
const nameOf = (id: string | undefined): string => `standin-${id}`

function inUseError(folder: string): Error {
  const file = join(folder, 'lock')
  const { pid, place } = parseHolder(read(file)) ?? {}
  const isElsewhere = place !== thisProcess().place || pid === process.pid
  const stop = isElsewhere ? 'stop it' : `stop it with "kill ${pid}"`
  return new Error(
    `${folder} is in use by another Standin (${describeHolder(file)}); ${stop}, or name another folder with --data`,
  )
}

/**
 * Reserves a name of this machine (on Linux, of this network namespace) until the process ends.
 *
 * @returns 'taken' if another process has reserved it; undefined if it cannot be reserved here
 */
function reserve(name: string): Promise<net.Server | 'taken' | undefined> {
  const path = PIPE_NAMES[process.platform]?.(name)
  if (path === undefined) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const server = net.createServer((connection) => connection.destroy())
    server.once('error', (error) => resolve(codeOf(error) === 'EADDRINUSE' ? 'taken' : undefined))
    // In a cluster, a worker would otherwise share the name with its siblings.
    server.listen({ path, exclusive: true }, () => {
      server.unref()
      resolve(server)
    })
  })
}

/** Names of sockets that are in no folder and disappear when their process ends. */
const PIPE_NAMES: Partial<Record<NodeJS.Platform, (name: string) => string>> = {
  linux: (name) => `\0${name}`,
  win32: (name) => `\\\\.\\pipe\\${name}`,
}

/** @returns false when the file exists */
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
 * Removes the lock of a dead holder. If another process has created a lock since then, it is put
 * back.
 *
 * @param expected the text of the dead holder's lock
 * @returns whether that lock is gone
 */
function removeStale(file: string, expected: string | undefined): boolean {
  const aside = `${file}.${process.pid}.tmp`
  try {
    fs.renameSync(file, aside)
  } catch (error) {
    // Another process has removed it; the first to create a new one gets the folder.
    return codeOf(error) === 'ENOENT'
  }
  const isStale = read(aside) === expected
  if (!isStale && !fs.existsSync(file)) fs.renameSync(aside, file)
  else fs.rmSync(aside, { force: true })
  return isStale
}

async function isHeld(file: string): Promise<boolean> {
  const holder = parseHolder(read(file))
  const self = thisProcess()
  if (holder?.place === self.place) {
    if (holder.pid === process.pid && holder.started === self.started) return true
    return isRunning(holder.pid) && startTimeOf(holder.pid) === holder.started
  }
  const before = lastHeartbeat(file)
  await wait(HEARTBEAT_TIMEOUT)
  return lastHeartbeat(file) !== before
}

function thisProcess(): Holder {
  return { pid: process.pid, place: machineAndNamespace(), started: startTimeOf(process.pid) }
}

function machineAndNamespace(): string {
  try {
    return `${hostname()} ${fs.readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

function startTimeOf(pid: number): string {
  return procStat(pid).split(' ')[20] ?? ''
}

/** `/proc/<pid>/stat` from the end of the process's name: `) S 1 …`; empty where there is none. */
function procStat(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')'))
  } catch {
    return ''
  }
}

function isRunning(pid: number): boolean {
  try {
    // A zombie (Z) or dead (X) process, not yet reaped by its parent, still accepts signals.
    return process.kill(pid, 0) && !/^\) [ZX]/.test(procStat(pid))
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function lastHeartbeat(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function parseHolder(text: string | undefined): Holder | undefined {
  try {
    return JSON.parse(text ?? '') as Holder
  } catch {
    return undefined
  }
}

function describeHolder(file: string): string {
  const holder = parseHolder(read(file))
  return holder
    ? `process ${holder.pid} on ${holder.place.split(' ')[0]}`
    : 'its lock file names no process'
}
