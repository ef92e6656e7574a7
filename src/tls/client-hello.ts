/** The parts of a ClientHello, the first message of a TLS connection, that the server needs. */
export interface ClientHello {
  /** Server name that the client asks for (SNI), in lower case; undefined for an IP address. */
  readonly serverName: string | undefined
}

/** Type of a record that belongs to the handshake. */
const HANDSHAKE = 0x16
const CLIENT_HELLO = 1
const SERVER_NAME = 0
/** Maximum size of a ClientHello in bytes. */
const MAX_HELLO = 64 * 1024

/**
 * Parses the beginning of a TLS connection.
 *
 * @returns `more` if the message is not complete; undefined if it is no ClientHello
 */
export function readClientHello(bytes: Buffer): ClientHello | 'more' | undefined {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return undefined
  const message = handshakeMessage(bytes)
  if (message === undefined) return bytes.length > MAX_HELLO ? undefined : 'more'
  if (message[0] !== CLIENT_HELLO) return undefined
  return { serverName: serverNameIn(new Reader(message.subarray(4))) }
}

/** Joins the parts of the first handshake message, which may be spread over records. */
function handshakeMessage(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; at + 5 <= bytes.length && bytes[at] === HANDSHAKE;) {
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    parts.push(bytes.subarray(at + 5, end))
    const message = Buffer.concat(parts)
    if (message.length >= 4) {
      const size = 4 + message.readUIntBE(1, 3)
      if (message.length >= size) return message.subarray(0, size)
    }
    at = end
  }
  return undefined
}

function serverNameIn(hello: Reader): string | undefined {
  hello.take(2 + 32) // version and random
  hello.vector(1) // session id
  hello.vector(2) // cipher suites
  hello.vector(1) // compression methods
  const extensions = new Reader(hello.vector(2))
  while (extensions.left > 0) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (type !== SERVER_NAME) continue
    const names = new Reader(new Reader(body).vector(2))
    names.take(1) // the only type of a name is host_name
    return names.vector(2).toString('latin1').toLowerCase() || undefined
  }
  return undefined
}

/** Reads fields one after the other; beyond the end it reads zeros and empty vectors. */
class Reader {
  #rest: Buffer

  constructor(bytes: Buffer) {
    this.#rest = bytes
  }

  get left(): number {
    return this.#rest.length
  }

  take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }

  number(size: number): number {
    const taken = this.take(size)
    return taken.length < size ? 0 : taken.readUIntBE(0, size)
  }

  /** Reads a length of `size` bytes, and then as many bytes as that length. */
  vector(size: number): Buffer {
    return this.take(this.number(size))
  }
}
