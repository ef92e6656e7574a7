import { assert, constantFrom, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rangeOf } from '../../../src/core/webhooks/address-ranges.ts'
import { Egress, readEgress, type Lookup } from '../../../src/core/webhooks/egress.ts'
import { Problem } from '../../../src/core/problem.ts'

/** Strictest policy that permits an address, or `never`. */
type Strictest = 'loopback' | 'private' | 'any' | 'never'
const POLICIES = ['loopback', 'private', 'any'] as const

/** Hosts as written in a URL. */
const TABLE: readonly (readonly [host: string, strictest: Strictest])[] = [
  // this machine
  ['127.0.0.1', 'loopback'],
  ['127.0.0.1.', 'loopback'],
  ['127.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['2130706433', 'loopback'],
  ['0x7f000001', 'loopback'],
  ['0x7f.1', 'loopback'],
  ['0177.0.0.1', 'loopback'],
  ['%31%32%37.0.0.1', 'loopback'],
  ['①②⑦.0.0.1', 'loopback'],
  ['[::1]', 'loopback'],
  ['[0:0:0:0:0:0:0:1]', 'loopback'],
  ['[::ffff:127.0.0.1]', 'loopback'],
  ['[::ffff:7f00:1]', 'loopback'],
  ['localhost', 'loopback'],
  ['LOCALHOST.', 'loopback'],
  ['api.localhost', 'loopback'],
  // private networks
  ['10.0.0.1', 'private'],
  ['10.255.255.255', 'private'],
  ['012.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['3232235777', 'private'],
  ['100.64.0.1', 'private'],
  ['100.127.255.255', 'private'],
  ['[::ffff:192.168.1.1]', 'private'],
  ['[fc00::1]', 'private'],
  ['[fd12:3456:789a::1]', 'private'],
  // the internet
  ['8.8.8.8', 'any'],
  ['9.255.255.255', 'any'],
  ['172.15.255.255', 'any'],
  ['172.32.0.0', 'any'],
  ['100.63.255.255', 'any'],
  ['100.128.0.0', 'any'],
  ['169.253.255.255', 'any'],
  ['192.167.255.255', 'any'],
  ['223.255.255.255', 'any'],
  ['[2606:4700:4700::1111]', 'any'],
  ['[::ffff:8.8.8.8]', 'any'],
  ['[64:ff9b::8.8.8.8]', 'any'],
  // cloud metadata services, in every spelling
  ['169.254.169.254', 'never'],
  ['169.254.169.254.', 'never'],
  ['2852039166', 'never'],
  ['0xa9fea9fe', 'never'],
  ['0xA9.0xFE.0xA9.0xFE', 'never'],
  ['0251.0376.0251.0376', 'never'],
  ['169.254.43518', 'never'],
  ['169.16689662', 'never'],
  ['１６９.254.169.254', 'never'],
  ['[::ffff:169.254.169.254]', 'never'],
  ['[::ffff:a9fe:a9fe]', 'never'],
  ['[0:0:0:0:0:ffff:a9fe:a9fe]', 'never'],
  ['[::169.254.169.254]', 'never'],
  ['[::ffff:0:169.254.169.254]', 'never'],
  ['[64:ff9b::169.254.169.254]', 'never'],
  ['[64:ff9b:1::a9fe:a9fe]', 'never'],
  ['[64:ff9b:1:a9fe:a9:fe00::]', 'never'],
  ['[2002:a9fe:a9fe::1]', 'never'],
  ['[2001:0:4136:e378:8000:63bf:5601:5601]', 'never'],
  ['[2606:4700::5efe:a9fe:a9fe]', 'never'],
  ['[fd00::200:5efe:a9fe:a9fe]', 'never'],
  ['[fd00:ec2::254]', 'never'],
  ['[fd20:ce::254]', 'never'],
  ['[fd00:c1::a9fe:a9fe]', 'never'],
  ['100.100.100.200', 'never'],
  ['168.63.129.16', 'never'],
  ['192.0.0.192', 'never'],
  ['metadata.google.internal', 'never'],
  ['METADATA.google.internal.', 'never'],
  ['instance-data', 'never'],
  // link-local
  ['169.254.0.1', 'never'],
  ['169.254.170.2', 'never'],
  ['[fe80::1]', 'never'],
  ['[febf::1]', 'never'],
  // unspecified: 0.0.0.0 would reach this machine
  ['0.0.0.0', 'never'],
  ['0', 'never'],
  ['0.1.2.3', 'never'],
  ['[::]', 'never'],
  ['[::ffff:0.0.0.0]', 'never'],
  // multicast, broadcast, reserved, documentation, private networks behind a NAT64
  ['224.0.0.1', 'never'],
  ['239.255.255.255', 'never'],
  ['255.255.255.255', 'never'],
  ['240.0.0.1', 'never'],
  ['192.0.2.1', 'never'],
  ['198.18.0.1', 'never'],
  ['198.51.100.1', 'never'],
  ['203.0.113.1', 'never'],
  ['[ff02::1]', 'never'],
  ['[2001:db8::1]', 'never'],
  ['[3fff::1]', 'never'],
  ['[fec0::1]', 'never'],
  ['[100::1]', 'never'],
  ['[::7f00:1]', 'never'],
  ['[64:ff9b::127.0.0.1]', 'never'],
  ['[64:ff9b::10.0.0.1]', 'never'],
  ['[2002:7f00:1::]', 'never'],
]

const allows = (policy: (typeof POLICIES)[number], strictest: Strictest) =>
  strictest !== 'never' && POLICIES.indexOf(policy) >= POLICIES.indexOf(strictest)

/** Removes the brackets of a URL. */
const bare = (host: string) => host.replace(/^\[(.*)\]$/, '$1')

/** A lookup that resolves only these names. */
const resolving =
  (names: Readonly<Record<string, readonly string[]>>): Lookup =>
  async (name) => {
    const found = names[name]
    if (!found)
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
    return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }

const noLookup: Lookup = (name) => Promise.reject(new Error(`${name} was looked up`))

async function refusalOf(attempt: Promise<unknown>): Promise<Problem> {
  const thrown: unknown = await attempt.then(
    () => new Error('The URL was permitted'),
    (error: unknown) => error,
  )
  if (thrown instanceof Problem) return thrown
  throw thrown
}

describe.each(POLICIES)('under %s', (policy) => {
  const egress = new Egress({ kind: policy }, noLookup)

  test.each(TABLE)('http://%s/ is permitted from policy %s on', async (host, strictest) => {
    const url = `http://${host}/hook`
    if (allows(policy, strictest)) {
      await expect(egress.resolve(url)).resolves.toMatchObject({ port: 80, secure: false })
      expect(egress.refusalWithoutLookup(url)).toBeUndefined()
      return
    }
    const refusal = await refusalOf(egress.resolve(url))
    expect(refusal).toMatchObject({ status: 400, reason: 'egress.refused' })
    expect(refusal.message).toContain('STANDIN_EGRESS (--egress)')
    expect(egress.refusalWithoutLookup(url)?.message).toBe(refusal.message)
  })

  test.each(TABLE.filter(([host]) => /^[\d.]+\d$|^\[/.test(host) && rangeOf(bare(host))))(
    'a name that leads to %s is permitted from policy %s on',
    async (host, strictest) => {
      const named = new Egress({ kind: policy }, resolving({ 'hooks.example.test': [bare(host)] }))
      const url = 'https://hooks.example.test/in'
      expect(named.refusalWithoutLookup(url)).toBeUndefined()
      if (allows(policy, strictest)) {
        await expect(named.resolve(url)).resolves.toMatchObject({ address: bare(host) })
      } else {
        const refusal = await refusalOf(named.resolve(url))
        expect(refusal).toMatchObject({ reason: 'egress.refused' })
        expect(refusal.message).toContain(`hooks.example.test (${bare(host)})`)
      }
    },
  )
})

test('the table holds more than sixty different addresses', () => {
  expect(TABLE.length).toBeGreaterThan(60)
  expect(new Set(TABLE.map(([host]) => host)).size).toBe(TABLE.length)
})

test('all spellings of an address get the same result', () => {
  const hex = (value: number, digits = 0) => value.toString(16).padStart(digits, '0')
  const spellings: readonly ((bytes: readonly number[], value: number) => string)[] = [
    (_bytes, value) => `${value}`,
    (_bytes, value) => `0x${hex(value)}`,
    (_bytes, value) => `0${value.toString(8)}`,
    (bytes) => bytes.map((byte) => `0x${hex(byte)}`).join('.'),
    (bytes) => bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
    ([a, b], value) => `${a}.${b}.${value & 0xffff}`,
    ([a], value) => `${a}.${value & 0xffffff}`,
    (bytes) => `${bytes.join('.')}.`,
    (bytes) => `[::ffff:${bytes.join('.')}]`,
    (_bytes, value) => `[0:0:0:0:0:FFFF:${hex(value >>> 16)}:${hex(value & 0xffff, 4)}]`,
  ]
  const refusalReason = (policy: (typeof POLICIES)[number], host: string) =>
    new Egress({ kind: policy }).refusalWithoutLookup(`http://${host}/`)?.reason
  // Half of the addresses are near a range boundary, where mistakes are likely.
  const near = constantFrom(0x0a, 0x64, 0x7f, 0xa9fe, 0xac1, 0xc0a8, 0xe, 0xf)
  const value = integer({ min: 0, max: 0xffffffff })
  assert(
    property(
      value,
      near,
      constantFrom(...spellings),
      constantFrom(...POLICIES),
      (any, at, spell, policy) => {
        for (const one of [any, Number(`0x${(hex(at) + hex(any, 8)).slice(0, 8)}`)]) {
          const bytes = [24, 16, 8, 0].map((shift) => (one >>> shift) & 0xff)
          expect(refusalReason(policy, spell(bytes, one))).toBe(
            refusalReason(policy, bytes.join('.')),
          )
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('an address with a zone is link-local and refused', async () => {
  const egress = new Egress(
    { kind: 'any' },
    resolving({ 'near.test': ['fe80::1%eth0'], 'odd.test': ['::1%lo'] }),
  )
  for (const name of ['near.test', 'odd.test']) {
    const refusal = await refusalOf(egress.resolve(`http://${name}/`))
    expect(refusal.message).toMatch(/link-local/)
  }
})

test('a refusal names the setting and the value to set', () => {
  const message = (kind: 'loopback' | 'private', url: string) =>
    new Egress({ kind }).refusalWithoutLookup(url)?.message
  expect(message('loopback', 'http://10.0.0.5/')).toBe(
    '10.0.0.5 is in a private network, and STANDIN_EGRESS (--egress) is loopback: set it to private, or to a list of hosts with 10.0.0.5',
  )
  expect(message('private', 'http://8.8.8.8/')).toContain('set it to any, or to a list')
  expect(message('loopback', 'http://169.254.169.254/')).toContain('never called, whatever')
})

test('a name is refused if any of its addresses is refused', async () => {
  const lookup = resolving({ 'mixed.test': ['127.0.0.1', '10.0.0.1', '169.254.169.254'] })
  for (const policy of POLICIES) {
    const refusal = await refusalOf(
      new Egress({ kind: policy }, lookup).resolve('http://mixed.test/'),
    )
    expect(refusal.reason).toBe('egress.refused')
  }
})

test('a name is looked up once, and the target holds all its addresses', async () => {
  const answers = [['127.0.0.1', '::1'], ['169.254.169.254']]
  const egress = new Egress({ kind: 'loopback' }, async () =>
    (answers.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
  const target = await egress.resolve('https://rebound.test:8443/hook?x=1')
  expect({ ...target, url: target.url.href }).toEqual({
    url: 'https://rebound.test:8443/hook?x=1',
    hostname: 'rebound.test',
    port: 8443,
    secure: true,
    address: '127.0.0.1',
    family: 4,
    others: [{ address: '::1', family: 6 }],
  })
  expect(answers).toHaveLength(1)
})

test('localhost is this machine, whatever the name server answers', async () => {
  const egress = new Egress({ kind: 'loopback' }, resolving({ localhost: ['10.0.0.1'] }))
  const target = await egress.resolve('http://localhost:4020/')
  expect([target.address, ...target.others.map(({ address }) => address)]).toEqual([
    '127.0.0.1',
    '::1',
  ])
})

test.each([
  ['ftp://127.0.0.1/', 'egress.scheme'],
  ['file:///etc/passwd', 'egress.scheme'],
  ['gopher://127.0.0.1:25/', 'egress.scheme'],
  ['ws://127.0.0.1/', 'egress.scheme'],
  ['javascript:alert(1)', 'egress.scheme'],
  ['http://user@127.0.0.1/', 'egress.malformed'],
  ['http://user:word@127.0.0.1/', 'egress.malformed'],
  ['http://:word@127.0.0.1/', 'egress.malformed'],
  ['http://127.0.0.1:0/', 'egress.malformed'],
  ['http://127.0.0.1:65536/', 'egress.malformed'],
  ['http://[fe80::1%25eth0]/', 'egress.malformed'],
  ['http://256.256.256.256/', 'egress.malformed'],
  ['http://exa mple.test/', 'egress.malformed'],
  ['/hook', 'egress.malformed'],
  ['', 'egress.malformed'],
  [`http://127.0.0.1/${'x'.repeat(3000)}`, 'egress.malformed'],
])('%s is refused as %s', async (url, reason) => {
  const egress = new Egress({ kind: 'any' }, noLookup)
  expect(await refusalOf(egress.resolve(url))).toMatchObject({ status: 400, reason })
  expect(egress.refusalWithoutLookup(url)?.reason).toBe(reason)
})

test('a refusal never shows the password of the URL', () => {
  const refusal = new Egress({ kind: 'any' }).refusalWithoutLookup('http://user:hunter2@127.0.0.1/')
  expect(refusal?.message).not.toContain('hunter2')
})

test('a name without an address is unresolved', async () => {
  const egress = new Egress({ kind: 'any' }, resolving({ 'empty.test': [] }))
  for (const name of ['nowhere.test', 'empty.test']) {
    const refusal = await refusalOf(egress.resolve(`http://${name}/`))
    expect(refusal).toMatchObject({ status: 400, reason: 'egress.unresolved' })
    expect(refusal.message).toContain(`${name} has no address`)
  }
})

describe('a list of hosts', () => {
  const egress = new Egress(
    readEgress('Hooks.Example.test, 10.0.0.5:8080, ::1, metadata.google.internal, 169.254.169.254'),
    resolving({
      'hooks.example.test': ['93.184.215.14'],
      'other.example.test': ['93.184.215.14'],
      'www.hooks.example.test': ['93.184.215.14'],
    }),
  )

  test.each([
    'https://hooks.example.test/in',
    'http://HOOKS.example.test.:81/',
    'http://10.0.0.5:8080/',
    'http://0xa000005:8080/',
    'http://[0::1]:4020/',
  ])('permits %s', async (url) => {
    await expect(egress.resolve(url)).resolves.toBeDefined()
    expect(egress.refusalWithoutLookup(url)).toBeUndefined()
  })

  test.each([
    'https://other.example.test/',
    'https://www.hooks.example.test/',
    'http://10.0.0.5/',
    'http://10.0.0.5:8081/',
    'http://127.0.0.1/',
    'http://localhost/',
    'http://metadata.google.internal/',
    'http://169.254.169.254/',
  ])('refuses %s', async (url) => {
    expect(await refusalOf(egress.resolve(url))).toMatchObject({ reason: 'egress.refused' })
    expect(egress.refusalWithoutLookup(url)?.reason).toBe('egress.refused')
  })

  test('does not permit addresses that are always refused', async () => {
    const turned = new Egress(
      readEgress('hooks.test'),
      resolving({ 'hooks.test': ['169.254.169.254'] }),
    )
    const refusal = await refusalOf(turned.resolve('http://hooks.test/'))
    expect(refusal.message).toContain('never called')
  })
})

describe('the setting', () => {
  test.each(['loopback', 'private', 'any'])('can be %s, in any case', (kind) => {
    expect(readEgress(` ${kind.toUpperCase()} `)).toEqual({ kind })
  })

  test('can be a list of hosts, in the spelling of a URL', () => {
    expect(readEgress('Example.test., ::1,[0::1]:80, 0x7f.1:80, receiver')).toEqual({
      kind: 'hosts',
      hosts: ['example.test', '[::1]', '[::1]:80', '127.0.0.1:80', 'receiver'],
    })
  })

  test.each([
    '',
    ' , ',
    'none',
    'all',
    'private,example.test',
    'example.test,private',
    '*.example.test',
    'http://example.test',
    'example.test/path',
    'user@example.test',
    'example.test:99999',
    'example.test:',
    '10.0.0.0/8',
    '256.1.1.1',
    'two words',
  ])('must not be %j', (text) => {
    expect(() => readEgress(text)).toThrow(/must be loopback, private, any, or hosts such as/)
  })

  test.each([
    ['privte', 'private'],
    ['Pirvate', 'private'],
    ['lopback', 'loopback'],
    ['hooks.example.test,loopbackk', 'loopback'],
  ])('is not read as a host: %s resembles %s', (text, meant) => {
    expect(() => readEgress(text)).toThrow(`; write ${meant}, or `)
  })

  test.each([
    'app',
    'api',
    'amy',
    'anny',
    'receiver',
    'back',
    'primary',
    'privte:80',
    'privte.test',
  ])('can be the host %s', (text) => {
    expect(readEgress(text)).toEqual({ kind: 'hosts', hosts: [text] })
  })
})
