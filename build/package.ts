import { existsSync, readFileSync, rmSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Plugin } from 'rolldown'

/** Folder into which tsc writes the declarations. */
const DECLARATIONS = '.build/types'

/**
 * Writes what a program that uses the package needs beside the CommonJS entries: an ES module for
 * each, so that both kinds of program share one copy of every class, and the types of both.
 *
 * @param entries names of the entries, each with the code of its ES module if that is not
 *   the names of the CommonJS one
 */
export function packageEntries(entries: Readonly<Record<string, string | undefined>>): Plugin {
  return {
    name: 'package-entries',
    generateBundle(_options, bundle) {
      // The package is one of ES modules, and what is built of it CommonJS.
      const source = `${JSON.stringify({ type: 'commonjs' })}\n`
      this.emitFile({ type: 'asset', fileName: 'package.json', source })
      for (const [name, code] of Object.entries(entries)) {
        const chunk = bundle[`${name}.js`]
        if (chunk?.type !== 'chunk') throw new Error(`No entry is named ${name}`)
        const names = chunk.exports.toSorted().join(', ')
        const module =
          code ?? `import entry from './${name}.js'\nexport const { ${names} } = entry\n`
        this.emitFile({ type: 'asset', fileName: `${name}.mjs`, source: module })
      }
    },
    writeBundle() {
      keepReachable(Object.keys(entries))
      for (const name of Object.keys(entries)) {
        const file = `.build/${name}.d.mts`
        writeFileSync(file, `export * from './types/${declarationOf(name)}.js'\n`)
      }
    },
  }
}

/** The declarations of an entry, below the folder of all. */
const declarationOf = (name: string): string =>
  existsSync(join(DECLARATIONS, `${name}.d.ts`)) ? name : `runners/${name}`

/**
 * Removes the declarations that no entry reaches, and names the others with the ending that every
 * module resolution of TypeScript knows.
 */
function keepReachable(entries: readonly string[]): void {
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    const text = readFileSync(file, 'utf8')
    const written = text.replaceAll(
      /((?:from|import\() ?['"])(\.[^'"]+)\.ts(['"])/g,
      (_, before: string, path: string, after: string) => {
        visit(join(dirname(file), `${path}.d.ts`))
        return `${before}${path}.js${after}`
      },
    )
    writeFileSync(file, written)
  }
  for (const name of entries) visit(join(DECLARATIONS, `${declarationOf(name)}.d.ts`))
  for (const file of readdirSync(DECLARATIONS, { recursive: true, encoding: 'utf8' })) {
    const path = join(DECLARATIONS, file)
    if (statSync(path).isFile() && !reached.has(path)) rmSync(path)
  }
}
