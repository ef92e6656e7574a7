import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { CRYPTLEX, FORMSONFIRE, jsonFixture, MYKAARMA } from './sandbox.ts'

export type Api = 'mykaarma' | 'cryptlex' | 'formsonfire'
export const APIS: readonly Api[] = ['mykaarma', 'cryptlex', 'formsonfire']

/** A request; an object as body is sent as JSON. */
export interface Sent {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A complete answer with its raw bytes. */
export class Answer {
  readonly status: number
  readonly head: string
  readonly text: string

  constructor(head: string, text: string) {
    this.status = Number(head.slice(9, 12))
    this.head = head
    this.text = text
  }

  header(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)$`, 'im').exec(this.head)?.[1]
  }

  get reason(): string | undefined {
    return this.header('Standin-Reason')
  }

  /** Parses the body as JSON of the expected type. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- stated by the caller
  json<T = Record<string, unknown>>(): T {
    return JSON.parse(this.text) as T
  }
}

/**
 * Sends requests one after the other on a keep-alive connection. It costs a tenth of an HTTP client
 * and gives access to the bytes of every answer.
 */
export class Caller {
  readonly #port: number
  #socket: Socket | undefined
  #before: Promise<unknown> = Promise.resolve()
  #received: Buffer = Buffer.alloc(0)
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined

  constructor({ port }: { readonly port: number }) {
    this.#port = port
  }

  send(sent: Sent): Promise<Answer> {
    const answer = this.#before.then(() => this.#exchange(sent))
    this.#before = answer.catch(() => {})
    return answer
  }

  get(path: string, headers: Sent['headers'] = {}): Promise<Answer> {
    return this.send({ method: 'GET', path, headers })
  }

  put(path: string, body?: unknown, headers: Sent['headers'] = {}): Promise<Answer> {
    return this.send({ method: 'PUT', path, body, headers })
  }

  post(path: string, body?: unknown, headers: Sent['headers'] = {}): Promise<Answer> {
    return this.send({ method: 'POST', path, body, headers })
  }

  delete(path: string): Promise<Answer> {
    return this.send({ method: 'DELETE', path })
  }

  create(api: Api, fields: object = {}, base = ''): Promise<Answer> {
    return this.send(creation(api, fields, base))
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #exchange({ method, path, body, headers = {} }: Sent): Promise<Answer> {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const all: Record<string, string | number> = {
      Host: 'localhost',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(method === 'GET' ? {} : { 'Content-Length': Buffer.byteLength(text) }),
      ...headers,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#connected().write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`)
    })
  }

  #connected(): Socket {
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return this.#socket
    const socket = connect(this.#port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    const gone = (error?: Error) => {
      // The error of a closed connection belongs to no request.
      if (this.#socket !== socket) return
      this.#socket = undefined
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting?.reject(error ?? new Error('the connection was closed'))
    }
    socket.on('error', gone)
    socket.on('close', () => gone())
    this.#socket = socket
    return socket
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end)
    const rest = this.#received.subarray(end + 4)
    // A stream of events has no end, so its answer is the head.
    const isChunked =
      /^Transfer-Encoding: chunked$/im.test(head) &&
      !/^Content-Type: text\/event-stream/im.test(head)
    const body = isChunked
      ? chunkedBody(rest)
      : wholeBody(rest, Number(/^Content-Length: (\d+)$/im.exec(head)?.[1] ?? 0))
    if (!body) return
    const { text } = body
    this.#received = rest.subarray(body.end)
    if (/^Connection: close$/im.test(head)) {
      this.#socket?.destroy()
      this.#socket = undefined
    }
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(new Answer(head, text))
  }
}

/** Creates a caller that is closed when the test ends. */
export function createCaller(server: { readonly port: number }): Caller {
  const caller = new Caller(server)
  onTestFinished(() => caller.close())
  return caller
}

const GOOD = {
  mykaarma: jsonFixture('mykaarma.json'),
  cryptlex: jsonFixture('cryptlex.json'),
  formsonfire: jsonFixture('formsonfire.json'),
}
const PATHS = { mykaarma: MYKAARMA, cryptlex: CRYPTLEX, formsonfire: FORMSONFIRE }
const CREDENTIALS: Readonly<Record<Api, Readonly<Record<string, string>>>> = {
  mykaarma: { Authorization: `Basic ${Buffer.from('partner:partner-secret').toString('base64')}` },
  cryptlex: { Authorization: 'Bearer standin-token' },
  formsonfire: {},
}

/** Status of a successful create call by API. */
export const CREATED: Readonly<Record<Api, number>> = {
  mykaarma: 200,
  cryptlex: 201,
  formsonfire: 200,
}

/** The good request of `fixtures/requests` with some fields changed. */
export function creation(api: Api, fields: object = {}, base = ''): Sent {
  return {
    method: 'POST',
    path: `${base}${PATHS[api]}`,
    headers: CREDENTIALS[api],
    body: { ...GOOD[api], ...fields },
  }
}

/** Unique fields of a user by name, by API; the same name gives the same user. */
export function named(api: Api, name: string): Readonly<Record<string, string>> {
  const email = `${name}@example.test`
  if (api === 'mykaarma') return { username: name, emailAddress: email }
  return api === 'cryptlex' ? { email } : { Email: email, ExternalId: name }
}

/** The user id in the answer to a create call, with dashes as in the store. */
export function idIn(api: Api, answer: Answer): string {
  const body = answer.json<{ userUuid: string; id: string; User: { Id: string } }>()
  const id = api === 'mykaarma' ? body.userUuid : api === 'cryptlex' ? body.id : body.User.Id
  return id.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5')
}

export interface UserPage {
  readonly users: readonly {
    readonly api: Api
    readonly id: string
    readonly email?: string
    readonly user: Readonly<Record<string, unknown>>
  }[]
  readonly total: number
  readonly next?: string
}

/** Lists all users of a sandbox, page by page. */
export async function allUsers(
  caller: Caller,
  { base = '', query = '', limit = 1000 }: { base?: string; query?: string; limit?: number } = {},
): Promise<UserPage['users'][number][]> {
  const found: UserPage['users'][number][] = []
  let after = ''
  do {
    const answer = await caller.get(`${base}/_standin/users?limit=${limit}${query}${after}`)
    if (answer.status !== 200) throw new Error(answer.text)
    const { users, next } = answer.json<UserPage>()
    found.push(...users)
    after = next === undefined ? '' : `&after=${next}`
  } while (after !== '')
  return found
}

interface Body {
  readonly text: string
  /** Number of bytes up to its end. */
  readonly end: number
}

/** @returns undefined if it has not arrived as a whole */
function wholeBody(bytes: Buffer, length: number): Body | undefined {
  if (bytes.length < length) return undefined
  return { text: bytes.toString('utf8', 0, length), end: length }
}

/** @returns undefined if it has not arrived as a whole */
function chunkedBody(bytes: Buffer): Body | undefined {
  if (!bytes.subarray(-5).equals(LAST_CHUNK)) return undefined
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const start = bytes.indexOf('\r\n', at) + 2
    const size = parseInt(bytes.toString('latin1', at, start - 2), 16)
    at = start + size + 2
    if (size === 0) return { text: Buffer.concat(chunks).toString('utf8'), end: at }
    chunks.push(bytes.subarray(start, start + size))
  }
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n')
