import { createHash } from 'node:crypto'
import type { Plugin } from 'rolldown'

/** The entry that loads all others: `src/code-cache.ts`. */
export const LOADER = 'code-cache'

/** Has each entry of the build load its code by way of the code cache. */
export function codeCache(): Plugin {
  return {
    name: 'code-cache',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || !chunk.isEntry || chunk.name === LOADER) continue
        const [, shebang = '', code = ''] = /^(#!.*\n)?([^]*)$/.exec(chunk.code) ?? []
        const hash = createHash('sha256').update(code).digest('base64url').slice(0, 8)
        const fileName = `${chunk.name}-${hash}.js`
        this.emitFile({ type: 'asset', fileName, source: code })
        chunk.code = `${shebang}module.exports = require("./${LOADER}.js").load(require, "./${fileName}")\n`
      }
    },
  }
}
