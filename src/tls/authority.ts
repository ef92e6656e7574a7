// The library reads the metadata of its classes through this module.
import 'reflect-metadata/lite'
import { webcrypto, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import type { KeyPair } from './key-pair.ts'

// This file loads the library, which takes longer than the rest of a start. Import it only where a
// certificate is made.

x509.cryptoProvider.set(webcrypto)

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A certificate to be issued. Times are milliseconds since 1970. */
export interface CertificateRequest {
  /** DNS names and IP addresses. */
  readonly names: readonly string[]
  readonly from: number
  readonly to: number
}

/** Makes the key and the certificate of a new CA. */
export async function createAuthority(
  { from, to }: Omit<CertificateRequest, 'names'>,
  name = 'Standin local CA',
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    notBefore: new Date(from),
    notAfter: new Date(to),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { key: await pemOf(keys.privateKey), cert: `${certificate.toString('pem')}\n` }
}

/** Makes a key and has the CA sign its certificate for a server. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const issuer = new X509Certificate(authority.cert)
  const issuerCertificate = new x509.X509Certificate(authority.cert)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=Standin',
    issuer: issuerCertificate.subject,
    notBefore: new Date(request.from),
    notAfter: new Date(request.to),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await signingKeyOf(authority),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        request.names.map((value) => ({
          type: isIP(value) ? ('ip' as const) : ('dns' as const),
          value,
        })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const cert = `${certificate.toString('pem')}\n`
  if (!new X509Certificate(cert).verify(issuer.publicKey)) {
    throw new Error('The key of the CA does not belong to its certificate')
  }
  return { key: await pemOf(keys.privateKey), cert }
}

function signingKeyOf({ key }: KeyPair): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(key)
  return webcrypto.subtle.importKey('pkcs8', der!, ALGORITHM, false, ['sign']) // it holds one key
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`
}

/** 126 random bits after two fixed ones: unique, and positive in the encoding of a certificate. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40 // neither negative nor shorter
  return bytes.toString('hex')
}
