import { ConfigError } from '../config/config.ts'
import { readTime } from '../config/values.ts'
import { parseDuration, type Command } from './command.ts'

export const token: Command = {
  name: 'token',
  help: "Print a JWT that Cryptlex' operations accept",
  flags: [
    {
      name: 'scope',
      value: 'TEXT',
      help: 'scopes separated by spaces (reseller:user:create)',
    },
    {
      name: 'expires',
      value: 'WHEN',
      help: 'expiry: a duration such as 1h or -5m, or a time (1h)',
    },
    { name: 'not-before', value: 'WHEN', help: 'start of validity: a duration or a time (none)' },
  ],
  async run(config, flags) {
    const { fixturesOf } = await import('../sandbox/fixtures.ts')
    const { mintToken } = await import('../apis/cryptlex/token.ts')
    const now = Math.floor((config.clock ?? Date.now()) / 1000)
    const notBefore = flags['not-before']
    const request = {
      scopes: (flags['scope'] ?? 'reseller:user:create').split(/[\s,]+/).filter(Boolean),
      issuedAt: now,
      expires: moment('--expires', flags['expires'] ?? '1h', now),
      ...(notBefore === undefined ? {} : { notBefore: moment('--not-before', notBefore, now) }),
    }
    console.log(await mintToken(request, fixturesOf(config).cryptlex.signing?.secret ?? ''))
  },
}

/** `1h` or `-5m` from now, or a time; as seconds since 1970. */
function moment(name: string, text: string, now: number): number {
  const [, sign, duration = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  const away = parseDuration(duration)
  if (away !== undefined) return now + Math.floor(sign === '-' ? -away / 1000 : away / 1000)
  try {
    return Math.floor(readTime(text) / 1000)
  } catch {
    throw new ConfigError(`${name} must be such as 1h, -5m or 2030-01-01T00:00:00Z, got "${text}"`)
  }
}
