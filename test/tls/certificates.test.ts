import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../../src/core/errors.ts'
import { Certificates, certificateNames } from '../../src/tls/certificates.ts'
import { createFolder } from '../helpers/sandbox.ts'

const DAY = 24 * 3_600_000
const NAMES = certificateNames({ host: '127.0.0.1' })
const open = (folder: string | undefined, names = NAMES) => Certificates.open({ folder, names })
const read = (folder: string, file: string) => fs.readFileSync(join(folder, file), 'utf8')

async function serverOf(certificates: Certificates): Promise<X509Certificate> {
  return new X509Certificate((await certificates.certificateFor(undefined)).cert)
}

test('a second start uses the CA and the certificate of the first', async () => {
  const folder = createFolder()
  const first = await open(folder)
  const second = await open(folder)
  expect(second.ca).toBe(first.ca)
  expect((await serverOf(second)).fingerprint256).toBe((await serverOf(first)).fingerprint256)
})

test('only the owner may read the keys', async () => {
  const folder = createFolder()
  await open(folder)
  const modes = fs.readdirSync(folder).map((file) => {
    return [file, (fs.statSync(join(folder, file)).mode & 0o777).toString(8)]
  })
  expect(Object.fromEntries(modes)).toEqual({
    'ca-key.pem': '600',
    'ca.pem': '600',
    'server.pem': '600',
  })
})

test('without a folder nothing is stored, and each process has its own CA', async () => {
  const [one, another] = await Promise.all([open(undefined), open(undefined)])
  expect(one.ca).not.toBe(another.ca)
})

test('the certificate has the names of the server, and other names get another one', async () => {
  const folder = createFolder()
  const before = await open(folder)
  const names = certificateNames({
    host: '0.0.0.0',
    allowedHosts: ['standin.test', '*.b.test', '*'],
  })
  const after = await open(folder, names)
  expect((await serverOf(before)).subjectAltName).toBe(
    'DNS:localhost, DNS:*.localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:host.docker.internal',
  )
  expect((await serverOf(after)).subjectAltName).toContain('DNS:standin.test, DNS:*.b.test')
  expect(after.ca).toBe(before.ca)
  expect((await serverOf(await open(folder, names))).fingerprint256).toBe(
    (await serverOf(after)).fingerprint256,
  )
})

test('a certificate is replaced a month before it expires, by the same CA', async () => {
  const folder = createFolder()
  const certificates = await open(folder)
  const { ca } = certificates
  const before = await serverOf(certificates)
  expect(await certificates.renew(Date.now() + 360 * DAY)).toBe(false)
  expect(await certificates.renew(Date.now() + 370 * DAY)).toBe(true)
  const after = await serverOf(certificates)
  expect(Date.parse(after.validTo)).toBeGreaterThan(Date.parse(before.validTo))
  expect(certificates.ca).toBe(ca)
  expect(after.verify(new X509Certificate(ca!).publicKey)).toBe(true)
})

test('a CA is replaced before it expires, and what it signed with it', async () => {
  const certificates = await open(createFolder())
  const { ca } = certificates
  expect(await certificates.renew(Date.now() + 3640 * DAY)).toBe(true)
  expect(certificates.ca).not.toBe(ca)
  const now = await serverOf(certificates)
  expect(now.verify(new X509Certificate(certificates.ca!).publicKey)).toBe(true)
})

const DAMAGES: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
  [
    'an empty CA',
    (at) => fs.writeFileSync(join(at, 'ca.pem'), ''),
    /ca\.pem is damaged.*put it back, or remove the folder/,
  ],
  [
    'half a CA',
    (at) => fs.writeFileSync(join(at, 'ca.pem'), read(at, 'ca.pem').slice(0, 200)),
    /ca\.pem is damaged/,
  ],
  [
    'a certificate that is no CA',
    (at) => fs.copyFileSync(join(at, 'server.pem'), join(at, 'ca.pem')),
    /ca\.pem is damaged: it holds not the certificate of a CA/,
  ],
  [
    'no key of the CA',
    (at) => fs.rmSync(join(at, 'ca-key.pem')),
    /ca-key\.pem is missing, the key of .*ca\.pem; put it back/,
  ],
  [
    'half a key of the CA',
    (at) => fs.writeFileSync(join(at, 'ca-key.pem'), read(at, 'ca-key.pem').slice(0, 60)),
    /ca-key\.pem is damaged/,
  ],
  [
    'the key of another',
    (at) =>
      fs.writeFileSync(
        join(at, 'ca-key.pem'),
        read(at, 'server.pem').replace(/^[^]*?(?=-----BEGIN PRIVATE)/, ''),
      ),
    /ca-key\.pem is damaged: it holds not the key of/,
  ],
  [
    'an empty certificate',
    (at) => fs.writeFileSync(join(at, 'server.pem'), ''),
    /server\.pem is damaged.*remove it/,
  ],
  [
    'a certificate without its key',
    (at) => fs.writeFileSync(join(at, 'server.pem'), read(at, 'ca.pem')),
    /server\.pem is damaged.*remove it/,
  ],
  [
    'a folder in place of a file',
    (at) => {
      fs.rmSync(join(at, 'ca.pem'))
      fs.mkdirSync(join(at, 'ca.pem'))
    },
    /ca\.pem cannot be read/,
  ],
]

test.each(DAMAGES)('%s is refused with the file and the advice', async (_, damage, message) => {
  const folder = createFolder()
  await open(folder)
  damage(folder)
  await expect(open(folder)).rejects.toThrow(message)
})

test('a removed certificate is made anew by the same CA', async () => {
  const folder = createFolder()
  const { ca } = await open(folder)
  fs.rmSync(join(folder, 'server.pem'))
  const again = await open(folder)
  expect(again.ca).toBe(ca)
})

test('given files take the place of a CA', async () => {
  const made = await (await open(undefined)).certificateFor(undefined)
  const other = await (await open(undefined)).certificateFor(undefined)
  const folder = createFolder()
  const file = (name: string, text: string) => {
    fs.writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const cert = file('cert.pem', made.cert)
  const key = file('key.pem', made.key)
  const opened = (given: { cert: string; key: string }) =>
    Certificates.open({ folder: undefined, names: NAMES, given })

  const certificates = await opened({ cert, key })
  expect(certificates.ca).toBeUndefined()
  expect(await certificates.certificateFor('a.localhost')).toEqual(made)

  const refusal = (given: { cert: string; key: string }) =>
    opened(given).then(
      () => undefined,
      (error: unknown) => error,
    )
  const refusals = await Promise.all([
    refusal({ cert: `${cert}.none`, key }),
    refusal({ cert: key, key }),
    refusal({ cert, key: cert }),
    refusal({ cert, key: file('other.pem', other.key) }),
    refusal({ cert, key: folder }),
  ])
  expect(refusals.every((error) => error instanceof ConfigError)).toBe(true)
  expect(refusals.map((error) => String(error).replaceAll(folder, ''))).toEqual([
    'ConfigError: /cert.pem.none (--tls-cert) does not exist',
    'ConfigError: /key.pem (--tls-cert) is not a certificate in PEM; it has to begin with -----BEGIN CERTIFICATE-----, with intermediate certificates after it',
    'ConfigError: /cert.pem (--tls-key) is not a private key in PEM without a passphrase',
    'ConfigError: /other.pem (--tls-key) is not the key of the certificate in /cert.pem',
    'ConfigError:  (--tls-key) cannot be read (EISDIR)',
  ])
})
