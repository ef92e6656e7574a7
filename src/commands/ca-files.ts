import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { rootCertificates } from 'node:tls'
import { messageOf } from '../core/errors.ts'
import { javaTrustStore } from '../tls/trust-store.ts'

/**
 * Writes a CA to files that clients read, and returns the variables that name them. Some variables
 * replace the certificates that a client trusts: the files for these also contain Node's list of
 * public CAs, so that other programs in the shell keep working.
 *
 * @param ca in PEM
 * @param place the file, or the folder for it
 * @throws Error that names a file that cannot be written
 */
export function caVariables(
  ca: string,
  place: { readonly folder: string; readonly file: string | undefined },
  { JAVA_TOOL_OPTIONS: javaOptions = '' }: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  // The name contains a hash, so that each server's CA has its own file.
  const hash = createHash('sha256').update(ca).digest('hex').slice(0, 16)
  const file = resolve(place.file ?? join(place.folder, `ca-${hash}.pem`))
  const stem = file.replace(/\.pem$/, '')
  const bundle = `${stem}-and-public.pem`
  const store = `${stem}.jks`
  const all = [ca, ...rootCertificates]
  write(file, ca)
  write(bundle, `${all.map((one) => one.trimEnd()).join('\n')}\n`)
  write(store, javaTrustStore(all))
  return {
    STANDIN_CA_FILE: file,
    NODE_EXTRA_CA_CERTS: file,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    JAVA_TOOL_OPTIONS: withTrustStore(javaOptions, store),
  }
}

function write(file: string, content: string | Buffer): void {
  try {
    fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const temporary = `${file}.${process.pid}.tmp`
    fs.writeFileSync(temporary, content)
    fs.renameSync(temporary, file)
  } catch (error) {
    const message = `${file} cannot be written: ${messageOf(error)}; name another file with --ca-file`
    throw new Error(message, { cause: error })
  }
}

/** Returns Java's options with this trust store, which replaces an earlier one. */
function withTrustStore(options: string, store: string): string {
  const others = options.replaceAll(
    /(?:"-Djavax\.net\.ssl\.trustStore=[^"]*"|-Djavax\.net\.ssl\.trustStore=\S*)/g,
    '',
  )
  const own = `-Djavax.net.ssl.trustStore=${store}`
  return `${others.trim()} ${/\s/.test(store) ? `"${own}"` : own}`.trim()
}
