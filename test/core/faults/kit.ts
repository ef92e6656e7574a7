import { connect, type Socket } from 'node:net'
import type { Server } from '../../../src/server/server.ts'
import { isRecord } from '../../../src/core/contract/schema.ts'
import type { ArmedFault } from '../../../src/core/faults/armed-fault.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { NEVER } from '../../helpers/time.ts'

/** A raw answer with every byte. */
export interface RawAnswer {
  /** End of the connection; `waiting`: the caller gave up. */
  readonly end: 'closed' | 'reset' | 'waiting'
  /** 0 where there is no complete head. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly bytes: Buffer
}

export interface RequestOptions {
  /** The user: local part of the email address, and user name. */
  readonly name?: string
  readonly fields?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly path?: string
  readonly body?: string
  /** True if the caller gives up once the server delays the answer. */
  readonly hangs?: boolean
}

const endpointNamed = (name: string): Endpoint =>
  endpoints.find((endpoint) => endpoint.name === name)!

export const mykaarma = endpointNamed('mykaarma')
export const cryptlex = endpointNamed('cryptlex')
export const formsonfire = endpointNamed('formsonfire in JSON')
export const xml = endpointNamed('formsonfire in XML')

/** Returns the message of a refusal; throws if nothing is refused. */
export function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('Nothing was refused')
}

/** Arms a fault in code. */
export function arm({ sandbox }: Pick<Server, 'sandbox'>, given: unknown): ArmedFault {
  return sandbox.faults.add(given)
}

/** The fields of the email address and of another unique name. */
export const NAMES = {
  mykaarma: ['emailAddress', 'username'],
  cryptlex: ['email', undefined],
  formsonfire: ['Email', 'ExternalId'],
} as const

/** Returns the endpoint's good body for the user of this name. */
export function bodyOf(
  { api, answers, body }: Endpoint,
  { name, fields = {} }: RequestOptions,
): string {
  const [email, other] = NAMES[api]
  const given: Record<string, unknown> = {
    ...(name === undefined ? {} : { [email]: addressOf(name) }),
    // Without the magic part, so that only one field requests a fault.
    ...(name === undefined || !other ? {} : { [other]: name.replace('+fault.', '-fault-') }),
    ...fields,
  }
  if (answers === 'json') return JSON.stringify({ ...(JSON.parse(body) as object), ...given })
  return Object.entries(given).reduce(
    (text, [field, value]) =>
      text.replace(
        new RegExp(`<${field}>[^<]*</${field}>`),
        () => `<${field}>${String(value).replaceAll('&', '&amp;')}</${field}>`,
      ),
    body,
  )
}

export const addressOf = (name: string) => `${name}@example.test`

/** Milliseconds of delay after which a request counts as hanging. */
const A_WHILE = 50

/** True if a fault delays the request of this connection. */
function holds({ sandbox }: Server, { localPort }: Socket): boolean {
  return [...sandbox.faults.waitingResponses].some(({ req }) => req.socket.remotePort === localPort)
}

/** Sends one request on its own connection, which the server closes. */
export function sendRaw(
  server: Server,
  endpoint: Endpoint,
  asked: RequestOptions = {},
): Promise<RawAnswer> {
  const { method = 'POST', path = endpoint.path } = asked
  const body = asked.body ?? bodyOf(endpoint, asked)
  const headers: Record<string, string | number> = {
    Host: 'localhost',
    Connection: 'close',
    ...endpoint.headers,
    ...(asked.headers?.['Transfer-Encoding'] ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...asked.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let end: RawAnswer['end'] = 'closed'
    const socket = connect(server.port, '127.0.0.1')
    socket.setNoDelay(true)
    const go = () => {
      end = 'waiting'
      socket.destroy()
    }
    const timers = [setTimeout(go, NEVER)]
    if (asked.hangs) {
      timers.push(
        setInterval(() => {
          if (holds(server, socket)) timers.push(setTimeout(go, A_WHILE))
        }, 5),
      )
    }
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => (end = 'reset'))
    socket.on('close', () => {
      for (const timer of timers) clearTimeout(timer)
      resolve({ end, ...readIn(Buffer.concat(chunks)) })
    })
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
  })
}

function readIn(bytes: Buffer): Omit<RawAnswer, 'end'> {
  const at = bytes.indexOf('\r\n\r\n')
  if (at < 0) return { status: 0, headers: {}, body: Buffer.alloc(0), bytes }
  const [first = '', ...lines] = bytes.toString('latin1', 0, at).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  return { status: Number(first.split(' ')[1]), headers, body: bytes.subarray(at + 4), bytes }
}

/** True if the answer is complete and correctly framed. */
export function isWhole({ end, status, headers, body }: RawAnswer): boolean {
  if (end !== 'closed' || status === 0) return false
  if (headers['transfer-encoding'] !== undefined) return String(body).endsWith('\r\n0\r\n\r\n')
  // RFC 9110: a 304 has no body.
  return status === 304 ? body.length === 0 : body.length === Number(headers['content-length'])
}

/** Returns the users of this name. */
export function usersNamed(server: Server, { api }: Endpoint, name: string): readonly object[] {
  const all: readonly object[] = server.sandbox.store.collection(`${api}.users`).all()
  return all.filter((row) => addressIn(row) === addressOf(name))
}

function addressIn(row: object): unknown {
  if (!isRecord(row)) return undefined
  return row['emailAddress'] ?? row['email']
}

/** Returns the fault that an answer names. */
export function faultOf(server: Server, { headers }: RawAnswer): ArmedFault | undefined {
  const id = headers['standin-fault']
  return id === undefined ? undefined : server.sandbox.faults.get(id)
}

/** Works on many items, a limited number at a time. */
export async function forEachConcurrently<T>(
  things: readonly T[],
  work: (thing: T, at: number) => Promise<void>,
  atOnce = 20,
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < things.length) {
      const at = next++
      await work(things[at]!, at) // next is below the length
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
