import { isIP } from 'node:net'
import { listIn } from '../core/http/hosts.ts'
import { text } from '../core/option.ts'

// Each function reads the text of an option, or throws an Error that says what is allowed.

export function integer(minimum: number, maximum: number) {
  return (given: string): number => {
    const value = Number(given)
    if (!/^\d+$/.test(given) || value < minimum || value > maximum) {
      throw new Error(`must be a whole number from ${minimum} to ${maximum}`)
    }
    return value
  }
}

/** Reads an address to listen on, without brackets, or a host name. */
export function address(given: string): string {
  if (isIP(text(given)) !== 0 || /^(?!-)[\w.-]{1,253}$/.test(given)) return given
  throw new Error('must be an address or a name without a port, such as 127.0.0.1, 0.0.0.0 or ::1')
}

export function oneOf<const T extends string>(...values: readonly T[]) {
  return (given: string): T => {
    const found = values.find((value) => value === given)
    if (!found) throw new Error(`must be one of ${values.join(', ')}`)
    return found
  }
}

/** Reads a time with its zone. Returns milliseconds since 1970. */
export function readTime(given: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)$/.test(given)
    ? Date.parse(given)
    : NaN
  if (Number.isNaN(time)) {
    throw new Error('must be a time with its zone, such as 2026-01-15T09:30:00Z')
  }
  return time
}

export function webhookUrl(given: string): string {
  if (given === 'inbox' || given === 'none') return given
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given
  throw new Error('must be inbox, none, or an http or https URL')
}

export function adminToken(given: string): string {
  if (given !== 'none' && !/^[\x21-\x7e]{8,}$/.test(given)) {
    throw new Error('must have at least 8 ASCII characters without spaces, or be none')
  }
  return given
}

/** Reads names of headers and fields: `dealerCode,X-Trace`, or a JSON array of them. */
export function readSecretNames(given: string): readonly string[] {
  return listIn(given).map((name) => {
    if (/[A-Za-z0-9]/.test(name) && /^[\w.-]{2,100}$/.test(name)) return name
    throw new Error('must be names of headers or fields, such as dealerCode,X-Trace')
  })
}
