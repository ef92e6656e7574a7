import { VENDORS } from '../apis/index.ts'
import { ConfigError } from '../config/config.ts'
import { readTime } from '../config/values.ts'
import type { Vendor } from '../core/vendor.ts'
import { parseDuration, type Command } from './command.ts'

/** The first vendor that accepts JWTs, with the function that makes them. */
const [issuer] = (VENDORS as readonly Vendor[]).flatMap(({ name, title, tokens }) =>
  tokens ? [{ name, title, ...tokens }] : [],
)

export const token: Command = {
  name: 'token',
  help: `Print a JWT that ${issuer!.title} accepts`,
  flags: [
    {
      name: 'scope',
      value: 'TEXT',
      help: `scopes, separated by spaces (${issuer!.scope})`,
    },
    { name: 'expires', value: 'WHEN', help: 'expiry, such as 1h, -5m or a time (1h)' },
    { name: 'not-before', value: 'WHEN', help: 'start of validity, in the same form (none)' },
  ],
  async run(config, flags) {
    const { fixturesOf } = await import('../sandbox/fixtures.ts')
    const { name, scope, mint } = issuer!
    const now = Math.floor((config.clock ?? Date.now()) / 1000)
    const notBefore = flags['not-before']
    const request = {
      scopes: (flags['scope'] ?? scope).split(/[\s,]+/).filter(Boolean),
      issuedAt: now,
      expires: secondsIn('--expires', flags['expires'] ?? '1h', now),
      ...(notBefore === undefined ? {} : { notBefore: secondsIn('--not-before', notBefore, now) }),
    }
    console.log(await mint(request, fixturesOf(config)[name] ?? {}))
  },
}

/** Reads `1h` or `-5m` from now, or a time. Returns seconds since 1970. */
function secondsIn(flag: string, text: string, now: number): number {
  const [, sign, duration = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  const away = parseDuration(duration)
  if (away !== undefined) return now + Math.floor(sign === '-' ? -away / 1000 : away / 1000)
  try {
    return Math.floor(readTime(text) / 1000)
  } catch {
    throw new ConfigError(
      `${flag} must be a duration or a time, such as 1h, -5m or 2030-01-01T00:00:00Z, got "${text}"`,
    )
  }
}
