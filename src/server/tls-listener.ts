import * as net from 'node:net'
import type { Server as HttpServer } from 'node:http'
import * as tls from 'node:tls'
import type { TlsFault } from '../core/fault.ts'
import type { Certificates } from '../tls/certificates.ts'
import { readClientHello } from '../tls/client-hello.ts'
import type { KeyPair } from '../tls/key-pair.ts'

export interface TlsOptions {
  readonly certificates: Certificates
  /** Milliseconds that a handshake may take. */
  readonly handshakeTimeout: number
  /** Maximum number of connections, including those in their handshake. */
  readonly maxConnections: number
  /** Returns true for a server name that the Host check accepts. */
  readonly accepts: (name: string) => boolean
  /** Returns the fault that fires for a handshake, and counts the firing. */
  readonly takeFault: (serverName: string | undefined) => TlsFault | undefined
}

export interface TlsListener {
  readonly listener: net.Server
  /** Stops listening, and ends the handshakes; the HTTP server closes the other connections. */
  readonly close: () => Promise<void>
}

/** Answer to a request in plain HTTP, which some clients send to a port of HTTPS. */
const PLAIN_HTTP = 'This port speaks HTTPS; begin the URL with https://\n'
/** Time between two checks of the certificate. */
const RENEWAL_INTERVAL = 12 * 3_600_000

/**
 * Settings for protocols before TLS 1.2. OpenSSL disables their ciphers at its default security
 * level.
 */
const OLD_PROTOCOL = {
  minVersion: 'TLSv1',
  maxVersion: 'TLSv1.1',
  ciphers: 'DEFAULT@SECLEVEL=0',
} as const

/**
 * Creates the listener of HTTPS. It passes each connection to the HTTP server after the handshake,
 * so that requests, limits and faults work as over HTTP. The ClientHello is read before the
 * handshake, because its server name determines the certificate and the fault.
 */
export function tlsListener(http: HttpServer, options: TlsOptions): TlsListener {
  const { certificates, handshakeTimeout, maxConnections } = options
  const contexts = new WeakMap<KeyPair, tls.SecureContext>()
  const contextOf = (pair: KeyPair) => {
    let context = contexts.get(pair)
    context ??= tls.createSecureContext(pair)
    contexts.set(pair, context)
    return context
  }
  const inHandshake = new Set<net.Socket>()
  const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const stop = () => socket.destroy()
    const deadline = setTimeout(stop, handshakeTimeout)
    const settle = () => {
      clearTimeout(deadline)
      inHandshake.delete(socket)
    }
    inHandshake.add(socket)
    socket.on('close', settle)
    socket.on('error', stop)
    readHello(socket, ({ serverName }) => {
      const handOver = (secure: tls.TLSSocket) => {
        // A client that refuses the certificate just closes the connection.
        secure.once('end', stop)
        secure.once('secure', () => {
          secure.off('end', stop)
          settle()
          http.emit('connection', secure)
        })
      }
      // startTls fails if a fault has ended the connection or the certificate could not be made.
      startTls(socket, serverName).then(handOver, stop)
    })
  })
  listener.maxConnections = 2 * maxConnections

  /** Starts the handshake, with its fault if one is armed. */
  async function startTls(socket: net.Socket, serverName: string | undefined) {
    const isKnown = serverName !== undefined && options.accepts(serverName)
    const name = isKnown ? serverName : undefined
    const fault = options.takeFault(name)
    if (fault === 'reset' || fault === 'cut') {
      end(socket, fault)
      throw new Error('A fault has ended the handshake')
    }
    const context =
      fault === 'old-protocol'
        ? tls.createSecureContext({ ...(await certificates.certificateFor(name)), ...OLD_PROTOCOL })
        : contextOf(
            fault === undefined
              ? await certificates.certificateFor(name)
              : await certificates.faultyCertificate(fault, name),
          )
    if (socket.destroyed) throw new Error('The client has closed the connection')
    const secure = new tls.TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: ['http/1.1'],
    })
    // Faults reset connections, and a TLS socket has to reset the TCP socket below it.
    secure.resetAndDestroy = () => {
      socket.resetAndDestroy()
      return secure
    }
    secure.on('error', () => secure.destroy())
    return secure
  }

  const renewal = setInterval(() => {
    certificates.renew().catch(() => {}) // the next check tries again, a month before it matters
  }, RENEWAL_INTERVAL)
  renewal.unref()
  listener.on('close', () => clearInterval(renewal))
  return {
    listener,
    close: async () => {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()))
      for (const socket of inHandshake) socket.destroy()
      await closed
    },
  }
}

/**
 * Reads the ClientHello and returns its bytes to the socket. A client that does not speak TLS is
 * refused.
 */
function readHello(
  socket: net.Socket,
  next: (hello: { readonly serverName: string | undefined }) => void,
): void {
  let received = Buffer.alloc(0)
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const hello = readClientHello(received)
    if (hello === 'more') return
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.pause()
    if (hello === undefined) {
      refusePlainText(socket, received)
      return
    }
    socket.unshift(received)
    next(hello)
  }
  const onEnd = () => socket.destroy()
  socket.on('data', onData)
  socket.on('end', onEnd)
}

/** Answers a request in plain HTTP; closes the connection of anything else. */
function refusePlainText(socket: net.Socket, received: Buffer): void {
  if (!/^[A-Z]+ /.test(received.toString('latin1', 0, 20))) {
    socket.destroy()
    return
  }
  socket.resume()
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${PLAIN_HTTP.length}\r\nConnection: close\r\n\r\n${PLAIN_HTTP}`,
  )
}

function end(socket: net.Socket, how: 'reset' | 'cut'): void {
  if (how === 'reset') {
    socket.resetAndDestroy()
    return
  }
  socket.on('end', () => socket.destroy())
  socket.resume()
  socket.end()
}
