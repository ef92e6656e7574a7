import { readFileSync, rmSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Plugin } from 'rolldown'

/** Folder into which tsc writes the declarations. */
const DECLARATIONS = '.build/types'

/**
 * Writes what a program that uses the package needs beside the CommonJS entries: an ES module for
 * each, so that both kinds of program share one copy of every class, and the types of both.
 *
 * @param entries names of the entries
 * @param modules code of ES modules that do not just export what the CommonJS one does
 */
export function packageEntries(
  entries: readonly string[],
  modules: Readonly<Record<string, string>>,
): Plugin {
  return {
    name: 'package-entries',
    generateBundle(_options, bundle) {
      // The package is one of ES modules, and what is built of it CommonJS.
      const source = `${JSON.stringify({ type: 'commonjs' })}\n`
      this.emitFile({ type: 'asset', fileName: 'package.json', source })
      for (const name of entries) {
        const chunk = bundle[`${name}.js`]
        if (chunk?.type !== 'chunk') throw new Error(`No entry is named ${name}`)
        const module = modules[name] ?? moduleOf(name, chunk.exports)
        this.emitFile({ type: 'asset', fileName: `${name}.mjs`, source: module })
      }
    },
    writeBundle() {
      keepReachable(entries)
      for (const name of entries) {
        const text = readFileSync(declarationOf(name), 'utf8')
        // A default export is told anew: what a default import of CommonJS is depends on its reader.
        const types = text.includes('export default')
          ? text
          : `export * from './types/${relative(DECLARATIONS, declarationOf(name)).replace('.d.ts', '.js')}'\n`
        writeFileSync(`.build/${name}.d.mts`, types)
      }
    },
  }
}

function moduleOf(name: string, exports: readonly string[]): string {
  const names = exports.toSorted().join(', ')
  const exported = names === 'default' ? 'default entry.default' : `const { ${names} } = entry`
  return `import entry from './${name}.js'\nexport ${exported}\n`
}

/** The declarations of an entry; all but the main one are of test runners. */
const declarationOf = (name: string): string =>
  join(DECLARATIONS, name === 'index' ? '' : 'runners', `${name}.d.ts`)

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
  for (const name of entries) visit(declarationOf(name))
  for (const file of readdirSync(DECLARATIONS, { recursive: true, encoding: 'utf8' })) {
    const path = join(DECLARATIONS, file)
    if (statSync(path).isFile() && !reached.has(path)) rmSync(path)
  }
}
