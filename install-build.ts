import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Age in milliseconds at which a chunk of an earlier build is removed. */
const MAX_AGE = 7 * 24 * 60 * 60 * 1000

/**
 * Chunks and the dashboard's assets have a hash of their content in their name, and libraries their
 * version; entries, contracts, types and the dashboard's page do not.
 */
const CHUNK =
  /^(?:[\w.-]+-[\w-]{8}\.js|libraries[\\/][\w.-]+\.js|ui[\\/](?:reference[\\/])?[\w-]+-[\w-]{8}\.\w+(?:\.gz)?)$/

/** Files that a program loads first: modules of the folder itself that are no chunks. */
const ENTRY = /^[\w-]+\.m?js$/

/**
 * Moves a finished build over the one in `target`, file by file. A server that runs from `target`
 * still loads chunks when it first needs them, such as for webhooks to other hosts, and a browser
 * assets: those of earlier builds stay, so that each finds its own. Loading all of them at the start would make every start slower.
 * Entries come last: whoever starts meanwhile gets all of one build.
 */
export function installBuild(build: string, target: string, now = Date.now()): void {
  const rank = (file: string) => (CHUNK.test(file) ? 0 : ENTRY.test(file) ? 2 : 1)
  const files = filesIn(build).toSorted((a, b) => rank(a) - rank(b))
  for (const file of files) {
    fs.mkdirSync(dirname(join(target, file)), { recursive: true })
    // Windows has rename replace a file too.
    fs.renameSync(join(build, file), join(target, file))
  }
  for (const file of filesIn(target).filter((one) => !files.includes(one))) {
    const path = join(target, file)
    const age = now - fs.statSync(path).mtimeMs
    if (!CHUNK.test(file) || age > MAX_AGE) fs.rmSync(path)
  }
  fs.rmSync(build, { recursive: true })
}

/** Paths of all files of a folder, below it. */
function filesIn(folder: string): readonly string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => fs.statSync(join(folder, file)).isFile())
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [build = '', target = ''] = process.argv.slice(2)
  fs.chmodSync(join(build, 'main.js'), 0o755)
  installBuild(build, target)
}
