import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { distance } from '../words.ts'
import { Problem } from '../problem.ts'
import { codeOf, messageOf } from '../errors.ts'
import { rangeOf, type AddressRange } from './address-ranges.ts'

/** Addresses that the server may call. Metadata, link-local and similar ranges are always refused. */
export type EgressPolicy =
  | { readonly kind: 'loopback' | 'private' | 'any' }
  /** Hosts in the spelling of a URL, each with or without `:port`. */
  | { readonly kind: 'hosts'; readonly hosts: readonly string[] }

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** A permitted URL with the address it resolved to. Senders connect to that address. */
export interface Target extends Address {
  readonly url: URL
  readonly port: number
  /** Host of the URL without brackets, for the Host header and the TLS server name. */
  readonly hostname: string
  /** True for https. */
  readonly secure: boolean
  /** Further addresses of the name, tried when the first does not accept the connection. */
  readonly others: readonly Address[]
}

/** Resolves a host name to all its addresses. */
export type Lookup = (
  hostname: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>

const SETTING = 'STANDIN_EGRESS (--egress)'
const MAX_URL_LENGTH = 2048
/** Time limit for resolving a name, in milliseconds. */
const LOOKUP_TIMEOUT = 5000

/** Host names of cloud metadata services, which hand out credentials. */
const METADATA_HOSTS = [
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
  'api.metadata.cloud.ibm.com',
  'instance-data',
  'instance-data.ec2.internal',
]

/** Ranges that each policy permits. A range that no policy permits is always refused. */
const ALLOWED: Readonly<Record<EgressPolicy['kind'], readonly AddressRange[]>> = {
  loopback: ['loopback'],
  private: ['loopback', 'private'],
  any: ['loopback', 'private', 'public'],
  hosts: ['loopback', 'private', 'public'],
}

const DESCRIPTIONS: Readonly<Record<AddressRange, string>> = {
  loopback: 'on this machine',
  private: 'in a private network',
  public: 'on the internet',
  metadata: 'a cloud metadata service',
  'link-local': 'a link-local address',
  unspecified: 'an unspecified address (use 127.0.0.1 for this machine)',
  multicast: 'a multicast address',
  reserved: 'a reserved address',
}

/**
 * Parses an egress policy: `loopback`, `private`, `any`, or hosts separated by commas.
 *
 * @throws Error with a message that lists the permitted values
 */
export function readEgress(text: string): EgressPolicy {
  const allowed =
    'must be loopback, private, any, or hosts such as hooks.example.test,10.0.0.5:8080'
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)
  const [first] = words
  if (first === undefined) throw new Error(allowed)
  const kind = first.toLowerCase()
  if (kind === 'loopback' || kind === 'private' || kind === 'any') {
    if (words.length > 1) throw new Error(`${allowed}, and ${kind} cannot be combined with hosts`)
    return { kind }
  }
  const hosts = words.map((word) => {
    const similar = MISTYPED_POLICIES.find((policy) => distance(word.toLowerCase(), policy) === 1)
    if (similar !== undefined) {
      throw new Error(`${allowed}; write ${similar}, or ${word}:80 for a host of this name`)
    }
    const host = readHost(word)
    if (host === undefined) throw new Error(allowed)
    return host
  })
  return { kind: 'hosts', hosts }
}

/** Policies that are checked for typing errors. `any` is too short: service names resemble it. */
const MISTYPED_POLICIES = ['loopback', 'private']

/** Words that are probably meant as a policy, so they are not accepted as host names. */
const NOT_A_HOST =
  /^(?:loopback|private|any|all|none|no|off|on|yes|true|false|public|local|internet)$/

/** Normalizes a host to its URL spelling; returns undefined for anything else. */
function readHost(word: string): string | undefined {
  const bare = isIP(word) === 6 ? `[${word}]` : word
  const [, name = '', port] = /^(\[[^\]]*\]|[^:/?#@\\*\s]+)(?::(\d{1,5}))?$/.exec(bare) ?? []
  if (name === '' || NOT_A_HOST.test(name.toLowerCase()) || Number(port ?? 1) > 65535)
    return undefined
  const url = `http://${name}`
  if (!URL.canParse(url)) return undefined
  const host = withoutTrailingDots(new URL(url).hostname)
  return port === undefined ? host : `${host}:${Number(port)}`
}

/** Checks the destination of every outgoing request against the egress policy. */
export class Egress {
  readonly policy: EgressPolicy
  readonly #lookup: Lookup

  constructor(policy: EgressPolicy, lookup: Lookup = lookupWithTimeout) {
    this.policy = policy
    this.#lookup = lookup
  }

  /**
   * Resolves the URL's host once and checks every address. One refused address refuses the URL,
   * because the connection could use any of them.
   *
   * @throws Problem 400 egress.malformed, egress.scheme, egress.refused, egress.unresolved
   */
  async resolve(url: string): Promise<Target> {
    const parsed = this.#parse(url)
    const addresses = await this.#lookUp(parsed)
    for (const { address } of addresses) this.#checkAddress(parsed, address)
    const [first, ...others] = addresses
    const { hostname } = parsed
    if (!first) throw new Problem(400, 'egress.unresolved', `${hostname} has no address`)
    return { ...parsed, ...first, others }
  }

  /** Returns the problem that refuses this URL, as far as its text shows; resolves no name. */
  refusalWithoutLookup(url: string): Problem | undefined {
    try {
      const parsed = this.#parse(url)
      if (isIP(parsed.hostname) > 0) this.#checkAddress(parsed, parsed.hostname)
      return undefined
    } catch (refusal) {
      if (refusal instanceof Problem) return refusal
      throw refusal
    }
  }

  /** Parses the URL and applies the checks that need no address. */
  #parse(text: string): Omit<Target, keyof Address | 'others'> {
    const url = parseUrl(text)
    const secure = url.protocol === 'https:'
    const port = Number(url.port || (secure ? 443 : 80))
    const host = withoutTrailingDots(url.hostname)
    if (METADATA_HOSTS.includes(host)) throw alwaysRefused(host, 'metadata')
    const { policy } = this
    if (
      policy.kind === 'hosts' &&
      ![host, `${host}:${port}`].some((one) => policy.hosts.includes(one))
    ) {
      const message = `${host}:${port} is not in ${SETTING}, which is ${policy.hosts.join(',') || 'not set'}: add it there`
      throw new Problem(400, 'egress.refused', message)
    }
    return { url, secure, port, hostname: host.replace(/^\[(.*)\]$/, '$1') }
  }

  async #lookUp({ hostname }: { hostname: string }): Promise<readonly Address[]> {
    const family = isIP(hostname)
    if (family !== 0) return [addressOf(hostname, family)]
    // RFC 6761: localhost is never looked up at a name server.
    if (/(?:^|\.)localhost$/.test(hostname)) return [addressOf('127.0.0.1', 4), addressOf('::1', 6)]
    try {
      const found = await this.#lookup(hostname)
      return found.map(({ address, family: of }) => addressOf(address, of))
    } catch (cause) {
      const why = codeOf(cause) ?? messageOf(cause)
      throw new Problem(400, 'egress.unresolved', `${hostname} has no address: ${why}`, { cause })
    }
  }

  #checkAddress({ hostname }: { hostname: string }, address: string): void {
    const range = rangeOf(address) ?? 'reserved'
    const shown = hostname === address ? hostname : `${hostname} (${address})`
    if (!ALLOWED.any.includes(range)) throw alwaysRefused(shown, range)
    const { kind } = this.policy
    if (ALLOWED[kind].includes(range)) return
    const sufficient = range === 'private' ? 'private' : 'any'
    throw new Problem(
      400,
      'egress.refused',
      `${shown} is ${DESCRIPTIONS[range]}, and ${SETTING} is ${kind}: set it to ${sufficient}, or to a list of hosts with ${hostname}`,
    )
  }
}

/** Parses a URL and refuses what no policy permits. */
function parseUrl(text: string): URL {
  const malformed = (why: string) =>
    new Problem(
      400,
      'egress.malformed',
      `The URL ${why}; expected a URL such as https://hooks.example.test/in`,
    )
  if (text.length > MAX_URL_LENGTH) throw malformed(`is longer than ${MAX_URL_LENGTH} characters`)
  if (!URL.canParse(text)) throw malformed('is malformed')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const message = `The URL must be http or https, got ${url.protocol.slice(0, 20)}`
    throw new Problem(400, 'egress.scheme', message)
  }
  if (url.username !== '' || url.password !== '')
    throw malformed('must not contain a user name or password')
  if (url.port === '0') throw malformed('must have a port from 1 to 65535')
  return url
}

function alwaysRefused(shown: string, range: AddressRange): Problem {
  const message = `${shown} is ${DESCRIPTIONS[range]}: it is never called, whatever ${SETTING} says`
  return new Problem(400, 'egress.refused', message)
}

/** Removes trailing dots: `example.test.` and `example.test` are the same name. */
function withoutTrailingDots(host: string): string {
  return host.replace(/\.+$/, '')
}

function addressOf(address: string, family: number): Address {
  return { address, family: family === 6 ? 6 : 4 }
}

/** Resolves a name with the system resolver, which has no time limit of its own. */
async function lookupWithTimeout(hostname: string): ReturnType<Lookup> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not found within ${LOOKUP_TIMEOUT} ms`)),
      LOOKUP_TIMEOUT,
    )
  })
  try {
    return await Promise.race([systemLookup(hostname, { all: true, verbatim: true }), expired])
  } finally {
    clearTimeout(timer)
  }
}
