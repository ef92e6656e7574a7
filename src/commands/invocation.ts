import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { packaged } from '../package.ts'

/** Paths by which this process was started; a test sets its own. */
export interface Invocation {
  /** Path of the program as it was started: `process.argv[1]`. */
  readonly script: string
  readonly cwd: string
  /** Folder of the package. */
  readonly root: string
}

/** Returns a command that starts a server where this command was started. */
export function startCommand(invocation: Invocation = thisInvocation()): string {
  const { cwd, root } = invocation
  const inPackage = !relative(root, cwd).startsWith('..')
  // The package has no sources, a clone has.
  if (existsSync(join(root, 'src')) && inPackage) return 'npm start'
  return programCommand(invocation)
}

/** Returns the program as it was started, to be followed by the name of a command. */
export function programCommand({ script, cwd, root }: Invocation = thisInvocation()): string {
  const isLink = basename(script) === 'standin'
  if (isLink && basename(dirname(script)) !== '.bin') return 'standin' // installed globally
  if (isLink || root.split(sep).includes('node_modules')) return 'npx standin'
  const path = relative(cwd, script)
  return `node ${path.startsWith('..') ? script : path}`
}

function thisInvocation(): Invocation {
  return { script: process.argv[1] ?? '', cwd: process.cwd(), root: packaged('.') }
}
