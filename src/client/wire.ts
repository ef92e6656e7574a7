import * as http from 'node:http'
import { isRecord } from '../core/contract/schema.ts'
import { messageOf } from '../core/errors.ts'
import { StandinError } from './errors.ts'

/** Milliseconds that an idle connection is kept: less than the server's 30 s. */
const IDLE = 15_000

/** Values of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | Date | undefined>>

export interface Question {
  readonly query?: Query
  /** Sent as JSON. */
  readonly body?: unknown
  /** Milliseconds; without one it waits as long as it takes. */
  readonly timeout?: number
}

/** Connections to one server, whose admin API is asked through them. */
export class Wire {
  /** The server's own, without a slash at its end. */
  readonly url: string
  readonly #token: string | undefined
  #agent: http.Agent | undefined
  #closed = false

  /**
   * @param url http or https
   * @param token what the admin API asks for, where it does
   */
  constructor(url: string, token?: string) {
    this.url = url
    this.#token = token
  }

  /**
   * Asks, and hands back the JSON that is answered.
   *
   * @param path with `/_standin`, and the sandbox's prefix before it
   * @throws StandinError
   */
  async ask(method: string, path: string, question: Question = {}): Promise<unknown> {
    const { status, text } = await this.#answer(method, path, question)
    const given = jsonIn(text)
    if (given === undefined) throw this.#foreign(status)
    return given
  }

  /** The same, where the answer is no JSON. */
  async read(path: string, question: Question): Promise<string> {
    return (await this.#answer('GET', path, question)).text
  }

  /** Nothing is asked from now on; what waits for an answer gets none. */
  close(): void {
    this.#closed = true
    this.#agent?.destroy()
  }

  /** Only successes: everything else is thrown. */
  async #answer(method: string, path: string, question: Question): Promise<Answer> {
    let answer: Answer
    try {
      answer = await this.#send(method, path, question)
    } catch (error) {
      if (error instanceof StandinError) throw error
      if (this.#closed) throw closed(this.url, error)
      const why = `No Standin at ${this.url}: ${reasonOf(error)}`
      throw new StandinError(0, 'server.unreachable', why, error)
    }
    if (answer.status >= 200 && answer.status <= 299) return answer
    const problem = jsonIn(answer.text)
    const { reason, detail } = isRecord(problem) ? problem : {}
    if (typeof reason !== 'string' || typeof detail !== 'string') throw this.#foreign(answer.status)
    throw new StandinError(answer.status, reason, detail)
  }

  async #send(method: string, path: string, question: Question): Promise<Answer> {
    if (this.#closed) throw closed(this.url)
    const { query = {}, body, timeout } = question
    // TLS takes a while to load, and few need it.
    const { Agent, request } = this.url.startsWith('https:') ? await import('node:https') : http
    this.#agent ??= new Agent({ keepAlive: true, timeout: IDLE })
    const text = body === undefined ? undefined : JSON.stringify(body)
    const options: http.RequestOptions = {
      method,
      agent: this.#agent,
      headers: {
        ...(text === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        ...(this.#token === undefined ? {} : { 'Standin-Admin-Token': this.#token }),
      },
    }
    const send = () => {
      const signal = timeout === undefined ? {} : { signal: AbortSignal.timeout(timeout) }
      return exchange(
        request,
        `${this.url}${path}${queryOf(query)}`,
        { ...options, ...signal },
        text,
      )
    }
    try {
      return await send()
    } catch (error) {
      // The server let an idle connection go at the moment at which it was taken again.
      if (error instanceof Stale && !this.#closed) return await send()
      throw error
    }
  }

  #foreign(status: number): StandinError {
    const why = `What answers at ${this.url} is no Standin: it says ${status}`
    return new StandinError(0, 'server.foreign', why)
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** A connection that was gone before anything was sent on it. */
class Stale extends Error {}

function exchange(
  request: typeof http.request,
  url: string,
  options: http.RequestOptions,
  body: string | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0 } = response // an answer has one
        resolve({ status: statusCode, text: Buffer.concat(chunks).toString() })
      })
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && error.code === 'ECONNRESET'
      reject(stale ? new Stale(error.message, { cause: error }) : error)
    })
    sent.end(body)
  })
}

/** Why nothing was answered: the lowest cause that says something. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  // Where a name has several addresses, the refusals of all of them are inside.
  if (cause instanceof AggregateError) return messageOf(cause.errors[0])
  return messageOf(cause)
}

function closed(url: string, cause?: unknown): StandinError {
  const why = `The Standin at ${url} is closed: its test has ended, or close() was called`
  return new StandinError(0, 'client.closed', why, cause)
}

function queryOf(query: Query): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    given.set(name, value instanceof Date ? value.toISOString() : String(value))
  }
  return given.size === 0 ? '' : `?${given}`
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
