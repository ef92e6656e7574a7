import * as http from 'node:http'
import { types } from 'node:util'
import { isRecord } from '../core/contract/schema.ts'
import { messageOf } from '../core/errors.ts'
import { StandinError } from './errors.ts'

const { isDate, isNativeError } = types

/** Milliseconds that an idle connection is kept open: less than the server's 30 s. */
const IDLE_TIMEOUT = 15_000

/** Query parameters; undefined values are omitted. */
export type Query = Readonly<Record<string, string | number | boolean | Date | undefined>>

export interface RequestOptions {
  readonly query?: Query
  /** Sent as JSON. */
  readonly body?: unknown
  /** Milliseconds; without it there is no time limit. */
  readonly timeout?: number
}

/** Sends requests to the admin API of one server over keep-alive connections. */
export class Connection {
  /** URL of the server without a trailing slash. */
  readonly url: string
  readonly #token: string | undefined
  readonly #ca: string | undefined
  #agent: http.Agent | undefined
  #closed = false

  /**
   * @param url http or https
   * @param token of the admin API, if it needs one
   * @param ca CA in PEM that must have signed the server's certificate; default: the CAs that Node
   *   trusts
   */
  constructor(url: string, token?: string, ca?: string) {
    this.url = url
    this.#token = token
    this.#ca = ca
  }

  /**
   * Sends a request and returns the JSON of the answer.
   *
   * @param path including `/_standin`, and the sandbox's prefix before it
   * @throws StandinError
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const { status, text } = await this.#answer(method, path, options)
    const body = parseJson(text)
    if (body === undefined) throw this.#notStandin(status)
    return body
  }

  /** Sends a GET request and returns the answer as text. */
  async requestText(path: string, options: RequestOptions): Promise<string> {
    return (await this.#answer('GET', path, options)).text
  }

  /** Closes all connections; pending and further requests fail. */
  close(): void {
    this.#closed = true
    this.#agent?.destroy()
  }

  /** Returns a successful answer; throws a StandinError for every other outcome. */
  async #answer(method: string, path: string, options: RequestOptions): Promise<Answer> {
    let answer: Answer
    try {
      answer = await this.#send(method, path, options)
    } catch (error) {
      if (error instanceof StandinError) throw error
      if (this.#closed) throw closed(this.url, error)
      const detail = `No Standin at ${this.url}: ${causeOf(error)}`
      throw new StandinError(0, 'server.unreachable', detail, error)
    }
    if (answer.status >= 200 && answer.status <= 299) return answer
    const problem = parseJson(answer.text)
    const { reason, detail } = isRecord(problem) ? problem : {}
    if (typeof reason !== 'string' || typeof detail !== 'string')
      throw this.#notStandin(answer.status)
    throw new StandinError(answer.status, reason, detail)
  }

  async #send(method: string, path: string, options: RequestOptions): Promise<Answer> {
    if (this.#closed) throw closed(this.url)
    const { query = {}, body, timeout } = options
    // Loading TLS takes time, and few connections need it.
    const { Agent, request } = this.url.startsWith('https:') ? await import('node:https') : http
    this.#agent ??= new Agent({
      keepAlive: true,
      timeout: IDLE_TIMEOUT,
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    })
    const text = body === undefined ? undefined : JSON.stringify(body)
    const httpOptions: http.RequestOptions = {
      method,
      agent: this.#agent,
      headers: {
        ...(text === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        ...(this.#token === undefined ? {} : { 'Standin-Admin-Token': this.#token }),
      },
    }
    const url = `${this.url}${path}${queryOf(query)}`
    const send = () => exchange(request, url, httpOptions, text, timeout)
    try {
      return await send()
    } catch (error) {
      // The server closed an idle connection just when the client reused it.
      if (error instanceof StaleConnection && !this.#closed) return await send()
      throw error
    }
  }

  #notStandin(status: number): StandinError {
    const detail = `The server at ${this.url} is not a Standin: it answered ${status}`
    return new StandinError(0, 'server.foreign', detail)
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** The error of a reused connection that was closed before the request was sent. */
class StaleConnection extends Error {}

function exchange(
  request: typeof http.request,
  url: string,
  options: http.RequestOptions,
  body: string | undefined,
  timeout: number | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0 } = response // set in every response
        resolve({ status: statusCode, text: Buffer.concat(chunks).toString() })
      })
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && error.code === 'ECONNRESET'
      reject(stale ? new StaleConnection(error.message, { cause: error }) : error)
    })
    // AbortSignal.timeout() would be that of jsdom in a browser-like test environment, which Node
    // refuses.
    if (timeout !== undefined) {
      const expire = () => sent.destroy(new Error(`it did not answer within ${timeout} ms`))
      const timer = setTimeout(expire, timeout)
      sent.on('close', () => clearTimeout(timer))
    }
    sent.end(body)
  })
}

/** Message of the innermost error, which names the cause. */
function causeOf(error: unknown): string {
  const cause = isNativeError(error) && isNativeError(error.cause) ? error.cause : error
  // A name with several addresses has an AggregateError with an error for each of them.
  const errors: unknown = isRecord(cause) ? cause['errors'] : undefined
  return messageOf(Array.isArray(errors) && errors.length > 0 ? errors[0] : cause)
}

function closed(url: string, cause?: unknown): StandinError {
  const detail = `The connection to the Standin at ${url} is closed: close() was called, or the block of await using has ended`
  return new StandinError(0, 'client.closed', detail, cause)
}

function queryOf(query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    params.set(name, isDate(value) ? value.toISOString() : String(value))
  }
  return params.size === 0 ? '' : `?${params}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
