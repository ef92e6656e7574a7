import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { codeOf, ConfigError, messageOf } from '../core/errors.ts'
import type { TlsFault } from '../core/fault.ts'
import { writeAtomically } from '../core/store/atomic-write.ts'
import type { KeyPair } from './key-pair.ts'

/** The faults of a TLS handshake that replace the certificate. */
export type CertificateFault = Extract<
  TlsFault,
  'expired' | 'not-yet-valid' | 'wrong-host' | 'unknown-ca'
>

export interface CertificateOptions {
  /** The folder of the CA and the certificate; undefined: they are not stored. */
  readonly folder: string | undefined
  /** Names and addresses that the certificate always has. */
  readonly names: readonly string[]
  /** Files of a certificate and its key, used instead of generated ones. */
  readonly given?: { readonly cert: string; readonly key: string } | undefined
}

/** Differences of a certificate from the usual one. */
interface Changes {
  readonly names?: readonly string[]
  readonly from?: number
  readonly to?: number
  /** True if it is signed by a CA that no client knows. */
  readonly isUnknown?: boolean
}

const DAY = 24 * 3_600_000
/** The certificate of each fault. */
const FAULTY: Readonly<Record<CertificateFault, () => Changes>> = {
  expired: () => ({ from: Date.now() - 30 * DAY, to: Date.now() - DAY }),
  'not-yet-valid': () => ({ from: Date.now() + 30 * DAY, to: Date.now() + 60 * DAY }),
  'wrong-host': () => ({ names: ['wrong-host.invalid'] }),
  'unknown-ca': () => ({ isUnknown: true }),
}
const CA_LIFETIME = 3650 * DAY
/** Lifetime of a certificate; Apple's systems refuse a longer one. */
const LIFETIME = 397 * DAY
/** Time before the expiry of a certificate at which it is replaced. */
const RENEWAL = 30 * DAY
/** Tolerance for the clocks of two machines. */
const SKEW = DAY
/** Maximum number of cached certificates of single names. */
const MAX_NAMES = 500

/**
 * Names of every certificate. Most clients refuse a wildcard such as `*.localhost`, so each name
 * below it also gets a certificate of its own.
 */
const ALWAYS = ['localhost', '*.localhost', '127.0.0.1', '::1', 'host.docker.internal']

/** Returns the names of the certificate of a server with these settings. */
export function certificateNames({
  host,
  allowedHosts = [],
}: {
  readonly host: string
  readonly allowedHosts?: readonly string[] | undefined
}): readonly string[] {
  const own = ['0.0.0.0', '::'].includes(host) ? [] : [host]
  const listed = allowedHosts.filter((name) => name !== '*')
  return [...new Set([...ALWAYS, ...[...own, ...listed].map((name) => name.toLowerCase())])]
}

/** The CA and the certificates of a server that listens with HTTPS. */
export class Certificates {
  readonly #options: CertificateOptions
  #authority: KeyPair | undefined
  #unknownAuthority: Promise<KeyPair> | undefined
  #server: KeyPair
  /** Certificates of single names and of faults, made on their first use. */
  readonly #made = new Map<string, Promise<KeyPair>>()

  private constructor(
    options: CertificateOptions,
    authority: KeyPair | undefined,
    server: KeyPair,
  ) {
    this.#options = options
    this.#authority = authority
    this.#server = server
  }

  /**
   * Reads the certificates, or makes them.
   *
   * @throws ConfigError or Error that names the file and says what to do
   */
  static async open(options: CertificateOptions): Promise<Certificates> {
    const { folder, given, names } = options
    if (given !== undefined) return new Certificates(options, undefined, readGiven(given))
    if (folder !== undefined) fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    const stored = folder === undefined ? undefined : readAuthority(folder)
    const authority = stored ?? (await newAuthority(folder))
    const server = await serverCertificate(folder, authority, names)
    return new Certificates(options, authority, server)
  }

  /** The certificate of the CA in PEM; undefined for a server with a certificate of its own. */
  get ca(): string | undefined {
    return this.#authority?.cert
  }

  /** Returns the certificate for a server name; undefined for a client that sent none. */
  certificateFor(serverName: string | undefined): KeyPair | Promise<KeyPair> {
    const { names, given } = this.#options
    if (given || serverName === undefined || isIP(serverName) || names.includes(serverName)) {
      return this.#server
    }
    return this.#cached(`good ${serverName}`, serverName, () => ({}))
  }

  /** Returns a certificate that clients must refuse, for a server name. */
  async faultyCertificate(
    fault: CertificateFault,
    serverName: string | undefined,
  ): Promise<KeyPair> {
    return await this.#cached(`${fault} ${serverName ?? ''}`, serverName, FAULTY[fault])
  }

  /** Replaces certificates that expire soon. Returns true if the certificate changed. */
  async renew(now = Date.now()): Promise<boolean> {
    const { folder, given, names } = this.#options
    if (given) return false
    if (!isExpiring(this.#authority!.cert, now) && !isExpiring(this.#server.cert, now)) return false
    if (isExpiring(this.#authority!.cert, now)) this.#authority = await newAuthority(folder, now) // without given files there is one
    this.#server = await serverCertificate(folder, this.#authority!, names, now)
    this.#made.clear()
    return true
  }

  #cached(id: string, serverName: string | undefined, changes: () => Changes): Promise<KeyPair> {
    let made = this.#made.get(id)
    if (made !== undefined) return made
    if (this.#made.size >= MAX_NAMES) this.#made.clear()
    made = this.#make(serverName, changes())
    this.#made.set(id, made)
    made.catch(() => this.#made.delete(id))
    return made
  }

  async #make(serverName: string | undefined, changes: Changes): Promise<KeyPair> {
    const { createAuthority, issueCertificate } = await import('./authority.ts')
    const now = Date.now()
    const own = [...(serverName === undefined ? [] : [serverName]), ...this.#options.names]
    const { names = own, from = now - SKEW, to = now + LIFETIME, isUnknown = false } = changes
    if (isUnknown) {
      const period = { from: now - SKEW, to: now + LIFETIME }
      this.#unknownAuthority ??= createAuthority(period, 'Unknown CA of a Standin fault')
    }
    // A server without given files has a CA. With given files, only the unknown CA is used here.
    const authority = (isUnknown ? await this.#unknownAuthority : this.#authority)!
    return await issueCertificate(authority, { names: [...new Set(names)], from, to })
  }
}

/** Reads the files of `--tls-cert` and `--tls-key`. */
function readGiven({ cert, key }: { readonly cert: string; readonly key: string }): KeyPair {
  const pair = {
    cert: readGivenFile(cert, '--tls-cert'),
    key: readGivenFile(key, '--tls-key'),
  }
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pair.cert)
  } catch (error) {
    const message = `${cert} (--tls-cert) is not a certificate in PEM; it has to begin with -----BEGIN CERTIFICATE-----, with intermediate certificates after it`
    throw new ConfigError(message, { cause: error })
  }
  let matches: boolean
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(pair.key))
  } catch (error) {
    const message = `${key} (--tls-key) is not a private key in PEM without a passphrase`
    throw new ConfigError(message, { cause: error })
  }
  if (!matches) {
    throw new ConfigError(`${key} (--tls-key) is not the key of the certificate in ${cert}`)
  }
  return pair
}

function readGivenFile(file: string, option: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${codeOf(error)})`
    throw new ConfigError(`${file} (${option}) ${why}`, { cause: error })
  }
}

const filesIn = (folder: string) => ({
  ca: join(folder, 'ca.pem'),
  caKey: join(folder, 'ca-key.pem'),
  server: join(folder, 'server.pem'),
})

/**
 * Reads the stored CA.
 *
 * @returns undefined without a stored CA, or with one that expires soon
 * @throws Error naming a damaged file
 */
function readAuthority(folder: string, now = Date.now()): KeyPair | undefined {
  const { ca, caKey } = filesIn(folder)
  const cert = readIfPresent(ca)
  if (cert === undefined) return undefined
  const advice = `put it back, or remove the folder ${folder} to have another CA made, which clients must then trust`
  const certificate = parsed(cert, () => damaged(ca, 'no certificate in PEM', advice))
  if (!certificate.ca) throw damaged(ca, 'not the certificate of a CA', advice)
  const key = readIfPresent(caKey)
  if (key === undefined) throw new Error(`${caKey} is missing, the key of ${ca}; ${advice}`)
  if (!isKeyOf(certificate, key, () => damaged(caKey, 'no private key in PEM', advice))) {
    throw damaged(caKey, `not the key of ${ca}`, advice)
  }
  return isExpiring(cert, now) ? undefined : { cert, key }
}

async function newAuthority(folder: string | undefined, now = Date.now()): Promise<KeyPair> {
  const { createAuthority } = await import('./authority.ts')
  const made = await createAuthority({ from: now - SKEW, to: now + CA_LIFETIME })
  if (folder !== undefined) {
    const { ca, caKey } = filesIn(folder)
    // The key is written first, because a key without a certificate is ignored.
    writeAtomically(caKey, made.key)
    writeAtomically(ca, made.cert)
  }
  return made
}

/**
 * Returns the stored certificate if its names, its CA and its validity fit; otherwise a new one.
 */
async function serverCertificate(
  folder: string | undefined,
  authority: KeyPair,
  names: readonly string[],
  now = Date.now(),
): Promise<KeyPair> {
  const stored = folder === undefined ? undefined : readServer(filesIn(folder).server)
  const isGood =
    stored &&
    !isExpiring(stored.cert, now) &&
    isIssuedBy(stored.cert, authority.cert) &&
    sameNames(stored.cert, names)
  if (isGood) return stored
  const { issueCertificate } = await import('./authority.ts')
  const request = { names, from: now - SKEW, to: now + LIFETIME }
  const made = await issueCertificate(authority, request)
  // Both are in one file, so that a crash cannot leave a key that does not belong to the
  // certificate.
  if (folder !== undefined) writeAtomically(filesIn(folder).server, `${made.cert}${made.key}`)
  return made
}

/** @throws Error for a damaged file */
function readServer(file: string): KeyPair | undefined {
  const text = readIfPresent(file)
  if (text === undefined) return undefined
  const advice = 'remove it to have another made by the same CA'
  const certificate = parsed(text, () => damaged(file, 'no certificate in PEM', advice))
  const at = text.indexOf('-----BEGIN PRIVATE KEY-----')
  const key = at < 0 ? '' : text.slice(at)
  if (!isKeyOf(certificate, key, () => damaged(file, 'no private key in PEM', advice))) {
    throw damaged(file, 'a key of another certificate', advice)
  }
  return { cert: text.slice(0, at), key }
}

function readIfPresent(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new Error(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function damaged(file: string, holds: string, advice: string): Error {
  return new Error(`${file} is damaged: it holds ${holds}; ${advice}`)
}

function parsed(text: string, refusal: () => Error): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch {
    throw refusal()
  }
}

function isKeyOf(certificate: X509Certificate, key: string, refusal: () => Error): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    throw refusal()
  }
}

function isExpiring(cert: string, now: number): boolean {
  return Date.parse(new X509Certificate(cert).validTo) - RENEWAL <= now
}

function isIssuedBy(cert: string, ca: string): boolean {
  return new X509Certificate(cert).verify(new X509Certificate(ca).publicKey)
}

function sameNames(cert: string, names: readonly string[]): boolean {
  const { subjectAltName = '' } = new X509Certificate(cert)
  const has = subjectAltName
    .split(', ')
    .map((name) => canonicalName(name.replace(/^(DNS|IP Address):/, '')))
  const wanted = names.map(canonicalName)
  return has.length === wanted.length && wanted.every((name) => has.includes(name))
}

/**
 * Returns an address in a canonical spelling, because certificates write IPv6 addresses without
 * abbreviations.
 */
function canonicalName(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname : name
}
