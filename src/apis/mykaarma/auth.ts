import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { Secret } from '../../core/secrets.ts'
import { fixturesIn, type Subscriber } from './fixtures.ts'
import { refusal, SCOPE } from './refusals.ts'

/** Compared in place of an unknown user's password, so that the check always takes the same time. */
const NO_PASSWORD = new Secret('')

/**
 * Checks HTTP Basic credentials (RFC 7617) against the sandbox's service subscribers, then the
 * scope.
 *
 * The order of the checks is that of a sibling service: header, encoding, user and password,
 * active, scope. The vendor's Order API answers a missing scope with 403.
 */
export function authorize(call: Call, tools: Tools): Subscriber {
  const { username, password } = credentials(call.headers.authorization)
  const subscriber = fixturesIn(tools).subscribers.get(username)
  const matches = (subscriber?.password ?? NO_PASSWORD).matches(password)
  if (!subscriber) throw refusal('credentials.unknown-user')
  if (!matches) throw refusal('credentials.wrong-password')
  if (subscriber.disabled) throw refusal('subscriber.disabled')
  if (!subscriber.scopes.includes(SCOPE)) throw refusal('scope.missing')
  return subscriber
}

function credentials(header: string | undefined): { username: string; password: string } {
  if (header === undefined) throw refusal('credentials.missing')
  const [scheme, encoded, ...more] = header.split(/ +/)
  if (scheme?.toLowerCase() !== 'basic') {
    throw refusal('credentials.not-basic')
  }
  if (!encoded || more.length > 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    throw refusal('credentials.malformed')
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  // Only the first colon separates: a password may contain colons.
  const colon = text.indexOf(':')
  if (colon < 0) throw refusal('credentials.no-colon')
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The user name in a request, unchecked. */
export function statedCredential(call: Call): string | undefined {
  const encoded = /^basic +(\S+)$/i.exec(call.headers.authorization ?? '')?.[1]
  return encoded && Buffer.from(encoded, 'base64').toString('utf8').split(':', 1)[0]
}
