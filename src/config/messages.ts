import { didYouMean } from '../core/words.ts'
import type { Config } from './settings.ts'

/** A setting that cannot be used, in words for the person who set it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const SECRETS: readonly (keyof Config)[] = ['jwtSecret', 'webhookSecret', 'adminToken', 'faults']

/** A value as a message shows it; one that may hold a secret is not shown. */
export function quoted(key: keyof Config, value: unknown): string {
  return SECRETS.includes(key)
    ? `${String(value).length} characters`
    : JSON.stringify(String(value))
}

/** `; did you mean --port?` where one is close by, and else where all of them are shown. */
export function nearest(name: string, known: readonly string[], dashes = '--'): string {
  return didYouMean(name, known, (near) => `${dashes}${near}`) || '; see standin --help'
}
