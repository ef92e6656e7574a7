import { didYouMean } from '../core/words.ts'
import { OPTIONS, type Config } from './options.ts'

/**
 * Returns the value of an option for a message. If the option may hold a secret, the message shows
 * only the length of its value.
 */
export function quoted(key: keyof Config, value: unknown): string {
  return OPTIONS[key].secret ? `${String(value).length} characters` : JSON.stringify(String(value))
}

/** `; did you mean --port?` for a near name; otherwise a pointer to the list of all names. */
export function nearest(name: string, known: readonly string[], dashes = '--'): string {
  return didYouMean(name, known, (near) => `${dashes}${near}`) || '; see standin --help'
}
