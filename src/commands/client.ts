import { ConfigError, type Config } from '../config.ts'
import { isRecord } from '../core/schema.ts'
import { messageOf } from '../core/thrown.ts'
import type { Flag } from './command.ts'

/** What every command takes that talks to a running server. */
export const CLIENT_FLAGS: readonly Flag[] = [
  { name: 'url', value: 'URL', help: 'the server; else --host and --port (STANDIN_URL)' },
  { name: 'sandbox', value: 'NAME', help: 'which of its sandboxes (default)' },
]

/** A running server whose admin API is asked. */
export class Client {
  /** The server's own, without a slash at its end. */
  readonly url: string
  readonly #base: string
  readonly #token: string | undefined

  /** @throws ConfigError when --url is none */
  constructor(config: Config, flags: Readonly<Partial<Record<string, string>>>) {
    this.url = flags['url'] === undefined ? urlOf(config) : checked(flags['url'])
    const { sandbox } = flags
    this.#base = sandbox === undefined ? this.url : `${this.url}/~${encodeURIComponent(sandbox)}`
    this.#token = config.adminToken === 'none' ? undefined : config.adminToken
  }

  /**
   * Asks the admin API.
   *
   * @param path below `/_standin`
   * @param options timeout: in milliseconds; without one it waits as long as it takes
   * @throws Error in one line: nobody answers, no Standin does, or it refuses
   */
  async ask(
    method: string,
    path: string,
    { body, timeout }: { readonly body?: unknown; readonly timeout?: number } = {},
  ): Promise<unknown> {
    let answer: Response
    let text: string
    try {
      answer = await fetch(`${this.#base}/_standin${path}`, {
        method,
        redirect: 'error',
        headers: {
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(this.#token === undefined ? {} : { 'Standin-Admin-Token': this.#token }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(timeout === undefined ? {} : { signal: AbortSignal.timeout(timeout) }),
      })
      text = await answer.text()
    } catch (error) {
      throw new Error(`No Standin at ${this.url}: ${reasonOf(error)}; start one with: standin`, {
        cause: error,
      })
    }
    const given = parsed(text)
    if (answer.ok && given !== undefined) return given
    const { detail } = isRecord(given) ? given : {}
    if (typeof detail === 'string') throw new Error(`The server refused: ${detail}`)
    throw new Error(`What answers at ${this.url} is no Standin: it says ${answer.status}`)
  }
}

/** Where a server with this configuration is reached from its own machine. */
export function urlOf({ host, port }: Config): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** Why a fetch failed: what lies below "fetch failed". */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  // Where a name has several addresses, the refusals of all of them are inside.
  if (cause instanceof AggregateError) return messageOf(cause.errors[0])
  return messageOf(cause)
}

function checked(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(
      `--url must be such as http://localhost:4020, got ${JSON.stringify(text)}`,
    )
  }
  return url.href.replace(/\/+$/, '')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
