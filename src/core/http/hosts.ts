import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** Host of a URL or a Host header, normalized as by a browser. */
export interface Host {
  /** In lower case, without brackets and without a trailing dot. */
  readonly name: string
  /** Empty for the scheme's default port. */
  readonly port: string
  readonly isAddress: boolean
}

/** A name or an address with an optional port, and nothing else that a URL may hold. */
const HOST_SYNTAX = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/

/** Parsed Host headers; cleared when it is full. */
const cache = new Map<string, Host | undefined>()
const MAX_CACHED = 100

/** Parses a Host header such as `[::1]:80`, `LOCALHOST.` or `0x7f.1`; undefined if it is invalid. */
export function readHost(text: string): Host | undefined {
  if (cache.has(text)) return cache.get(text)
  if (cache.size >= MAX_CACHED) cache.clear()
  const host = HOST_SYNTAX.test(text) ? hostOfUrl(`http://${text}/`) : undefined
  if (text.length < 300) cache.set(text, host)
  return host
}

/** Parses an Origin header; undefined if it names no host, such as `null`. */
export function hostOfOrigin(origin: string): Host | undefined {
  return /^https?:\/\/[^/?#@\s]+$/i.test(origin) ? hostOfUrl(origin) : undefined
}

function hostOfUrl(url: string): Host | undefined {
  if (!URL.canParse(url)) return undefined
  const { hostname, port } = new URL(url)
  const name = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return name === '' ? undefined : { name, port, isAddress: isIP(name) > 0 }
}

/**
 * Writes the address that a server listens on as the host of a URL, with brackets around an IPv6
 * address. For a server on all interfaces (`0.0.0.0`, `::`), the host is `local`.
 */
export function hostForUrl(host: string, local = 'localhost'): string {
  if (host === '0.0.0.0' || host === '::') return local
  return host.includes(':') ? `[${host}]` : host
}

/** True for names and addresses that stay on this machine. */
export function isLoopback(name: string): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    (isIP(name) === 4 && name.startsWith('127.')) ||
    // IPv4-mapped loopback addresses, as the system writes them and as a URL does.
    /^::ffff:(127\.|7f[0-9a-f]{2}:)/.test(name)
  )
}

/** True if the list holds the name, `*`, or a wildcard such as `*.example.test` that covers it. */
export function isListed(name: string, list: readonly string[]): boolean {
  return list.some(
    (entry) =>
      entry === '*' || entry === name || (entry[0] === '*' && name.endsWith(entry.slice(1))),
  )
}

/**
 * Parses host names: `a.test,*.b.test`, or a JSON array of them.
 *
 * @throws Error that says what is allowed
 */
export function readNames(given: string): readonly string[] {
  return listIn(given).map((entry) => {
    const name = readHost(entry.replace(/^\*\./, ''))?.name
    if (entry === '*') return entry
    if (name === undefined || /:\d+$/.test(entry.replace(/\[.*\]/, ''))) {
      throw new Error('must be names without ports, such as standin.test,*.example.test, or *')
    }
    return entry.startsWith('*.') ? `*.${name}` : name
  })
}

/**
 * Parses origins: `https://a.test,http://b.test:3000`, or a JSON array of them.
 *
 * @throws Error that says what is allowed
 */
export function readOrigins(given: string): readonly string[] {
  return listIn(given).map((entry) => {
    if (!hostOfOrigin(entry)) {
      throw new Error(
        'must be origins such as http://localhost:3000,https://app.test; * is not allowed',
      )
    }
    return new URL(entry).origin
  })
}

/** Splits a list: `a,b`, or a JSON array of texts. */
export function listIn(given: string): readonly string[] {
  const isJson = given === '[]' || given.startsWith('["')
  const list: unknown = isJson ? JSON.parse(given) : given.split(',')
  const entries = Array.isArray(list) ? list.map(String) : []
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
}

interface RequestHead {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** True for a CORS preflight: the request by which a browser asks if a page may call. */
export function isPreflight({ method, headers }: RequestHead): boolean {
  const { origin, 'access-control-request-method': plannedMethod } = headers
  return method === 'OPTIONS' && origin !== undefined && plannedMethod !== undefined
}
