import { expect, test } from 'vitest'
import type { Fault } from '../../../src/admin/contract.gen.ts'
import { TLS_FAULTS } from '../../../src/core/fault.ts'
import { Certificates } from '../../../src/tls/certificates.ts'
import { createCaller } from '../../helpers/caller.ts'
import { createSandbox, createFolder, type Settings } from '../../helpers/sandbox.ts'
import { outcomeOverTls } from '../../helpers/tls.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const withTls = (settings: Settings = {}) => createSandbox({ tls: true, tlsPort: 0, ...settings })

const OUTCOMES: Readonly<Record<(typeof TLS_FAULTS)[number], string>> = {
  expired: 'CERT_HAS_EXPIRED',
  'not-yet-valid': 'CERT_NOT_YET_VALID',
  'wrong-host': 'ERR_TLS_CERT_ALTNAME_INVALID',
  'unknown-ca': 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  cut: 'ECONNRESET',
  reset: 'ECONNRESET',
  'old-protocol': 'EPROTO',
}

test('each fault fires for the host name of its sandbox, and for no other', async () => {
  const server = await withTls()
  const caller = createCaller(server)
  const seen = await Promise.all(
    TLS_FAULTS.map(async (fault) => {
      await caller.post('/_standin/sandboxes', { name: fault })
      await caller.post(`/~${fault}/_standin/faults`, { tls: fault })
      const outcome = await outcomeOverTls(server, { host: `${fault}.localhost` })
      return [fault, outcome]
    }),
  )
  // Some versions of Node have a code of their own for the protocol.
  const normal = seen.map(([fault, outcome]) => [fault, outcome!.replace(/^ERR_SSL.*/, 'EPROTO')])
  expect(Object.fromEntries(normal)).toEqual(OUTCOMES)
  expect(await outcomeOverTls(server)).toBe('200')
})

test('a fault of the sandbox default fires for an IP address, too, and never over HTTP', async () => {
  const server = await withTls()
  const caller = createCaller(server)
  await caller.post('/_standin/faults', { fault: 'tls=expired' })
  const hosts = ['localhost', '127.0.0.1', 'host.docker.internal']
  const outcomes = await Promise.all(hosts.map((host) => outcomeOverTls(server, { host })))
  expect(outcomes).toEqual(hosts.map(() => 'CERT_HAS_EXPIRED'))
  expect((await caller.get('/_standin/health')).status).toBe(200)
  const { faults } = (await caller.get('/_standin/faults')).json<{ faults: Fault[] }>()
  expect(faults[0]).toMatchObject({ eligible: 3, fired: 3 })
  expect(new Set(faults[0]!.firings.map(({ host }) => host))).toEqual(
    new Set(['localhost', '', 'host.docker.internal']),
  )
})

test.each([
  ['tls=reset;times=2', ['ECONNRESET', 'ECONNRESET', '200', '200']],
  ['tls=reset;skip=1;times=1', ['200', 'ECONNRESET', '200', '200']],
  ['tls=reset;every=2', ['200', 'ECONNRESET', '200', 'ECONNRESET']],
  [
    'tls=expired;sequence=fail,pass,tls=wrong-host',
    ['CERT_HAS_EXPIRED', '200', 'ERR_TLS_CERT_ALTNAME_INVALID', '200'],
  ],
])('%s counts handshakes', async (fault, outcomes) => {
  const server = await withTls({ faults: [{ fault }] })
  const seen = []
  for (const _ of outcomes) seen.push(await outcomeOverTls(server))
  expect(seen).toEqual(outcomes)
})

test('a fault that expires by the clock, or is removed, fires no more', async () => {
  const server = await withTls()
  const caller = createCaller(server)
  await caller.post('/_standin/faults', { fault: 'tls=reset;expires-in=1m' })
  expect(await outcomeOverTls(server)).toBe('ECONNRESET')
  await caller.post('/_standin/clock/advance', { by: '1m' })
  expect(await outcomeOverTls(server)).toBe('200')
  await caller.put('/_standin/faults/mine', { tls: 'cut' })
  expect(await outcomeOverTls(server)).toBe('ECONNRESET')
  await caller.send({ method: 'DELETE', path: '/_standin/faults/mine' })
  expect(await outcomeOverTls(server)).toBe('200')
})

test('a fault of the handshake changes no request, and a fault of requests no handshake', async () => {
  const server = await withTls({ faults: [{ fault: 'tls=reset;skip=1000' }, { fault: '500' }] })
  expect(await outcomeOverTls(server, { path: '/v3/resellers/reseller-001/users' })).toBe('500')
  const [handshake, refusal] = server.sandbox.faults.armed()
  expect([handshake!.eligible, refusal!.eligible]).toEqual([1, 1])
})

const MISTAKES: readonly (readonly [object, string])[] = [
  [{ tls: 'expired', status: 500 }, 'tls cannot be combined with status'],
  [{ tls: 'expired', api: 'cryptlex' }, 'tls cannot be combined with api'],
  [{ tls: 'expired', operation: 'createResellerUser' }, 'tls cannot be combined with operation'],
  [{ tls: 'expired', match: { headers: { a: 'b' } } }, 'tls cannot be combined with match'],
  [{ tls: 'expired', after: 'route' }, 'tls cannot be combined with after'],
  [{ tls: 'expired', delay: '1s' }, 'tls cannot be combined with delay'],
  [
    { tls: 'expired', sequence: ['fail', '500'] },
    'sequence[1]: a fault with tls needs tls in every step',
  ],
  [
    { status: 500, sequence: ['fail', 'tls=cut'] },
    'sequence[1]: a fault with tls needs tls in every step',
  ],
  [{ tls: 'expire' }, 'tls must be one of'],
  [{ fault: 'tls=expire' }, 'tls must be one of'],
]

test.each(MISTAKES)('%j is refused', async (definition, message) => {
  const caller = createCaller(await withTls())
  const answer = await caller.post('/_standin/faults', definition)
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(message)])
})

test('a request cannot ask for a fault of its own handshake', async () => {
  const server = await withTls()
  const answer = await fetch(`${server.url}/v3/resellers/reseller-001/users`, {
    headers: { 'Standin-Fault': 'tls=expired' },
  })
  expect([answer.status, answer.headers.get('Standin-Reason')]).toEqual([400, 'fault.invalid'])
})

test('a server without HTTPS refuses them, at the start too', async () => {
  const caller = createCaller(await createSandbox())
  const answer = await caller.post('/_standin/faults', { tls: 'cut' })
  expect([answer.status, answer.text]).toEqual([
    400,
    expect.stringContaining('needs a server that listens with HTTPS; start it with --tls'),
  ])
  await expect(createSandbox({ faults: [{ fault: 'tls=cut' }] })).rejects.toThrow('--tls')
})

test('a server with a given certificate has the faults that need no CA', async () => {
  const { key, cert } = await (
    await Certificates.open({ folder: undefined, names: ['localhost'] })
  ).certificateFor(undefined)
  const folder = createFolder()
  const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(tlsCert, cert)
  writeFileSync(tlsKey, key)
  const server = await withTls({ tlsCert, tlsKey })
  const caller = createCaller(server)
  const statuses = await Promise.all(
    TLS_FAULTS.map(async (fault) => {
      const { status } = await caller.post('/_standin/faults', { fault: `tls=${fault};times=1` })
      return [fault, status]
    }),
  )
  expect(Object.fromEntries(statuses)).toEqual({
    ...Object.fromEntries(TLS_FAULTS.map((fault) => [fault, 201])),
    expired: 400,
    'not-yet-valid': 400,
    'wrong-host': 400,
  })
  const stepwise = await caller.post('/_standin/faults', { fault: 'tls=cut;sequence=tls=expired' })
  expect(stepwise.status).toBe(400)
  expect(await outcomeOverTls(server, { ca: cert })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

test('the certificates of faults are made once', async () => {
  const certificates = await Certificates.open({ folder: undefined, names: ['localhost'] })
  const twice = await Promise.all(
    [0, 1].map(() => certificates.faultyCertificate('expired', 'localhost')),
  )
  expect(twice[0]).toBe(twice[1])
})
