import type { Health } from '../admin/contract.gen.ts'
import { isRecord } from '../core/contract/schema.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import { Admin, type ApiName } from './admin.ts'
import { StandinError } from './errors.ts'
import { Standin, type StandinParts } from './standin.ts'
import { Connection } from './connection.ts'

export interface ConnectOptions {
  /** URL of the server, such as `http://localhost:4020`; `/~name` at its end selects a sandbox. */
  readonly url: string
  /** Token of the admin API, if the server needs one. */
  readonly adminToken?: string | undefined
  /** Name of the sandbox; `default` if it is omitted. */
  readonly sandbox?: string | undefined
  /**
   * CA in PEM that an https URL's certificate must be signed by; the server's is at
   * `/_standin/ca.pem`.
   */
  readonly ca?: string | undefined
}

/** Milliseconds that a server may take to identify itself. */
const TIMEOUT = 10_000

/**
 * Connects to a running server.
 *
 * @param close runs when the client is closed, before the connections are
 * @throws StandinError if no Standin answers there, or it refuses the token or the sandbox
 */
export async function connect(
  target: string | ConnectOptions,
  close: () => Promise<void> = () => Promise.resolve(),
): Promise<Standin> {
  const { url, adminToken, sandbox, ca } = typeof target === 'string' ? { url: target } : target
  const { server, name } = parseTarget(url, sandbox)
  const connection = new Connection(server, adminToken, ca)
  const prefix = name === undefined ? '' : sandboxPath(name)
  try {
    const admin = new Admin(connection, '')
    const health: unknown = await admin.call('getHealth', { timeout: TIMEOUT })
    if (!isHealth(health)) {
      const detail = `The server at ${server} is not a Standin of this version`
      throw new StandinError(0, 'server.foreign', detail)
    }
    const tls = await tlsOf(connection, health, ca)
    const sandboxAdmin = new Admin(connection, prefix)
    const credentials = await sandboxAdmin.call('getCredentials', { timeout: TIMEOUT })
    return new Standin({
      connection,
      name: name ?? 'default',
      prefix,
      prefixes: health.prefixes as Record<ApiName, string>, // one for each API
      credentials,
      tls,
      close: async () => {
        try {
          await close()
        } finally {
          connection.close()
        }
      },
    })
  } catch (error) {
    connection.close()
    throw error
  }
}

/**
 * Returns the HTTPS URL of the server, with the host of the connection, and its CA; undefined
 * without HTTPS.
 */
async function tlsOf(
  connection: Connection,
  { https }: Health,
  ca: string | undefined,
): Promise<StandinParts['tls']> {
  if (https === undefined) return undefined
  const { hostname } = new URL(connection.url)
  return {
    url: `https://${hostname}:${https.port}`,
    ca: https.ca ? await connection.requestText('/_standin/ca.pem', { timeout: TIMEOUT }) : ca,
  }
}

/** @throws TypeError if the text is not an http or https URL */
function parseTarget(text: string, sandbox?: string): { server: string; name: string | undefined } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      `The URL must be http or https, such as http://localhost:4020, got ${JSON.stringify(text)}`,
    )
  }
  const [, path = '', inPath] = /^(.*?)(?:\/~([^/]+))?\/*$/.exec(url.pathname) ?? []
  const name = sandbox ?? (inPath === undefined ? undefined : decodeURIComponent(inPath))
  return {
    server: `${url.origin}${path.replace(/\/+$/, '')}`,
    name: name === 'default' ? undefined : name,
  }
}

function isHealth(body: unknown): body is Health {
  return isRecord(body) && body['status'] === 'ok' && isRecord(body['prefixes'])
}
