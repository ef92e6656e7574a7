import { StandinError } from '../client/errors.ts'
import { Wire, type Question } from '../client/wire.ts'
import { ConfigError, type Config } from '../config/config.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
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
  readonly #prefix: string
  readonly #wire: Wire

  /** @throws ConfigError when --url is none */
  constructor(config: Config, flags: Readonly<Partial<Record<string, string>>>) {
    this.url = flags['url'] === undefined ? urlOf(config) : checked(flags['url'])
    const { sandbox } = flags
    this.#prefix = sandbox === undefined ? '' : sandboxPath(sandbox)
    this.#wire = new Wire(this.url, config.adminToken === 'none' ? undefined : config.adminToken)
  }

  /**
   * Asks the admin API.
   *
   * @param path below `/_standin`
   * @throws Error in one line: nobody answers, no Standin does, or it refuses
   */
  async ask(method: string, path: string, question: Question = {}): Promise<unknown> {
    try {
      return await this.#wire.ask(method, `${this.#prefix}/_standin${path}`, question)
    } catch (error) {
      if (!(error instanceof StandinError)) throw error
      throw new Error(inWords(error), { cause: error })
    }
  }
}

function inWords({ status, reason, detail }: StandinError): string {
  if (status > 0) return `The server refused: ${detail}`
  return reason === 'server.unreachable' ? `${detail}; start one with: standin` : detail
}

/** Where a server with this configuration is reached from its own machine. */
export function urlOf({ host, port }: Config): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
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
