import { connect, type ConnectOptions } from './client/connect.ts'
import type { Standin } from './client/standin.ts'
import { configFrom, type StandinOptions } from './config/start-options.ts'

export type * as admin from './admin/contract.gen.ts'
export type * as cryptlex from './apis/cryptlex/contract.gen.ts'
export type * as formsonfire from './apis/formsonfire/contract.gen.ts'
export type * as mykaarma from './apis/mykaarma/contract.gen.ts'
export type { ApiName, Duration, Time } from './client/admin.ts'
export type { Clock } from './client/clock.ts'
export type { ConnectOptions } from './client/connect.ts'
export type { Credentials } from './client/credentials.ts'
export { ExpectationError, StandinError } from './client/errors.ts'
export type { Faults } from './client/faults.ts'
export type {
  AwaitOptions,
  Part,
  RequestFilter,
  Requests,
  VerifyOptions,
} from './client/requests.ts'
export type { Snapshots } from './client/snapshots.ts'
export type { ReportCardOptions, SandboxOptions, Standin, TlsAccess } from './client/standin.ts'
export type { UserFilter, Users } from './client/users.ts'
export type {
  DeliveryFilter,
  Inbox,
  SettleOptions,
  DeliveryFaultOptions,
  Webhooks,
} from './client/webhooks.ts'
export { verifyWebhook } from './core/webhooks/signature-check.ts'
export type {
  HeadersLike,
  SignatureResult as Verdict,
  VerifyOptions as WebhookOptions,
  WebhookBody,
} from './core/webhooks/signature-check.ts'
export { ConfigError } from './config/config.ts'
export type { Config } from './config/config.ts'
export type { Profiles } from './config/profiles.ts'
export type { StandinOptions } from './config/start-options.ts'

/** Starts a server in this process and connects to it; closing stops the server. */
export async function startStandin(options: StandinOptions = {}): Promise<Standin> {
  const config = configFrom(options)
  const { startServer } = await import('./server/server.ts') // loaded here, because connectStandin() does not need the server
  const server = await startServer(config)
  const { url, close } = server
  const adminToken = config.adminToken === 'none' ? undefined : config.adminToken
  try {
    return await connect({ url, adminToken }, close)
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Connects to a running server, such as a service container.
 *
 * @param target its URL, or its URL with a token and a sandbox
 */
export async function connectStandin(target: string | ConnectOptions): Promise<Standin> {
  return await connect(target)
}
