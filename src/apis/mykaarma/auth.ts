import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { basicReadings, type BasicCredentials } from '../../core/http/basic.ts'
import { Secret } from '../../core/secrets.ts'
import { fixturesIn, type Subscriber } from './fixtures.ts'
import { READ, refusal, scopeMissing, WRITE } from './refusals.ts'

/** Stands in for the password of an unknown user, so that the check always takes the same time. */
const NO_PASSWORD = new Secret('')

/**
 * Checks HTTP Basic credentials (RFC 7617) against the sandbox's service subscribers, then the
 * scope.
 *
 * The order of the checks is that of another service of the vendor: header, encoding, user and
 * password, disabled subscriber, scope. The vendor's Order API answers a missing scope with 403.
 */
export function authorize(call: Call, tools: Tools): Subscriber {
  const { subscribers } = fixturesIn(tools)
  const readings = credentials(call.headers.authorization).map((reading) => {
    const subscriber = subscribers.get(reading.username)
    const matches = (subscriber?.password ?? NO_PASSWORD).matches(reading.password)
    return { ...reading, subscriber, matches }
  })
  // Bytes beyond ASCII may be valid in UTF-8 and in Latin-1. The encoding in which the password is
  // right counts.
  const reading =
    readings.find(({ subscriber, matches }) => subscriber && matches) ??
    readings.find(({ subscriber }) => subscriber)
  const subscriber = reading?.subscriber
  if (!subscriber) throw refusal('credentials.unknown-user')
  if (reading.charset === 'Latin-1') {
    const text =
      'The credentials are in Latin-1; the vendor may read UTF-8 only, so encode user name and password in UTF-8'
    call.warn('credentials.latin-1', text)
  }
  if (!reading.matches) throw refusal('credentials.wrong-password')
  if (subscriber.disabled) throw refusal('subscriber.disabled')
  const scope = call.operation?.id === 'getUsersForDealer' ? READ : WRITE
  if (!subscriber.scopes.includes(scope)) throw scopeMissing(scope)
  return subscriber
}

function credentials(header: string | undefined): readonly BasicCredentials[] {
  if (header === undefined) throw refusal('credentials.missing')
  const [scheme, encoded, ...more] = header.split(/ +/)
  if (scheme?.toLowerCase() !== 'basic') {
    throw refusal('credentials.not-basic')
  }
  if (!encoded || more.length > 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    throw refusal('credentials.malformed')
  }
  const readings = basicReadings(encoded)
  if (readings.length === 0) throw refusal('credentials.no-colon')
  return readings
}

/** The user name in a request, unchecked. */
export function statedCredential(call: Call): string | undefined {
  const encoded = /^basic +(\S+)$/i.exec(call.headers.authorization ?? '')?.[1]
  return basicReadings(encoded ?? '')[0]?.username
}
