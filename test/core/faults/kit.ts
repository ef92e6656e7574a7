import { connect, type Socket } from 'node:net'
import type { Server } from '../../../src/server/server.ts'
import { isRecord } from '../../../src/core/contract/schema.ts'
import type { ArmedFault } from '../../../src/core/faults/armed-fault.ts'
import { entryPoints, type EntryPoint } from '../../helpers/raw-requests.ts'
import { NEVER } from '../../helpers/time.ts'

/** What became of a request, every byte of it. */
export interface Heard {
  /** How the connection ended; `waiting`: it did not, and the caller went. */
  readonly end: 'closed' | 'reset' | 'waiting'
  /** 0 where there is no whole head. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly bytes: Buffer
}

export interface Asked {
  /** Who the user is: the address before its @, and the user name. */
  readonly name?: string
  readonly fields?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly path?: string
  readonly body?: string
  /** Whether the caller goes once the server holds its request, and goes on holding it. */
  readonly hangs?: boolean
}

const entryPointNamed = (name: string): EntryPoint =>
  entryPoints.find((entryPoint) => entryPoint.name === name)!

export const mykaarma = entryPointNamed('mykaarma')
export const cryptlex = entryPointNamed('cryptlex')
export const formsonfire = entryPointNamed('formsonfire in JSON')
export const xml = entryPointNamed('formsonfire in XML')

/** Why something was refused; it has to be. */
export function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('it was taken')
}

/** Arms a fault in code. */
export function add({ sandbox }: Pick<Server, 'sandbox'>, given: unknown): ArmedFault {
  return sandbox.faults.add(given)
}

/** The field that holds the address, and another that is one user's own. */
export const NAMES = {
  mykaarma: ['emailAddress', 'username'],
  cryptlex: ['email', undefined],
  formsonfire: ['Email', 'ExternalId'],
} as const

/** The entry point's good body, for the user of this name. */
export function bodyOf({ api, answers, body }: EntryPoint, { name, fields = {} }: Asked): string {
  const [email, other] = NAMES[api]
  const given: Record<string, unknown> = {
    ...(name === undefined ? {} : { [email]: addressOf(name) }),
    // Without what a magic name asks for, so that one field alone asks.
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

/** Milliseconds for which a request is held before it counts as one that hangs. */
const A_WHILE = 50

/** Whether the request on this connection waits at the server for what a fault makes of it. */
function holds({ sandbox }: Server, { localPort }: Socket): boolean {
  return [...sandbox.faults.held].some(({ req }) => req.socket.remotePort === localPort)
}

/** One request on a connection of its own, which the server is to close. */
export function ask(server: Server, entryPoint: EntryPoint, asked: Asked = {}): Promise<Heard> {
  const { method = 'POST', path = entryPoint.path } = asked
  const body = asked.body ?? bodyOf(entryPoint, asked)
  const headers: Record<string, string | number> = {
    Host: 'localhost',
    Connection: 'close',
    ...entryPoint.headers,
    ...(asked.headers?.['Transfer-Encoding'] ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...asked.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let end: Heard['end'] = 'closed'
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

function readIn(bytes: Buffer): Omit<Heard, 'end'> {
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

/** Whether the answer is framed as it says, and all there. */
export function isWhole({ end, status, headers, body }: Heard): boolean {
  if (end !== 'closed' || status === 0) return false
  if (headers['transfer-encoding'] !== undefined) return String(body).endsWith('\r\n0\r\n\r\n')
  // RFC 9110: no answer of this status has a body.
  return status === 304 ? body.length === 0 : body.length === Number(headers['content-length'])
}

/** The user of this name, or those of it. */
export function usersNamed(server: Server, { api }: EntryPoint, name: string): readonly object[] {
  const all: readonly object[] = server.sandbox.store.collection(`${api}.users`).all()
  return all.filter((row) => addressIn(row) === addressOf(name))
}

function addressIn(row: object): unknown {
  if (!isRecord(row)) return undefined
  return row['emailAddress'] ?? row['email']
}

/** The armed or wished fault that an answer names. */
export function ruleOf(server: Server, { headers }: Heard): ArmedFault | undefined {
  const id = headers['standin-fault']
  return id === undefined ? undefined : server.sandbox.faults.get(id)
}

/** Work on many things, some at a time. */
export async function each<T>(
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
