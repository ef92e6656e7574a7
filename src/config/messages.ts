import { didYouMean } from '../core/words.ts'
import { OPTIONS, type Config } from './options.ts'

/** The value of an option as a message shows it; of one that may hold a secret, only its length. */
export function quoted(key: keyof Config, value: unknown): string {
  return OPTIONS[key].secret ? `${String(value).length} characters` : JSON.stringify(String(value))
}

/** `; did you mean --port?` for a near name; otherwise a pointer to the list of all names. */
export function nearest(name: string, known: readonly string[], dashes = '--'): string {
  return didYouMean(name, known, (near) => `${dashes}${near}`) || '; see standin --help'
}
