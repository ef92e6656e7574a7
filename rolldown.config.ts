// One file to load instead of some three hundred: it takes a quarter off the start. What is only
// loaded when it is first used (XML, protobuf, logs, metrics) stays where it is.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { load } from 'js-yaml'
import { defineConfig, type Plugin } from 'rolldown'
import { codeCache } from './build/code-cache.ts'
import { lazyFakerTables } from './build/faker.ts'
import { licenses } from './build/licenses.ts'
import { packageEntries } from './build/package.ts'
import { withoutProse } from './src/core/contract/openapi.ts'

/** The contracts as JSON: to read them as YAML takes more than half of the start. */
const specs: Plugin = {
  name: 'specs',
  generateBundle() {
    for (const file of readdirSync('specs').filter((name) => name.endsWith('.yaml'))) {
      const document = load(readFileSync(`specs/${file}`, 'utf8'))
      for (const [kind, value] of [
        ['', document],
        ['.contract', withoutProse(document)],
      ] as const) {
        const fileName = `specs/${file}${kind}.json`
        this.emitFile({ type: 'asset', fileName, source: JSON.stringify(value) })
      }
    }
  },
}

/**
 * What takes the place of libraries that Express loads and nothing here uses: a parser of bodies with
 * tables of every charset, and a table of 2,500 media types.
 */
const UNUSED: Readonly<Record<string, string>> = {
  'body-parser': 'export default {}',
  'mime-types': 'export const lookup = () => false, contentType = (type) => type',
}

const unused: Plugin = {
  name: 'unused',
  resolveId: (source) => (source in UNUSED ? `\0unused:${source}` : undefined),
  load: (id) => (id.startsWith('\0unused:') ? UNUSED[id.slice('\0unused:'.length)] : undefined),
}

/** One character beyond Latin-1 has V8 keep two bytes for each of a file: escaped, it does not. */
const latin: Plugin = {
  name: 'latin',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk') chunk.code = escaped(chunk.code)
    }
  },
}

function escaped(code: string): string {
  if (/\\[^\0-\xff]/.test(code)) throw new Error('A backslash stands before what has to be escaped')
  return code.replaceAll(
    /[^\0-\xff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Globals that test environments replace: jsdom has timers that are numbers and no TextDecoder, and
 * fake timers stop the clock of whoever uses the global ones. Each is imported from Node instead, in
 * the libraries of the bundle too.
 */
export const NODE_GLOBALS: Readonly<Record<string, [module: string, name: string]>> = {
  setTimeout: ['node:timers', 'setTimeout'],
  setInterval: ['node:timers', 'setInterval'],
  setImmediate: ['node:timers', 'setImmediate'],
  clearTimeout: ['node:timers', 'clearTimeout'],
  clearInterval: ['node:timers', 'clearInterval'],
  clearImmediate: ['node:timers', 'clearImmediate'],
  TextDecoder: ['node:util', 'TextDecoder'],
  TextEncoder: ['node:util', 'TextEncoder'],
  URL: ['node:url', 'URL'],
  URLSearchParams: ['node:url', 'URLSearchParams'],
  performance: ['node:perf_hooks', 'performance'],
  crypto: ['node:crypto', 'webcrypto'],
  Buffer: ['node:buffer', 'Buffer'],
  Uint8Array: ['node-globals', 'Uint8Array'],
}

/** The class that Node's buffers belong to, which a realm of its own hides. */
const nodeGlobals: Plugin = {
  name: 'node-globals',
  resolveId: (source) => (source === 'node-globals' ? '\0node-globals' : undefined),
  load: (id) =>
    id === '\0node-globals'
      ? `import { Buffer } from 'node:buffer'\nexport const Uint8Array = Object.getPrototypeOf(Buffer)`
      : undefined,
}

/** Style sheets that a module imports, by module. */
const styleSheets = new Map<string, string>()

/** The first eight characters of a hash in the alphabet of Rolldown's. */
const hashOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 8)

/**
 * Writes the dashboard's files: the style sheets of its modules as one, the icon, the page that
 * loads them, and each asset compressed, so that no request has to wait for that.
 */
const dashboardFiles: Plugin = {
  name: 'dashboard-files',
  load(id) {
    if (!id.endsWith('.css')) return undefined
    styleSheets.set(id, readFileSync(id, 'utf8'))
    return { code: '', moduleType: 'js', moduleSideEffects: 'no-treeshake' }
  },
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((one) => one.type === 'chunk')
    const css = minified(
      chunks
        .flatMap(({ moduleIds }) => moduleIds)
        .map(styleSheetOf)
        .join('\n'),
    )
    const icon = readFileSync('ui/icon.svg', 'utf8')
    const script = chunks.find(({ isEntry }) => isEntry)!.fileName // there is one entry
    const styles = `main-${hashOf(css)}.css`
    const image = `icon-${hashOf(icon)}.svg`
    const assets = { [styles]: css, [image]: icon }
    for (const { fileName, code } of chunks) assets[fileName] = code
    for (const [fileName, text] of Object.entries(assets)) {
      if (!(fileName in bundle)) this.emitFile({ type: 'asset', fileName, source: text })
      const source = gzipSync(text, { level: 9 })
      this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source })
    }
    const names: Readonly<Record<string, string>> = { script, styles, image }
    const source = readFileSync('ui/index.html', 'utf8').replaceAll(
      /\{\{(script|styles|image)\}\}/g,
      (_, name: string) => `{{assets}}${names[name]}`,
    )
    this.emitFile({ type: 'asset', fileName: 'index.html', source })
  },
}

/** The library of the API reference. Its code stays as it is, so that its licence comment does too. */
const SWAGGER_UI = 'node_modules/swagger-ui-dist'

/** Writes the files of the API reference, as `dashboardFiles` does: its page, its own, the library's. */
const referenceFiles: Plugin = {
  name: 'reference-files',
  load: dashboardFiles.load!,
  generateBundle(_options, bundle) {
    const [chunk] = Object.values(bundle).filter((one) => one.type === 'chunk')
    if (chunk === undefined) throw new Error('The API reference has no module')
    const css = minified(chunk.moduleIds.map(styleSheetOf).join('\n'))
    const library = libraryFile('swagger-ui-bundle.js')
    const libraryStyles = libraryFile('swagger-ui.css')
    const icon = readFileSync('ui/icon.svg', 'utf8')
    const names: Readonly<Record<string, string>> = {
      script: `reference/${chunk.fileName}`,
      styles: `reference/reference-${hashOf(css)}.css`,
      library: `reference/swagger-ui-${hashOf(library)}.js`,
      'library-styles': `reference/swagger-ui-${hashOf(libraryStyles)}.css`,
      image: `icon-${hashOf(icon)}.svg`,
    }
    const assets: Readonly<Record<string, string>> = {
      [names['script']!]: chunk.code,
      [names['styles']!]: css,
      [names['library']!]: library,
      [names['library-styles']!]: libraryStyles,
    }
    for (const [path, text] of Object.entries(assets)) {
      const fileName = path.replace('reference/', '')
      if (!(fileName in bundle)) this.emitFile({ type: 'asset', fileName, source: text })
      const source = gzipSync(text, { level: 9 })
      this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source })
    }
    const source = readFileSync('ui/reference/index.html', 'utf8').replaceAll(
      /\{\{([a-z-]+)\}\}/g,
      (_, name: string) => `{{assets}}${names[name]}`,
    )
    this.emitFile({ type: 'asset', fileName: 'index.html', source })
  },
}

/** A file of the library, without the name of a map that is not served. */
function libraryFile(name: string): string {
  const text = readFileSync(`${SWAGGER_UI}/${name}`, 'utf8')
  return text.replace(/\n?(?:\/\/|\/\*)# sourceMappingURL=\S+?(?:\*\/)?$/m, '')
}

const styleSheetOf = (id: string): string => styleSheets.get(id) ?? ''

/** Removes comments and white space from a style sheet without such characters in its texts. */
function minified(css: string): string {
  return css
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(/: /g, ':')
    .trim()
}

/** Version of an installed package. */
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string })
    .version

/**
 * Libraries that are loaded at their first use, each a file of its own. Its name has the version: a
 * server that runs finds the one that it was built with.
 */
const LIBRARIES: Readonly<Record<string, string>> = Object.fromEntries(
  ['xml2js', 'saxes', 'protobufjs', 're2js', 'pino', 'prom-client', 'js-yaml'].map((name) => [
    name,
    `libraries/${name}-${versionOf(name)}`,
  ]),
)

/** Leaves libraries in their own files. The sources load some by `require`, which the bundle has. */
const libraries: Plugin = {
  name: 'libraries',
  transform: (code) =>
    code.includes('createRequire(import.meta.url)')
      ? code.replace('const require = createRequire(import.meta.url)', '')
      : undefined,
  resolveId: (source) =>
    source in LIBRARIES ? { id: `library:${source}`, external: true } : undefined,
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue
      chunk.code = chunk.code.replaceAll(
        /(["'`])library:([\w-]+)\1/g,
        (_, quote: string, name: string) => `${quote}./${LIBRARIES[name]}.js${quote}`,
      )
    }
  },
}

/** Entries of the package; `exports` of package.json names the same. */
const ENTRIES: Readonly<Record<string, string>> = {
  index: 'src/index.ts',
  vitest: 'src/runners/vitest.ts',
  jest: 'src/runners/jest.ts',
  'node-test': 'src/runners/node-test.ts',
  setup: 'src/runners/setup.ts',
  teardown: 'src/runners/teardown.ts',
}

/** The ES module of the entry for vitest, which cannot be required. */
const VITEST_MODULE = `import * as vitest from 'vitest'
import entry from './vitest-hooks.js'
export const useStandin = (options) => entry.useStandinOf(vitest, options)
`

const LICENSES = '.build/THIRD-PARTY-LICENSES'

export default defineConfig([
  {
    input: {
      'code-cache': 'src/code-cache.ts',
      main: 'src/main.ts',
      'vitest-hooks': 'src/runners/vitest-hooks.ts',
      ...ENTRIES,
    },
    external: ['vitest', '@jest/globals'],
    platform: 'node',
    logLevel: 'warn',
    plugins: [
      libraries,
      specs,
      unused,
      lazyFakerTables,
      nodeGlobals,
      latin,
      packageEntries(Object.keys(ENTRIES), { vitest: VITEST_MODULE }),
      licenses(LICENSES),
      codeCache(),
    ],
    transform: { inject: { ...NODE_GLOBALS } },
    // The hash lets chunks of two builds lie side by side: see install-build.ts.
    output: {
      dir: '.build',
      format: 'cjs',
      exports: 'named',
      dynamicImportInCjs: false,
      chunkFileNames: '[name]-[hash].js',
      // A third of the text, which every start reads. The licences have a file of their own.
      comments: false,
    },
  },
  {
    input: Object.fromEntries(Object.entries(LIBRARIES).map(([name, file]) => [file, name])),
    platform: 'node',
    logLevel: 'warn',
    plugins: [nodeGlobals, latin, licenses(LICENSES)],
    transform: { inject: { ...NODE_GLOBALS } },
    output: {
      dir: '.build',
      format: 'cjs',
      chunkFileNames: 'libraries/[name]-[hash].js',
    },
  },
  {
    input: { main: 'ui/main.tsx' },
    platform: 'browser',
    logLevel: 'warn',
    tsconfig: 'ui/tsconfig.json',
    plugins: [dashboardFiles, licenses(LICENSES)],
    output: {
      dir: '.build/ui',
      format: 'esm',
      entryFileNames: '[name]-[hash].js',
      minify: true,
    },
  },
  {
    input: { reference: 'ui/reference/reference.ts' },
    platform: 'browser',
    logLevel: 'warn',
    tsconfig: 'ui/tsconfig.json',
    plugins: [referenceFiles, licenses(LICENSES, ['swagger-ui-dist'])],
    output: {
      dir: '.build/ui/reference',
      format: 'esm',
      entryFileNames: '[name]-[hash].js',
      minify: true,
    },
  },
])
