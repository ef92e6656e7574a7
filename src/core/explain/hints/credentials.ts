import type { Call } from '../../call.ts'
import type { Hint } from '../../api.ts'
import { basicReadings, type BasicCredentials } from '../../http/basic.ts'
import { hint } from './hint-input.ts'

/** Mistakes in the form of an `Authorization` header. The hints never show its value. */
export function authorizationHints(call: Call, expected: 'Basic' | 'Bearer'): readonly Hint[] {
  const header = call.headers.authorization
  const form = expected === 'Basic' ? 'Basic <base64 of user:password>' : 'Bearer <token>'
  if (header === undefined) return [missing(call, form)]
  if (/^(["']).*\1$/s.test(header) || /^\w+ +["'].*["']$/.test(header)) {
    const text = `Send Authorization: ${form} without quotes: quotes count as part of the value.`
    return [hint('credentials.quotes', text)]
  }
  if (/^(\w+):? +\1\b/i.test(header)) {
    const text = `Remove one ${expected}: the Authorization header has it twice, so your client probably adds one itself.`
    return [hint('credentials.scheme-twice', text)]
  }
  if (/^(bearer|basic):/i.test(header)) {
    const text = `Send Authorization: ${form}, with a space after ${expected} and no colon.`
    return [hint('credentials.scheme-colon', text)]
  }
  const scheme = /^(\S+)(?: |$)/.exec(header)?.[1]?.toLowerCase()
  if (scheme === expected.toLowerCase())
    return expected === 'Basic' ? basicHints(header) : bearerHints(header)
  if (scheme === 'basic' || scheme === 'bearer' || scheme === 'digest' || scheme === 'token') {
    const text = `Send Authorization: ${form}: this API uses ${expected}, and the header has the scheme ${scheme}.`
    return [hint('credentials.wrong-scheme', text)]
  }
  const text = `Send Authorization: ${form}: the value of the header must begin with ${expected} and a space.`
  return [hint('credentials.no-scheme', text)]
}

function missing(call: Call, form: string): Hint {
  const names = Object.keys(call.headers)
  const other = names.find((name) =>
    /^(x-)?(api-?key|auth-?token|access-?token|token|auth)$/.test(name),
  )
  if (other !== undefined) {
    const text = `Send Authorization: ${form} instead of the header ${other}, which the API does not read.`
    return hint('credentials.wrong-header', text)
  }
  const inQuery = [...call.query.keys()].find((name) => /token|key|auth/i.test(name))
  if (inQuery !== undefined) {
    const text = `Send Authorization: ${form} as a header: the API does not read credentials in the query.`
    return hint('credentials.in-query', text)
  }
  const text = `Add the header Authorization: ${form}. Some clients drop it when they follow a redirect to another host.`
  return hint('credentials.missing', text)
}

function basicHints(header: string): readonly Hint[] {
  const encoded = header.slice('Basic'.length).trim()
  if (encoded === '') {
    return [
      hint(
        'credentials.empty',
        'Put the Base64 of user:password after Basic: the header has nothing there.',
      ),
    ]
  }
  if (/^[\w.@-]+:/.test(encoded)) {
    const text =
      'Send Authorization: Basic <base64 of user:password>: the header has user and password without Base64.'
    return [hint('credentials.not-base64', text)]
  }
  if (/[-_]/.test(encoded) && /^[\w+/-]+=*$/.test(encoded)) {
    return [
      hint(
        'credentials.base64url',
        'Encode user:password in Base64 with + and /: the header has base64url, with - and _.',
      ),
    ]
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
    return [
      hint(
        'credentials.not-base64',
        'Send Authorization: Basic <base64 of user:password>: the text after Basic is not Base64.',
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
            'Put a colon between user and password before you encode them in Base64: the colon is missing.',
          ),
    ]
  }
  if (/[\r\n]$/.test(text)) {
    const fix =
      'Encode user:password without a line break at its end (echo -n, or printf): a line break counts as part of the password.'
    return [hint('credentials.newline', fix)]
  }
  return []
}

function bearerHints(header: string): readonly Hint[] {
  const token = header.slice('Bearer'.length).trim()
  if (token === '')
    return [hint('credentials.empty', 'Put the token after Bearer: the header has nothing there.')]
  if (/\s/.test(token)) {
    return [
      hint(
        'credentials.spaces',
        'Send the token without white space: it contains a line break or a space.',
      ),
    ]
  }
  if (/^[{$<]|%\w+%|^(undefined|null)$/.test(token)) {
    return [
      hint(
        'credentials.placeholder',
        'Put a token after Bearer: the header has a placeholder that was not replaced.',
      ),
    ]
  }
  return []
}

/** The user name and password of a Basic header; undefined if it cannot be decoded. */
export function basicCredentials(call: Call): BasicCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(call.headers.authorization ?? '')?.[1]
  return basicReadings(encoded ?? '')[0]
}

/** A URL-encoded text decoded; undefined if the text is not URL-encoded. */
export function urlDecoded(text: string): string | undefined {
  if (!/%[\da-f]{2}/i.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
