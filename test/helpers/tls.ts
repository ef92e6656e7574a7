import * as https from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Server } from '../../src/server/server.ts'
import { messageOf } from '../../src/core/errors.ts'

export interface TlsRequest {
  readonly path?: string
  readonly method?: string
  /** Host of the URL: the server name of the handshake and the Host header. */
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The trusted CA in place of the server's. */
  readonly ca?: string | undefined
}

export interface TlsAnswer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
  /** Names of the certificate. */
  readonly names: readonly string[]
  readonly protocol: string | null
}

/** Sends a request over HTTPS to a server of this machine, on a connection of its own. */
export function overTls({ https: listener }: Server, wanted: TlsRequest = {}): Promise<TlsAnswer> {
  if (listener === undefined) throw new Error('The server does not listen with HTTPS')
  const { path = '/_standin/health', method = 'GET', host = 'localhost', headers, body } = wanted
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host: '127.0.0.1',
        port: listener.port,
        // An IP address is no server name.
        ...(/^[\d.]+$/.test(host) ? {} : { servername: host }),
        path,
        method,
        agent: false,
        ca: wanted.ca ?? listener.ca,
        headers: { Host: `${host}:${listener.port}`, ...headers },
      },
      (response) => {
        const socket = response.socket as TLSSocket // of an https request
        const names = socket.getPeerCertificate().subjectaltname?.split(', ') ?? []
        const protocol = socket.getProtocol()
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode: status = 0, headers: answered } = response // set in every response
          const text = Buffer.concat(chunks).toString()
          resolve({ status, headers: answered, text, names, protocol })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** The code or the message of the error of a request over HTTPS, or its status. */
export async function outcomeOverTls(server: Server, wanted: TlsRequest = {}): Promise<string> {
  try {
    return String((await overTls(server, wanted)).status)
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    return typeof code === 'string' ? code : messageOf(error)
  }
}
