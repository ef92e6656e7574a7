import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { distance } from '../words.ts'
import { Problem } from '../problem.ts'
import { codeOf, messageOf } from '../errors.ts'
import { reachOf, type Reach } from './address-ranges.ts'

/** Which addresses the server may call. Some are refused under each of them. */
export type EgressPolicy =
  | { readonly kind: 'loopback' | 'private' | 'any' }
  /** Hosts as a URL spells them, each with or without `:port`. */
  | { readonly kind: 'hosts'; readonly hosts: readonly string[] }

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** A URL that may be called, with the address that it was looked up to: connect to that one. */
export interface Target extends Address {
  readonly url: URL
  readonly port: number
  /** As the URL has it, without brackets: for the Host header and the name in TLS. */
  readonly hostname: string
  /** https */
  readonly secure: boolean
  /** Further addresses of the name, for when the first one takes no connection. */
  readonly others: readonly Address[]
}

/** Every address of a host name. */
export type Lookup = (
  hostname: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>

const SETTING = 'STANDIN_EGRESS (--egress)'
const LONGEST_URL = 2048
/** Milliseconds for a name to be found. */
const PATIENCE = 5000

/** Names under which clouds keep the credentials of their machines. */
const METADATA = [
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
  'api.metadata.cloud.ibm.com',
  'instance-data',
  'instance-data.ec2.internal',
]

/** What each policy lets through. What is in none is refused always. */
const ALLOWED: Readonly<Record<EgressPolicy['kind'], readonly Reach[]>> = {
  loopback: ['loopback'],
  private: ['loopback', 'private'],
  any: ['loopback', 'private', 'public'],
  hosts: ['loopback', 'private', 'public'],
}

const IN_WORDS: Readonly<Record<Reach, string>> = {
  loopback: 'on this machine',
  private: 'in a private network',
  public: 'in the internet',
  metadata: 'the metadata service of a cloud',
  'link-local': 'a link-local address',
  unspecified: 'no address to call; 127.0.0.1 is this machine',
  multicast: 'a multicast address',
  reserved: 'a reserved address',
}

/** `loopback`, `private`, `any`, or hosts with commas between. Throws an Error that says so. */
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
    if (words.length > 1) throw new Error(`${allowed}, and ${kind} stands alone`)
    return { kind }
  }
  const hosts = words.map((word) => {
    const meant = MISTAKABLE.find((policy) => distance(word.toLowerCase(), policy) === 1)
    if (meant !== undefined) {
      const host = `a host of that name is written with its port, such as ${word}:80`
      throw new Error(`${allowed}; did you mean ${meant}? (${host})`)
    }
    const host = readHost(word)
    if (host === undefined) throw new Error(allowed)
    return host
  })
  return { kind: 'hosts', hosts }
}

/** Policies that a word is one letter away from by mistake; for `any`, services' names are too short. */
const MISTAKABLE = ['loopback', 'private']

/** Words that a person may mean as a policy; a list of one host would be a surprise. */
const NO_HOST = /^(?:loopback|private|any|all|none|no|off|on|yes|true|false|public|local|internet)$/

/** A host as a URL spells it; undefined when it is none. */
function readHost(word: string): string | undefined {
  const bare = isIP(word) === 6 ? `[${word}]` : word
  const [, name = '', port] = /^(\[[^\]]*\]|[^:/?#@\\*\s]+)(?::(\d{1,5}))?$/.exec(bare) ?? []
  if (name === '' || NO_HOST.test(name.toLowerCase()) || Number(port ?? 1) > 65535) return undefined
  const url = `http://${name}`
  if (!URL.canParse(url)) return undefined
  const host = withoutDots(new URL(url).hostname)
  return port === undefined ? host : `${host}:${Number(port)}`
}

/** The one gate for everything that leaves the server. */
export class Egress {
  readonly policy: EgressPolicy
  readonly #lookup: Lookup

  constructor(policy: EgressPolicy, lookup: Lookup = inTime) {
    this.policy = policy
    this.#lookup = lookup
  }

  /**
   * Looks a name up once. It is refused if one of its addresses is: which of them a connection
   * would take is not ours to say.
   *
   * @throws Problem 400 egress.malformed, egress.scheme, egress.refused, egress.unresolved
   */
  async resolve(url: string): Promise<Target> {
    const place = this.#place(url)
    const addresses = await this.#addressesOf(place)
    for (const { address } of addresses) this.#check(place, address)
    const [first, ...others] = addresses
    const { hostname } = place
    if (!first) throw new Problem(400, 'egress.unresolved', `${hostname} has no address`)
    return { ...place, ...first, others }
  }

  /** Why this URL is refused, as far as can be said without a look-up. */
  refusesLiterally(url: string): Problem | undefined {
    try {
      const place = this.#place(url)
      if (isIP(place.hostname) > 0) this.#check(place, place.hostname)
      return undefined
    } catch (refusal) {
      if (refusal instanceof Problem) return refusal
      throw refusal
    }
  }

  /** What its text says, refused where that is enough. */
  #place(text: string): Omit<Target, keyof Address | 'others'> {
    const url = read(text)
    const secure = url.protocol === 'https:'
    const port = Number(url.port || (secure ? 443 : 80))
    const host = withoutDots(url.hostname)
    if (METADATA.includes(host)) throw never(host, 'metadata')
    const { policy } = this
    if (
      policy.kind === 'hosts' &&
      ![host, `${host}:${port}`].some((is) => policy.hosts.includes(is))
    ) {
      const message = `${host}:${port} is not in ${SETTING}, which is ${policy.hosts.join(',') || 'not set'}: add it there`
      throw new Problem(400, 'egress.refused', message)
    }
    return { url, secure, port, hostname: host.replace(/^\[(.*)\]$/, '$1') }
  }

  async #addressesOf({ hostname }: { hostname: string }): Promise<readonly Address[]> {
    const family = isIP(hostname)
    if (family !== 0) return [addressOf(hostname, family)]
    // No name server is asked for this machine (RFC 6761).
    if (/(?:^|\.)localhost$/.test(hostname)) return [addressOf('127.0.0.1', 4), addressOf('::1', 6)]
    try {
      const found = await this.#lookup(hostname)
      return found.map(({ address, family: of }) => addressOf(address, of))
    } catch (cause) {
      const why = codeOf(cause) ?? messageOf(cause)
      throw new Problem(400, 'egress.unresolved', `${hostname} has no address: ${why}`, { cause })
    }
  }

  #check({ hostname }: { hostname: string }, address: string): void {
    const reach = reachOf(address) ?? 'reserved'
    const shown = hostname === address ? hostname : `${hostname} (${address})`
    if (!ALLOWED.any.includes(reach)) throw never(shown, reach)
    const { kind } = this.policy
    if (ALLOWED[kind].includes(reach)) return
    const enough = reach === 'private' ? 'private' : 'any'
    throw new Problem(
      400,
      'egress.refused',
      `${shown} is ${IN_WORDS[reach]}, and ${SETTING} is ${kind}: set it to ${enough}, or to a list with ${hostname}`,
    )
  }
}

/** A URL that can be sent to, whatever the policy. */
function read(text: string): URL {
  const malformed = (why: string) =>
    new Problem(
      400,
      'egress.malformed',
      `The URL ${why}; one is such as https://hooks.example.test/in`,
    )
  if (text.length > LONGEST_URL) throw malformed(`is longer than ${LONGEST_URL} characters`)
  if (!URL.canParse(text)) throw malformed('is none')
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    const message = `A webhook goes to http and https only, not to ${url.protocol.slice(0, 20)}`
    throw new Problem(400, 'egress.scheme', message)
  }
  if (url.username !== '' || url.password !== '') throw malformed('must hold no user and password')
  if (url.port === '0') throw malformed('must have a port from 1 to 65535')
  return url
}

function never(shown: string, reach: Reach): Problem {
  const message = `${shown} is ${IN_WORDS[reach]}: it is never called, whatever ${SETTING} says`
  return new Problem(400, 'egress.refused', message)
}

/** `example.test.` and `example.test` are one name. */
function withoutDots(host: string): string {
  return host.replace(/\.+$/, '')
}

function addressOf(address: string, family: number): Address {
  return { address, family: family === 6 ? 6 : 4 }
}

/** The machine's own look-up, which alone could take minutes. */
async function inTime(hostname: string): ReturnType<Lookup> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not found within ${PATIENCE} ms`)), PATIENCE)
  })
  try {
    return await Promise.race([systemLookup(hostname, { all: true, verbatim: true }), late])
  } finally {
    clearTimeout(timer)
  }
}
