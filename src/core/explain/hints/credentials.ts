import type { Call } from '../../call.ts'
import type { Hint } from '../../api.ts'
import { hint } from './hint-input.ts'

/**
 * What is wrong with an `Authorization` header before anybody looks at who calls. The header's
 * value is never shown.
 */
export function authorizationHints(call: Call, wanted: 'Basic' | 'Bearer'): readonly Hint[] {
  const header = call.headers.authorization
  const form = wanted === 'Basic' ? 'Basic <base64 of user:password>' : 'Bearer <token>'
  if (header === undefined) return [missing(call, form)]
  if (/^(["']).*\1$/s.test(header) || /^\w+ +["'].*["']$/.test(header)) {
    const text = `Send Authorization: ${form} without quotes: they are part of what the header holds.`
    return [hint('credentials.quotes', text)]
  }
  if (/^(\w+):? +\1\b/i.test(header)) {
    const text = `Leave out one ${wanted}: the Authorization header has it twice, so something adds it by itself.`
    return [hint('credentials.scheme-twice', text)]
  }
  if (/^(bearer|basic):/i.test(header)) {
    const text = `Send Authorization: ${form}, with a space after ${wanted} and no colon.`
    return [hint('credentials.scheme-colon', text)]
  }
  const scheme = /^(\S+)(?: |$)/.exec(header)?.[1]?.toLowerCase()
  if (scheme === wanted.toLowerCase())
    return wanted === 'Basic' ? basicHints(header) : bearerHints(header)
  if (scheme === 'basic' || scheme === 'bearer' || scheme === 'digest' || scheme === 'token') {
    const text = `Send Authorization: ${form}: the header has the scheme ${scheme}, and ${wanted} is what this API takes.`
    return [hint('credentials.wrong-scheme', text)]
  }
  const text = `Send Authorization: ${form}: the header holds something without ${wanted} and a space before it.`
  return [hint('credentials.no-scheme', text)]
}

function missing(call: Call, form: string): Hint {
  const names = Object.keys(call.headers)
  const other = names.find((name) =>
    /^(x-)?(api-?key|auth-?token|access-?token|token|auth)$/.test(name),
  )
  if (other !== undefined) {
    const text = `Send Authorization: ${form} instead of the header ${other}, which is not read.`
    return hint('credentials.wrong-header', text)
  }
  const inQuery = [...call.query.keys()].find((name) => /token|key|auth/i.test(name))
  if (inQuery !== undefined) {
    const text = `Send Authorization: ${form} as a header: credentials in the query are not read.`
    return hint('credentials.in-query', text)
  }
  const text = `Add the header Authorization: ${form}; there is none. A client may drop it when it follows a redirect to another host.`
  return hint('credentials.missing', text)
}

function basicHints(header: string): readonly Hint[] {
  const encoded = header.slice('Basic'.length).trim()
  if (encoded === '') {
    return [
      hint('credentials.empty', 'Put the Base64 of user:password after Basic: nothing is there.'),
    ]
  }
  if (/^[\w.@-]+:/.test(encoded)) {
    const text =
      'Send Authorization: Basic <base64 of user:password>: user and password stand there as they are, and not in Base64.'
    return [hint('credentials.not-base64', text)]
  }
  if (/[-_]/.test(encoded) && /^[\w+/-]+=*$/.test(encoded)) {
    return [
      hint(
        'credentials.base64url',
        'Encode user:password in Base64 with + and /, not with - and _ (which is base64url).',
      ),
    ]
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    return [
      hint(
        'credentials.not-base64',
        'Send Authorization: Basic <base64 of user:password>: what stands after Basic is no Base64.',
      ),
    ]
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  if (!text.includes(':')) {
    const twice =
      /^[A-Za-z0-9+/]+={0,2}$/.test(text) &&
      Buffer.from(text, 'base64').toString('utf8').includes(':')
    return [
      twice
        ? hint(
            'credentials.encoded-twice',
            'Encode user:password in Base64 once: it was encoded twice.',
          )
        : hint(
            'credentials.no-colon',
            'Encode user:password, with a colon between the two: there is none.',
          ),
    ]
  }
  if (/[\r\n]$/.test(text)) {
    const said =
      'Encode user:password without a line break at its end (echo -n, or printf): it is taken for a part of the password.'
    return [hint('credentials.newline', said)]
  }
  return []
}

function bearerHints(header: string): readonly Hint[] {
  const token = header.slice('Bearer'.length).trim()
  if (token === '')
    return [hint('credentials.empty', 'Put the token after Bearer: nothing is there.')]
  if (/\s/.test(token)) {
    return [
      hint(
        'credentials.spaces',
        'Send the token without white space in it: a line break or a space came in.',
      ),
    ]
  }
  if (/^[{$<]|%\w+%|^(undefined|null)$/.test(token)) {
    return [
      hint(
        'credentials.placeholder',
        'Put a token after Bearer: a placeholder stands there that nothing was put in the place of.',
      ),
    ]
  }
  return []
}

/** Basic credentials as they are meant; undefined where they cannot be read. */
export function basicCredentials(call: Call): { username: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(call.headers.authorization ?? '')?.[1]
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** A text that was URL-encoded once too often, as it was meant; undefined where it was not. */
export function urlDecoded(text: string): string | undefined {
  if (!/%[\da-f]{2}/i.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
