/**
 * Words that make a name secret when they are one of its parts: `user_pass`, `pinCode`, `X-Auth`.
 */
const WORDS = new Set(
  `pass password passwords passwd passphrase passcode pwd pw pin otp totp auth authentication
   secret secrets token tokens key keys credential credentials cookie cookies session jwt bearer csrf xsrf
   signature signatures sig cvv cvc`.split(/\s+/),
)

/** Beginnings and ends of a part that is written without separators: `userpass`, `authcode`. */
const COMPOUNDS =
  /(?:pass|pw|auth|otp|keys?|signature|pincode|pinnumber)$|^(?:otp|auth(?:code|data|hash|header|key|str|string|token|value)$)|^(?:user|login|new|old|card|my)pin$/

/** Ordinary words that only look like compounds. */
const ORDINARY =
  /^(?:by|com|en?com|over|re|sur|tres|under)pass$|(?:cas|coc|don|hoc|hot|jac|joc|lac|mic|mon|smo|tur|turn|whis)keys?$/

/** Parts of secret names that are found anywhere, however the name is spelt and separated. */
const STEMS =
  /pas+w|passphrase|passcode|pwd|token|(?<!pos|ob)session|secret(?!ar)|credential|authori[sz]ation|cookie|jwt/

/** Codes that replace or complete a password. */
const CODES =
  /(?:access|activation|auth|authentication|backup|confirmation|login|mfa|one.?time|recovery|reset|security|sms|tfa|2fa|totp|verification)codes?$/

/** Names of keys that identify something and give no access. */
const OPEN_KEYS = /(?:idempotency|public|primary|foreign|sort)keys?$/

/**
 * Last parts of names that describe a secret and do not hold it: `passwordExpires`, `tokenType`.
 */
const DESCRIPTIONS =
  /(?:expires|expiry|expiration|expired|required|policy|type|length|count|enabled|strength|(?:expires|changed|created|updated)(?:in|at|on))$/

/** Maximum number of names that are remembered; names are few and repeat. */
const MAX_REMEMBERED = 5000

/**
 * Tells names of secrets from other names: of headers, parameters, fields, members, elements and
 * attributes. Letter case and separators are ignored.
 */
export class SecretNames {
  /** Additional names, in lower case without separators. */
  readonly #added: readonly string[]
  readonly #known = new Map<string, boolean>()

  /**
   * @param added further names: `dealerCode` also makes `dealer_code` and `user[dealerCode]` secret
   */
  constructor(added: readonly string[] = []) {
    this.#added = added.map((name) => partsOf(name).join('')).filter((name) => name !== '')
  }

  /** Tests a name such as `password`, `user[PASS_WORD]`, `x-api-key` or `pass\u0077ord`. */
  has(name: string): boolean {
    let isSecret = this.#known.get(name)
    if (isSecret === undefined) {
      isSecret = this.#judge(name)
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
      if (name.length <= 100) this.#known.set(name, isSecret)
    }
    return isSecret
  }

  #judge(name: string): boolean {
    // No real name is longer, and a longer text would have too many parts.
    const parts = partsOf(name.slice(-200))
    const joined = parts.join('')
    if (this.#added.some((one) => joined.endsWith(one) && isAtBoundary(parts, one))) return true
    if (OPEN_KEYS.test(joined) || DESCRIPTIONS.test(joined)) return false
    return (
      STEMS.test(joined) ||
      CODES.test(joined) ||
      parts.some((part) => WORDS.has(part) || (COMPOUNDS.test(part) && !ORDINARY.test(part)))
    )
  }
}

/** The names that are secret in every server. */
export const SECRET_NAMES = new SecretNames()

/**
 * True if the word is the last part of a name, or its last parts joined; `rpin` is not found in `carpin`, which is one part.
 */
function isAtBoundary(parts: readonly string[], word: string): boolean {
  let end = ''
  for (const part of parts.toReversed()) {
    end = part + end
    if (end.length >= word.length) return end === word
  }
  return false
}

/** Splits a name at separators and at changes of case: `userPassword`, `API_KEY`, `user[pin]`. */
function partsOf(name: string): string[] {
  const decoded = /[\\%]/.test(name) ? decodedName(decodedName(name)) : name
  return decoded
    .replaceAll(/([a-z])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+|(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])/)
    .filter((part) => part !== '')
}

/** Decodes the escapes of JSON and of URLs. */
function decodedName(name: string): string {
  return name
    .replaceAll(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
}
