import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'rolldown'

/** Folders of the packages whose code is in the build; all build configurations add to it. */
const folders = new Set<string>()

/** Matches the folder of the package that contains a module. */
const PACKAGE_OF = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/

/**
 * Writes the licences of all packages whose code is in the bundles, indirect dependencies included.
 *
 * @param copied packages whose files a plugin copies, so that the module graph does not contain
 *   them
 */
export function licenses(file: string, copied: readonly string[] = []): Plugin {
  return {
    name: 'licenses',
    generateBundle(_options, bundle) {
      for (const name of copied) folders.add(join(import.meta.dirname, '../node_modules', name))
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.type === 'chunk' ? chunk.moduleIds : []) {
          const folder = PACKAGE_OF.exec(id.replaceAll('\0', ''))?.[1]
          if (folder !== undefined) folders.add(folder)
        }
      }
    },
    writeBundle() {
      const entries = new Map([...folders].map(entryOf))
      const texts = [...entries.keys()].toSorted().map((title) => `${title}\n${entries.get(title)}`)
      const introduction = `The files of this folder contain parts of these packages, under these licences.\n`
      writeFileSync(file, [introduction, ...texts].join(`\n${'-'.repeat(80)}\n\n`))
    },
  }
}

/** Title and licence text of one package. */
function entryOf(folder: string): [title: string, text: string] {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim()
  const { name, version, license, author } = JSON.parse(read('package.json')) as {
    name: string
    version: string
    license?: string
    author?: string | { name: string }
  }
  if (license === undefined) throw new Error(`${name} ${version} names no licence`)
  const title = `${name} ${version} (${license})`
  // A minified library comes with a file of the licences of the libraries in it.
  const files = readdirSync(folder).filter((one) => /^(licen[cs]e|notice|copying)/i.test(one))
  const texts = files.map(read)
  const parts = `${name}-bundle.js.LICENSE.txt`
  for (const file of ['swagger-ui-bundle.js.LICENSE.txt', parts]) {
    if (existsSync(join(folder, file))) texts.push(read(file))
  }
  if (texts.length === 0) {
    const holder = typeof author === 'object' ? author.name : (author ?? 'its authors')
    texts.push(`Copyright ${holder}. The package has no licence file; its licence is ${license}.`)
  }
  return [title, `\n${texts.join('\n\n')}\n`]
}
