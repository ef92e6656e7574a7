import { createHash, X509Certificate } from 'node:crypto'

/** Password of the trust stores, by Java's convention: their certificates are public. */
export const TRUST_STORE_PASSWORD = 'changeit'

const MAGIC = 0xfeedfeed
const VERSION = 2
const TRUSTED_CERTIFICATE = 2

/**
 * Writes certificates as a trust store in the format JKS, because Java cannot read PEM.
 *
 * @param certificates in PEM
 */
export function javaTrustStore(certificates: readonly string[], now = Date.now()): Buffer {
  const head = Buffer.concat([int(MAGIC), int(VERSION), int(certificates.length)])
  const entries = certificates.map((pem, i) => {
    const { raw } = new X509Certificate(pem)
    const time = Buffer.alloc(8)
    time.writeBigInt64BE(BigInt(now))
    return Buffer.concat([
      int(TRUSTED_CERTIFICATE),
      text(`ca-${i}`),
      time,
      text('X.509'),
      int(raw.length),
      raw,
    ])
  })
  const store = Buffer.concat([head, ...entries])
  const password = Buffer.from(TRUST_STORE_PASSWORD, 'utf16le').swap16()
  const digest = createHash('sha1').update(password).update('Mighty Aphrodite').update(store)
  return Buffer.concat([store, digest.digest()])
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(value.length)
  return Buffer.concat([length, Buffer.from(value, 'latin1')])
}
