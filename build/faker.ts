import { isDeepStrictEqual } from 'node:util'
import type { Plugin } from 'rolldown'

/** The tables that made-up users and organizations are drawn from. */
const USED = ['company', 'internet', 'location', 'metadata', 'person']

/**
 * Reduces faker's tables of names, places and words to those that are used. Each table becomes a
 * JSON text that is parsed when its first value is drawn; as literals, the tables are thousands of
 * strings that V8 reads from the code cache at each start.
 */
export const lazyFakerTables: Plugin = {
  name: 'lazy-faker-tables',
  async transform(code, id) {
    if (!/[\\/]@faker-js[\\/]faker[\\/]dist[\\/]locale[\\/]en\.js$/.test(id)) return undefined
    const { faker } = await import('@faker-js/faker/locale/en')
    const tables = USED.map((name) => {
      // Emoji make up most of the table `internet` and are never used.
      const { emoji: _, ...table } = faker.rawDefinitions[name] ?? {}
      const text = JSON.stringify(table)
      if (!isDeepStrictEqual(JSON.parse(text), table)) throw new Error(`${name} is not JSON`)
      return [name, text] as const
    })
    const changed = code.replace(/\{locale:\[[\w$,]+\]\}/, '{ locale: tables }')
    if (changed === code) throw new Error(`${id} names no list of locales`)
    return `const tables = {};
for (const [name, text] of ${JSON.stringify(tables)}) {
  Object.defineProperty(tables, name, {
    configurable: true,
    enumerable: true,
    get() {
      const value = JSON.parse(text);
      Object.defineProperty(tables, name, { value, enumerable: true });
      return value;
    },
  });
}
${changed}`
  },
}
