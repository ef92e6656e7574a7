import type { Health } from '../admin/contract.gen.ts'
import { isRecord } from '../core/contract/schema.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import { Admin, type ApiName } from './admin.ts'
import { StandinError } from './errors.ts'
import { Standin } from './standin.ts'
import { Wire } from './wire.ts'

export interface ConnectOptions {
  /** Such as `http://localhost:4020`; with `/~name` at its end, that sandbox. */
  readonly url: string
  /** What the admin API asks for, where it does. */
  readonly adminToken?: string | undefined
  /** Which sandbox; `default` where nothing is said. */
  readonly sandbox?: string | undefined
}

/** Milliseconds that a server may take to say that it is one. */
const PATIENCE = 10_000

/**
 * A client of a server that runs, wherever it does.
 *
 * @param end what closing it comes to, before the connections are given up
 * @throws StandinError at once when no Standin answers there, or not to this token or sandbox
 */
export async function connect(
  target: string | ConnectOptions,
  end: () => Promise<void> = () => Promise.resolve(),
): Promise<Standin> {
  const { url, adminToken, sandbox } = typeof target === 'string' ? { url: target } : target
  const { server, name } = whereIn(url, sandbox)
  const wire = new Wire(server, adminToken)
  const prefix = name === undefined ? '' : sandboxPath(name)
  try {
    const health: unknown = await new Admin(wire, '').ask('getHealth', { timeout: PATIENCE })
    if (!isHealth(health)) {
      const why = `What answers at ${server} is no Standin, or one of another version`
      throw new StandinError(0, 'server.foreign', why)
    }
    const credentials = await new Admin(wire, prefix).ask('getCredentials', { timeout: PATIENCE })
    return new Standin({
      wire,
      name: name ?? 'default',
      prefix,
      prefixes: health.prefixes as Record<ApiName, string>, // one for each API
      credentials,
      end: async () => {
        try {
          await end()
        } finally {
          wire.close()
        }
      },
    })
  } catch (error) {
    wire.close()
    throw error
  }
}

/** @throws TypeError when it is no URL */
function whereIn(text: string, sandbox?: string): { server: string; name: string | undefined } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(
      `The URL must be such as http://localhost:4020, got ${JSON.stringify(text)}`,
    )
  }
  const [, path = '', named] = /^(.*?)(?:\/~([^/]+))?\/*$/.exec(url.pathname) ?? []
  const name = sandbox ?? (named === undefined ? undefined : decodeURIComponent(named))
  return {
    server: `${url.origin}${path.replace(/\/+$/, '')}`,
    name: name === 'default' ? undefined : name,
  }
}

function isHealth(given: unknown): given is Health {
  return isRecord(given) && given['status'] === 'ok' && isRecord(given['prefixes'])
}
