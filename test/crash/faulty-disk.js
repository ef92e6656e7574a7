// Loaded into the real program before anything else (`node --import`): its calls to the file system
// fail as often as the harness says by message, as a full or a dying disk makes them fail. Plain
// JavaScript, because the program runs as it is installed, without a compiler.
/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return -- there are no types in it */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** How likely each call is to fail; `short` is how likely a write takes only a part. */
const rates = { open: 0, write: 0, short: 0, sync: 0, truncate: 0, snapshot: 0 }
const real = { ...fs, promises: { ...fs.promises } }
const journals = new Set()

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
  const isJournal = /journal-\d+\.log$/.test(String(file))
  if (isJournal) mayFail(rates.open)
  const fd = real.openSync(file, ...more)
  if (isJournal) journals.add(fd)
  return fd
}
fs.closeSync = (fd) => {
  journals.delete(fd)
  real.closeSync(fd)
}
fs.writeSync = (fd, bytes, offset, ...more) => {
  if (!journals.has(fd)) return real.writeSync(fd, bytes, offset, ...more)
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

// The state file is written with these.
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
    const whole = handle[call].bind(handle)
    handle[call] = async (...args) => {
      mayFail(rates.snapshot)
      return whole(...args)
    }
  }
  return handle
}

syncBuiltinESMExports()
