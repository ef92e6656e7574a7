// Loaded into the built program first (`node --import`): file system calls fail at the rates that the
// harness sends by message, like those of a full or a failing disk. Plain JavaScript, because the
// program runs as it is installed, without a compiler.
/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return -- the file is untyped */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** Failure probability of each call; `short` is the probability of a partial write. */
const rates = { open: 0, write: 0, short: 0, sync: 0, truncate: 0, snapshot: 0 }
const real = { ...fs, promises: { ...fs.promises } }
const logs = new Set()

process.on('message', (given) => {
  Object.assign(rates, given)
  process.send?.('done')
})
process.channel?.unref()

function error() {
  const [code, text] =
    Math.random() < 0.5 ? ['ENOSPC', 'no space left on device'] : ['EIO', 'i/o error']
  return Object.assign(new Error(`${code}: ${text}, injected`), { code })
}

function mayFail(rate) {
  if (Math.random() < rate) throw error()
}

fs.openSync = (file, ...more) => {
  const isWriteAheadLog = /write-ahead-\d+\.log$/.test(String(file))
  if (isWriteAheadLog) mayFail(rates.open)
  const fd = real.openSync(file, ...more)
  if (isWriteAheadLog) logs.add(fd)
  return fd
}
fs.closeSync = (fd) => {
  logs.delete(fd)
  real.closeSync(fd)
}
fs.writeSync = (fd, bytes, offset, ...more) => {
  if (!logs.has(fd)) return real.writeSync(fd, bytes, offset, ...more)
  const left = bytes.length - offset
  const part = Math.floor(Math.random() * left)
  if (Math.random() < rates.write) {
    if (part > 0) real.writeSync(fd, bytes, offset, part)
    throw error()
  }
  if (part > 0 && Math.random() < rates.short) return real.writeSync(fd, bytes, offset, part)
  return real.writeSync(fd, bytes, offset, ...more)
}
fs.fdatasync = (fd, callback) => {
  if (Math.random() < rates.sync) setImmediate(() => callback(error()))
  else real.fdatasync(fd, callback)
}
fs.ftruncateSync = (fd, length) => {
  mayFail(rates.truncate)
  real.ftruncateSync(fd, length)
}

// The calls that write the state file.
for (const call of ['open', 'rename', 'link']) {
  fs.promises[call] = async (...args) => {
    mayFail(rates.snapshot)
    return call === 'open'
      ? faulty(await real.promises.open(...args))
      : real.promises[call](...args)
  }
}

function faulty(handle) {
  for (const call of ['write', 'sync']) {
    const original = handle[call].bind(handle)
    handle[call] = async (...args) => {
      mayFail(rates.snapshot)
      return original(...args)
    }
  }
  return handle
}

syncBuiltinESMExports()
