import type { Call, Tools } from '../../core/api.ts'
import { Problem } from '../../core/problem.ts'
import { Secret } from '../../core/secrets.ts'
import { knownOf, type Subscriber } from './known.ts'

/** The scope that the vendor's page names for this operation. */
const SCOPE = 'manage.user.write'

/** Compared with when there is no such user, so that an unknown one takes as long as a known. */
const NOBODY = new Secret('')

/**
 * HTTP Basic (RFC 7617) against the sandbox's service subscribers, then the scope.
 *
 * The order of the checks is a sibling service's: header, encoding, user and password, active,
 * scope. That a missing scope is a 403 was seen on the vendor's Order API.
 */
export function authorize(call: Call, tools: Tools): Subscriber {
  const { username, password } = credentials(call.headers.authorization)
  const subscriber = knownOf(tools).subscribers.get(username)
  const matches = (subscriber?.password ?? NOBODY).matches(password)
  if (!subscriber) throw unauthorized('credentials.unknown-user', 'Wrong credential.')
  if (!matches) throw unauthorized('credentials.wrong-password', 'Wrong credential.')
  if (subscriber.disabled) throw unauthorized('subscriber.disabled', 'Invalid service subscriber.')
  if (!subscriber.scopes.includes(SCOPE)) {
    throw new Problem(403, 'scope.missing', `ApiScope does not exist: ${SCOPE}.`)
  }
  return subscriber
}

function credentials(header: string | undefined): { username: string; password: string } {
  if (header === undefined) throw unauthorized('credentials.missing', 'Credentials are null.')
  const [scheme, encoded, ...more] = header.split(/ +/)
  if (scheme?.toLowerCase() !== 'basic') {
    throw unauthorized('credentials.not-basic', 'Wrong credential.')
  }
  if (!encoded || more.length > 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    throw unauthorized('credentials.malformed', 'Wrong credential.')
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  // Only the first colon separates: a password may hold more.
  const colon = text.indexOf(':')
  if (colon < 0) throw unauthorized('credentials.no-colon', 'Wrong credential.')
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

function unauthorized(reason: string, message: string): Problem {
  // Not documented; RFC 9110 wants the header on every 401.
  const headers = { 'WWW-Authenticate': 'Basic realm="mykaarma"' }
  return new Problem(401, reason, message, { headers })
}
