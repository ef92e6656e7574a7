import { readFileSync, rmSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Plugin } from 'rolldown'

/** Folder into which tsc writes the declarations. */
const DECLARATIONS = '.build/types'

/**
 * Writes the files that programs need besides the CommonJS entries: the types, and an ES module for
 * each entry. The ES module imports the CommonJS one, so that both kinds of program share one copy
 * of every class.
 *
 * @param entries names of the entries
 * @param modules code of the ES modules that do not simply export everything of the CommonJS entry
 */
export function packageEntries(
  entries: readonly string[],
  modules: Readonly<Record<string, string>>,
): Plugin {
  return {
    name: 'package-entries',
    generateBundle(_options, bundle) {
      // The package has the type "module", but the built files are CommonJS.
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
        // The default export is written explicitly, because tools differ in what a default import
        // from CommonJS is.
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

/**
 * Returns the file with the declarations of an entry. All entries except the main one are for test
 * runners.
 */
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
