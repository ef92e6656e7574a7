/** A flag without its dashes: `max-body`. */
export function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** `STANDIN_MAX_BODY` */
export function variableOf(key: string): string {
  return `STANDIN_${kebab(key).replaceAll('-', '_').toUpperCase()}`
}

/** Names of the APIs, as files, flags and tables have them. */
export const APIS = ['mykaarma', 'cryptlex', 'formsonfire']
