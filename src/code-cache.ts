// The first file that a built program loads. It runs the other files of the build from V8's code
// cache, which holds them compiled: without it, compiling takes a fifth of the start. The build
// makes the cache; in an installed package, the first run makes it at its end. A cache of another
// build or of another version of Node is ignored, and the start takes longer. See
// docs/decisions/07-code-cache.md.
import { accessSync, constants as modes, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { constants, runInThisContext, Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/**
 * Name of the cache file in the folder of the build; each version of Node has a file of its own.
 * The leading dot keeps the file out of the npm package.
 */
const CACHE = `.code-cache-${process.version}-${process.arch}`
/** Length of the first line, padded JSON; the compiled code follows. */
const HEADER = 8192

/** The files of a cache, with the checksum of everything after the header. */
interface Header {
  readonly crc: number
  readonly entries: Readonly<Record<string, Entry>>
}

/** Position of a file's compiled code in the cache, and the checksum of the file's text. */
interface Entry {
  readonly crc: number
  readonly offset: number
  readonly length: number
}

type Wrapped = (
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void

const folder = dirname(fileURLToPath(import.meta.url))
const modules = new Map<string, { exports: unknown }>()
// A chunk may require an entry, which requires this file. A second copy of this file would load all
// modules again.
modules.set(fileURLToPath(import.meta.url), { exports: { load, cachedFiles, writeCodeCache } })
/** Every compiled file. */
const scripts = new Map<string, { readonly script: Script; readonly crc: number }>()
let cache: ReturnType<typeof readCache> | undefined

/**
 * Loads a file of the build.
 *
 * @param requireOf the `require` of the file that loads it
 * @param id relative to the folder of the build
 */
export function load(requireOf: (id: string) => unknown, id: string): unknown {
  // A test environment such as jsdom has a realm of its own. There, the modules must use the Error
  // and Array of that realm, so its `require` loads them.
  return runInThisContext('Error') === Error ? run(join(folder, id)) : requireOf(id)
}

function run(file: string): unknown {
  const known = modules.get(file)
  if (known) return known.exports
  const module = { exports: {} as unknown }
  modules.set(file, module)
  const name = file.slice(folder.length + 1)
  const native = createRequire(file)
  const require = Object.assign(
    (id: string): unknown => (id.startsWith('.') ? run(join(dirname(file), id)) : native(id)),
    native,
  )
  compiled(file, name)(module.exports, require, module, file, dirname(file))
  return module.exports
}

function compiled(file: string, name: string): Wrapped {
  const source = readFileSync(file)
  const crc = crc32(source)
  const text = source.toString('latin1') // the build escapes all but ASCII
  const { entries, bytes } = (cache ??= readCache())
  const entry = entries[name]
  const isCurrent = entry?.crc === crc
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${text.replace(/^#!.*/, '')}\n})`,
    {
      filename: file,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(isCurrent && { cachedData: bytes.subarray(entry.offset, entry.offset + entry.length) }),
    },
  )
  scripts.set(name, { script, crc })
  return script.runInThisContext() as Wrapped // the text above
}

function readCache(): { entries: Header['entries']; bytes: Buffer } {
  let file: Buffer
  try {
    file = readFileSync(join(folder, CACHE))
  } catch {
    process.once('exit', writeIfPossible)
    return { entries: {}, bytes: Buffer.alloc(0) }
  }
  try {
    const header = JSON.parse(file.toString('latin1', 0, HEADER)) as Header // as below
    const bytes = file.subarray(HEADER)
    // V8 does not verify cached code: a damaged file would crash the process.
    if (crc32(bytes) === header.crc) return { entries: header.entries, bytes }
  } catch {
    // The file is damaged, so all files are compiled.
  }
  return { entries: {}, bytes: Buffer.alloc(0) }
}

/** Writes the cache for the next start, if the folder of the package is writable. */
function writeIfPossible(): void {
  try {
    accessSync(folder, modes.W_OK)
    writeCodeCache()
  } catch {
    // Without a cache, starts are only slower.
  }
}

/** Returns the names of the files whose code was taken from the cache. */
export function cachedFiles(): readonly string[] {
  return [...scripts].flatMap(([name, { script }]) =>
    script.cachedDataRejected === false ? [name] : [],
  )
}

/** Writes the cache: the files compiled so far, including the functions that have run. */
export function writeCodeCache(): void {
  const parts: Buffer[] = []
  const entries: Record<string, Entry> = {}
  let offset = 0
  for (const [name, { script, crc }] of scripts) {
    const code = script.createCachedData()
    entries[name] = { crc, offset, length: code.length }
    offset += code.length
    parts.push(code)
  }
  const bytes = Buffer.concat(parts)
  const header = Buffer.from(JSON.stringify({ crc: crc32(bytes), entries }).padEnd(HEADER))
  if (header.length !== HEADER) throw new Error('The code cache has too many files')
  const temporary = join(folder, `${CACHE}.${process.pid}.tmp`)
  writeFileSync(temporary, Buffer.concat([header, bytes]), { mode: 0o644 })
  renameSync(temporary, join(folder, CACHE))
}
