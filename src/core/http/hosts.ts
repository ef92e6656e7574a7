import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** What a URL or a Host header names, as a browser would spell it. */
export interface Host {
  /** In lower case, without brackets and without a dot at its end. */
  readonly name: string
  /** Empty where it is the scheme's own. */
  readonly port: string
  readonly isAddress: boolean
}

/** A name or an address and a port, and nothing that a URL may have besides. */
const FORM = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/

/** Spellings that were met, so that nobody pays twice for the same; emptied before it grows. */
const read = new Map<string, Host | undefined>()
const MOST_READ = 100

/** What is in a Host header: `[::1]:80`, `LOCALHOST.`, `0x7f.1`; undefined: no host at all. */
export function readHost(text: string): Host | undefined {
  if (read.has(text)) return read.get(text)
  if (read.size >= MOST_READ) read.clear()
  const host = FORM.test(text) ? hostIn(`http://${text}/`) : undefined
  if (text.length < 300) read.set(text, host)
  return host
}

/** The host of an Origin header; undefined: it is none, such as `null`. */
export function hostOfOrigin(origin: string): Host | undefined {
  return /^https?:\/\/[^/?#@\s]+$/i.test(origin) ? hostIn(origin) : undefined
}

function hostIn(url: string): Host | undefined {
  if (!URL.canParse(url)) return undefined
  const { hostname, port } = new URL(url)
  const name = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return name === '' ? undefined : { name, port, isAddress: isIP(name) > 0 }
}

/** Whether this name or address never leaves the machine. */
export function isLoopback(name: string): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    (isIP(name) === 4 && name.startsWith('127.')) ||
    // 127.0.0.1 in an IPv6 socket, as the system writes it and as a URL does.
    /^::ffff:(127\.|7f[0-9a-f]{2}:)/.test(name)
  )
}

/** Whether one of these is the name: the same, or `*.example.test` for all below example.test. */
export function isListed(name: string, list: readonly string[]): boolean {
  return list.some(
    (entry) =>
      entry === '*' || entry === name || (entry[0] === '*' && name.endsWith(entry.slice(1))),
  )
}

/** `a.test,*.b.test`, or those in a JSON array. Throws an Error that says what is allowed. */
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

/** `https://a.test,http://b.test:3000`. Throws an Error that says what is allowed. */
export function readOrigins(given: string): readonly string[] {
  return listIn(given).map((entry) => {
    if (!hostOfOrigin(entry)) {
      throw new Error('must be origins such as http://localhost:3000,https://app.test; * is none')
    }
    return new URL(entry).origin
  })
}

function listIn(given: string): readonly string[] {
  const isJson = given === '[]' || given.startsWith('["')
  const list: unknown = isJson ? JSON.parse(given) : given.split(',')
  const entries = Array.isArray(list) ? list.map(String) : []
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
}

/** What of a request says who asks. */
interface Asked {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** Whether a browser asks by this request if a page may call. */
export function isPreflight({ method, headers }: Asked): boolean {
  const { origin, 'access-control-request-method': wanted } = headers
  return method === 'OPTIONS' && origin !== undefined && wanted !== undefined
}
