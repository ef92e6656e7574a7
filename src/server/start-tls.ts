import type { Server as HttpServer } from 'node:http'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { readHost } from '../core/http/hosts.ts'
import { DEFAULT_SANDBOX, sandboxOfHost } from '../core/http/sandbox-path.ts'
import type { Sandboxes } from '../sandbox/sandboxes.ts'
import { certificateNames, Certificates } from '../tls/certificates.ts'
import type { Guard } from './guard.ts'
import { listen } from './listener.ts'
import { tlsListener } from './tls-listener.ts'

/** The listener of HTTPS, which shares the HTTP server's requests. */
export interface SecureListener {
  readonly close: () => Promise<void>
  readonly port: number
  /**
   * The certificate of the CA in PEM; undefined if an option gave the certificate of the server.
   */
  readonly ca: () => string | undefined
}

/** Reads or makes the certificates and listens with HTTPS. Loaded only for `--tls`. */
export async function startTls(
  http: HttpServer,
  config: Config,
  { sandboxes, guard }: { readonly sandboxes: Sandboxes; readonly guard: Guard },
): Promise<SecureListener> {
  const { tlsCert: cert, tlsKey: key } = config
  const certificates = await Certificates.open({
    folder: config.memory ? undefined : join(config.data, 'tls'),
    names: certificateNames(config),
    given: cert === undefined || key === undefined ? undefined : { cert, key },
  })
  const { listener, close } = tlsListener(http, {
    certificates,
    handshakeTimeout: config.headerTimeout,
    maxConnections: config.maxConnections,
    accepts: (name) => {
      const host = /^[\w.-]+$/.test(name) ? readHost(name) : undefined
      return host !== undefined && !host.isAddress && guard.accepts(host)
    },
    takeFault: (serverName) => {
      const name = sandboxOfHost(serverName ?? '') ?? DEFAULT_SANDBOX
      return sandboxes.find(name)?.faults.takeForHandshake(serverName)
    },
  })
  const port = await listen(listener, config, 'https')
  return { close, port, ca: () => certificates.ca }
}
