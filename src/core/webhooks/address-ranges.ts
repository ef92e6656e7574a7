import { isIP } from 'node:net'

/** Where an address leads. */
export type AddressRange =
  | 'loopback'
  | 'private'
  | 'public'
  | 'metadata'
  | 'link-local'
  | 'unspecified'
  | 'multicast'
  | 'reserved'

type Rule = readonly [network: string, reach: AddressRange]

/** The first that fits counts. What fits none is public. */
const IPV4 = rules([
  // Alibaba's and Azure's; Oracle's old one. The others are link-local.
  ['100.100.100.200/32', 'metadata'],
  ['168.63.129.16/32', 'metadata'],
  ['192.0.0.192/32', 'metadata'],
  ['169.254.169.254/32', 'metadata'],
  ['169.254.0.0/16', 'link-local'],
  // 0.0.0.0 reaches the machine itself on most systems, and is no address to call.
  ['0.0.0.0/8', 'unspecified'],
  ['127.0.0.0/8', 'loopback'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved'],
  ['192.88.99.0/24', 'reserved'],
  ['198.18.0.0/15', 'reserved'],
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
])

/** The first that fits counts. What fits none is reserved: only 2000::/3 is handed out. */
const IPV6 = rules([
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  // Amazon's, Google's, Oracle's and Scaleway's.
  ['fd00:ec2::/32', 'metadata'],
  ['fd20:ce::254/128', 'metadata'],
  ['fd00:c1::a9fe:a9fe/128', 'metadata'],
  ['fd00:42::42/128', 'metadata'],
  ['fe80::/10', 'link-local'],
  ['fc00::/7', 'private'],
  ['ff00::/8', 'multicast'],
  // Protocol assignments, Teredo (2001::/32) among them; documentation; 6to4; documentation.
  ['2001::/23', 'reserved'],
  ['2001:db8::/32', 'reserved'],
  ['2002::/16', 'reserved'],
  ['3fff::/20', 'reserved'],
  ['2000::/3', 'public'],
])

const MAPPED = network('::ffff:0:0/96')
const NAT64 = network('64:ff9b::/96')

/**
 * Where an address leads; undefined when the text is none. Addresses that hide an IPv4 address
 * for a relay to find (6to4, Teredo, ISATAP, IPv4-compatible, local NAT64) are reserved: what
 * they reach cannot be told from here.
 */
export function rangeOf(address: string): AddressRange | undefined {
  // fe80::1%eth0: a zone says by which interface, and so it belongs to a link alone.
  const [plain = '', ...zones] = address.split('%')
  const family = isIP(plain)
  if (family === 0) return undefined
  if (zones.length > 0) return 'link-local'
  const bytes = bytesOf(plain)
  if (family === 4) return found(IPV4, bytes) ?? 'public'
  const last = bytes.slice(12)
  if (fits(bytes, MAPPED)) return found(IPV4, last) ?? 'public'
  if (fits(bytes, NAT64)) {
    const reach = found(IPV4, last) ?? 'public'
    // Behind a NAT64, loopback and private networks are somebody else's.
    return reach === 'loopback' || reach === 'private' ? 'reserved' : reach
  }
  return isIsatap(bytes) ? 'reserved' : (found(IPV6, bytes) ?? 'reserved')
}

interface Network {
  readonly bytes: Uint8Array
  readonly bits: number
}

function rules(given: readonly Rule[]): readonly (readonly [Network, AddressRange])[] {
  return given.map(([text, reach]) => [network(text), reach])
}

function network(text: string): Network {
  const [address = '', bits] = text.split('/')
  return { bytes: bytesOf(address), bits: Number(bits) }
}

function found(
  among: readonly (readonly [Network, AddressRange])[],
  bytes: Uint8Array,
): AddressRange | undefined {
  return among.find(([one]) => fits(bytes, one))?.[1]
}

function fits(bytes: Uint8Array, { bytes: other, bits }: Network): boolean {
  return bytes.every((byte, index) => {
    const compared = Math.min(8, Math.max(0, bits - index * 8))
    return byte >> (8 - compared) === other[index]! >> (8 - compared) // both have the same length
  })
}

/** An interface identifier of ISATAP: 0:5efe or 200:5efe, and then an IPv4 address. */
function isIsatap(bytes: Uint8Array): boolean {
  return (bytes[8]! & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe
}

/** The bytes of an address that is known to be one. */
function bytesOf(address: string): Uint8Array {
  if (!address.includes(':')) return Uint8Array.from(address.split('.'), Number)
  const [head = '', tail] = address.split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const between = Array.from({ length: 8 - before.length - after.length }, () => 0)
  const groups = [...before, ...between, ...after]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** 16 bits each; an IPv4 address at the end is two of them. */
function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a, b, c, d] = bytesOf(group)
    return [a! * 256 + b!, c! * 256 + d!] // it was known to be an address
  })
}
