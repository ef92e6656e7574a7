import { StandinError } from '../client/errors.ts'
import { Connection, type RequestOptions } from '../client/connection.ts'
import { ConfigError, type Config } from '../config/config.ts'
import { hostForUrl } from '../core/http/hosts.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import type { Flag } from './command.ts'
import { startCommand } from './invocation.ts'

/** Flags of every command that calls a running server. */
export const CLIENT_FLAGS: readonly Flag[] = [
  { name: 'url', value: 'URL', help: 'URL of the server; by default from --host and --port' },
  { name: 'sandbox', value: 'NAME', help: 'name of the sandbox (default)' },
]

/** Calls the admin API of a running server for a command. */
export class Client {
  /** URL of the server without a trailing slash. */
  readonly url: string
  readonly #prefix: string
  readonly #connection: Connection

  /** @throws ConfigError if --url is not an http or https URL */
  constructor(config: Config, flags: Readonly<Partial<Record<string, string>>>) {
    this.url = flags['url'] === undefined ? urlOf(config) : checkedUrl(flags['url'])
    const { sandbox } = flags
    this.#prefix = sandbox === undefined ? '' : sandboxPath(sandbox)
    const token = config.adminToken === 'none' ? undefined : config.adminToken
    this.#connection = new Connection(this.url, token)
  }

  /**
   * Calls the admin API.
   *
   * @param path below `/_standin`
   * @throws Error with a message of one line; its cause is the StandinError
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    return await this.#explained(
      this.#connection.request(method, `${this.#prefix}/_standin${path}`, options),
    )
  }

  /** Calls the admin API for an answer in text; throws as `request` does. */
  async requestText(path: string): Promise<string> {
    return await this.#explained(
      this.#connection.requestText(`${this.#prefix}/_standin${path}`, {}),
    )
  }

  async #explained<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof StandinError)) throw error
      const advice =
        error.reason === 'server.unreachable' ? `; start one with: ${startCommand()}` : ''
      throw new Error(`${describe(error)}${advice}`, { cause: error })
    }
  }
}

/**
 * Returns the URL of the server that a command calls, and the sandbox that is named at the end of
 * the URL, as in `STANDIN_URL`.
 */
export function serverUrl(
  config: Config,
  { url }: Readonly<Partial<Record<string, string>>>,
): { readonly url: string; readonly sandbox: string | undefined } {
  const full = url === undefined ? urlOf(config) : checkedUrl(url)
  const [, server = full, name] = /^(.*?)\/~([^/]+)$/.exec(full) ?? []
  return { url: server, sandbox: name === undefined ? undefined : decodeURIComponent(name) }
}

/** Describes a refusal by the server, or a failure to reach it. */
export function describe({ status, detail, reason }: StandinError): string {
  // The server names headers, which mean nothing on a command line.
  if (reason === 'admin.token-missing') {
    return 'The server refused: its admin API needs a token: set STANDIN_ADMIN_TOKEN, or give --admin-token'
  }
  return status > 0 ? `The server refused: ${detail}` : detail
}

/** URL by which a server with this configuration is reached from the same machine. */
function urlOf({ host, port }: Config): string {
  return `http://${hostForUrl(host, '127.0.0.1')}:${port}`
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(
      `--url must be an http or https URL such as http://localhost:4020, got ${JSON.stringify(text)}`,
    )
  }
  return url.href.replace(/\/+$/, '')
}
