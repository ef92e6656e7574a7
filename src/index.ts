import { withDefaults, type Config } from './config.ts'
import { startServer } from './server.ts'

export type { Config } from './config.ts'

/** A server that runs in this process. */
export interface Standin {
  readonly url: string
  /** Where each vendor's client is pointed at. */
  readonly urls: Readonly<Record<string, string>>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a server in this process: on a free port and with its state in memory, where nothing
 * else is asked for.
 */
export async function startStandin(settings: Partial<Config> = {}): Promise<Standin> {
  const server = await startServer(withDefaults({ port: 0, memory: true, ...settings }))
  return {
    url: server.url,
    urls: Object.fromEntries(server.apis.map(({ name, url }) => [name, url])),
    close: server.close,
    [Symbol.asyncDispose]: server.close,
  }
}
