import { BlockList, isIP, SocketAddress } from 'node:net'

/** The kind of network that an address belongs to. */
export type AddressRange =
  | 'loopback'
  | 'private'
  | 'public'
  | 'metadata'
  | 'link-local'
  | 'unspecified'
  | 'multicast'
  | 'reserved'

type Networks = readonly (readonly [range: AddressRange, ...networks: readonly string[]])[]

/** In order of precedence. Every other IPv4 address is public. */
const IPV4: Networks = [
  // Alibaba, Azure, Oracle (legacy) and the address that most clouds share.
  ['metadata', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', '169.254.169.254/32'],
  ['link-local', '169.254.0.0/16'],
  // On most systems 0.0.0.0 reaches the machine itself, although it is not a destination.
  ['unspecified', '0.0.0.0/8'],
  ['loopback', '127.0.0.0/8'],
  ['private', '10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'],
  ['reserved', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15'],
  ['reserved', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
  ['multicast', '224.0.0.0/4'],
]

/** In order of precedence. Every other IPv6 address is reserved: only 2000::/3 is allocated. */
const IPV6: Networks = [
  ['unspecified', '::/128'],
  ['loopback', '::1/128'],
  // Amazon, Google, Oracle and Scaleway.
  ['metadata', 'fd00:ec2::/32', 'fd20:ce::254/128', 'fd00:c1::a9fe:a9fe/128', 'fd00:42::42/128'],
  ['link-local', 'fe80::/10'],
  ['private', 'fc00::/7'],
  ['multicast', 'ff00::/8'],
  // Protocol assignments with Teredo (2001::/32), documentation, 6to4, documentation.
  ['reserved', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
  ['public', '2000::/3'],
]

const ALL_IPV4: Networks = [...IPV4, ['public', '0.0.0.0/0']]
const IPV4_LISTS = listsOf(ALL_IPV4, 'ipv4')
const IPV6_LISTS = [
  // IPv4-mapped addresses reach the IPv4 address itself.
  ...listsOf(embedded('::ffff:', ALL_IPV4), 'ipv6'),
  // A NAT64 gateway reaches its own loopback and private networks, not those of this machine.
  ...listsOf(embedded('64:ff9b::', ALL_IPV4), 'ipv6').map(
    ([range, list]) =>
      [range === 'loopback' || range === 'private' ? 'reserved' : range, list] as const,
  ),
  ...listsOf(IPV6, 'ipv6'),
]

/**
 * Returns the range of an address, or undefined for a text that is not an address. Addresses that
 * embed an IPv4 address for a relay (6to4, Teredo, ISATAP, IPv4-compatible, local NAT64) are
 * reserved: their real destination is unknown here.
 */
export function rangeOf(address: string): AddressRange | undefined {
  // A zone such as fe80::1%eth0 selects an interface, so the address is valid on one link only.
  const [plain = '', ...zones] = address.split('%')
  const version = isIP(plain)
  if (version === 0) return undefined
  if (zones.length > 0) return 'link-local'
  if (version === 6 && isIsatap(plain)) return 'reserved'
  // Parsed once: a check of the text would parse it for every list.
  const parsed = new SocketAddress({ address: plain, family: version === 4 ? 'ipv4' : 'ipv6' })
  const lists = version === 4 ? IPV4_LISTS : IPV6_LISTS
  const found = lists.find(([, list]) => list.check(parsed))
  return found?.[0] ?? 'reserved'
}

function listsOf(table: Networks, family: 'ipv4' | 'ipv6') {
  return table.map(([range, ...networks]) => {
    const list = new BlockList()
    for (const network of networks) {
      const [address = '', bits] = network.split('/')
      list.addSubnet(address, Number(bits), family)
    }
    return [range, list] as const
  })
}

/** Writes IPv4 networks as IPv6 networks below a prefix of 96 bits. */
function embedded(prefix: string, table: Networks): Networks {
  return table.map(([range, ...networks]) => [
    range,
    ...networks.map((network) => {
      const [address = '', bits] = network.split('/')
      return `${prefix}${address}/${96 + Number(bits)}`
    }),
  ])
}

/** Matches an ISATAP interface identifier: 0:5efe or 200:5efe, followed by an IPv4 address. */
function isIsatap(address: string): boolean {
  if (!/5efe/i.test(address)) return false
  // The URL parser writes all groups in lower case and hexadecimal.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const zeros = 8 - text.split(':').filter(Boolean).length
  const groups = text
    .replace('::', `:${'0:'.repeat(zeros)}`)
    .split(':')
    .filter(Boolean)
  return groups[5] === '5efe' && (groups[4] === '0' || groups[4] === '200')
}
