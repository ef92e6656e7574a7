/** The flag of an option without its dashes: `max-body` for `maxBody`. */
export function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The environment variable of an option: `STANDIN_MAX_BODY` for `maxBody`. */
export function variableOf(key: string): string {
  return `STANDIN_${kebab(key).replaceAll('-', '_').toUpperCase()}`
}
