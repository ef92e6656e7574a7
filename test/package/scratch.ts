import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Project } from './projects.ts'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Packs the built package into a folder, without building it again, and returns the tarball. */
export async function pack(folder: string): Promise<string> {
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]
  const { stdout } = await run('npm', args, { cwd: ROOT, shell: process.platform === 'win32' })
  return join(folder, stdout.trim())
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

/** Packages whose program has another name. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  attw: '@arethetypeswrong/cli',
  playwright: '@playwright/test',
  tsc: 'typescript',
}

/** File of a program, in the nearest of these folders that has its package. */
function programFile(program: string, roots: readonly string[]): string {
  const name = PACKAGE_OF[program] ?? program
  for (const root of roots) {
    const folder = join(root, 'node_modules', name)
    try {
      const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        bin: string | Readonly<Record<string, string>>
      }
      return join(folder, typeof bin === 'string' ? bin : bin[program]!)
    } catch (error) {
      if (root === roots.at(-1)) throw error
    }
  }
  throw new Error(`No package has the program ${program}`)
}

/** Variables that would make a test runner treat the program as its own child. */
const RUNNER = /^(VITEST|NODE_|JEST_|TEST$|PROD$|DEV$|npm_|STANDIN_)/

export interface Outcome {
  readonly passed: boolean
  readonly output: string
}

/** Runs the commands of a project that is in a folder; each has to end as the project says. */
export async function runProject(
  { commands, prints, exitCode = 0 }: Project,
  folder: string,
  roots: readonly string[],
): Promise<Outcome> {
  const own = Object.entries(process.env).filter(([name]) => !RUNNER.test(name))
  const env = { ...Object.fromEntries(own), NO_COLOR: '1' }
  let output = ''
  for (const [n, [program, ...args]] of commands.entries()) {
    const first = program === 'node' ? [] : [programFile(program, roots)]
    const { code, text } = await run(process.execPath, [...first, ...args], {
      cwd: folder,
      env,
      timeout: 110_000,
    }).then(
      ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        text: error.stdout + error.stderr,
      }),
    )
    output += text
    const isLast = n === commands.length - 1
    if (code !== (isLast ? exitCode : 0)) return { passed: false, output }
    if (isLast && !prints.test(text)) return { passed: false, output }
  }
  return { passed: true, output }
}

/** Number of packages in a folder of modules, and their size in megabytes. */
export function installed(modules: string): { packages: number; megabytes: number } {
  let packages = 0
  let bytes = 0
  const visit = (folder: string, isModules: boolean): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) {
        const isScope = isModules && entry.name.startsWith('@')
        if (isModules && !isScope && !entry.name.startsWith('.')) packages++
        visit(path, isScope || entry.name === 'node_modules')
      } else if (entry.isFile()) bytes += statSync(path).size
    }
  }
  visit(modules, true)
  return { packages, megabytes: Math.round(bytes / 1e5) / 10 }
}
