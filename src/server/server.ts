import { resolve } from 'node:path'
import type { Express } from 'express'
import { admin } from '../admin/index.ts'
import type { ServerPort } from '../admin/ports.ts'
import { removeStaleReadyFiles, writeReadyFiles } from './ready-files.ts'
import { adminContract, documentOf, vendorPart } from '../apis/contracts.ts'
import { VENDORS } from '../apis/index.ts'
import { ConfigError, type Config } from '../config/config.ts'
import type { ApiPart } from '../core/context.ts'
import type { Contract } from '../core/contract/contract.ts'
import { Clock } from '../core/time/clock.ts'
import type { FaultVocabulary } from '../core/faults/definition.ts'
import { Faults } from '../core/faults/faults.ts'
import { reasonsOf } from '../core/faults/refusal.ts'
import { HistoryBudget } from '../core/history-budget.ts'
import { DEFAULT_SANDBOX } from '../core/http/sandbox-path.ts'
import { Guard } from './guard.ts'
import { stderr, type Log } from '../core/log.ts'
import type { Sink } from '../telemetry/log-lines.ts'
import type { LineLogger } from '../telemetry/open-log.ts'
import { Egress, readEgress } from '../core/webhooks/egress.ts'
import { readRetryPlan } from '../core/webhooks/retry-plan.ts'
import { Problem } from '../core/problem.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { SharedParts } from '../sandbox/settings.ts'
import { addressOf } from '../sandbox/address.ts'
import { MAX_SANDBOXES, Sandboxes, type SandboxesOptions } from '../sandbox/sandboxes.ts'
import { messageOf } from '../core/errors.ts'
import { fixturesOf } from '../sandbox/fixtures.ts'
import { createMetrics } from './gauges.ts'
import { SecretNames } from '../core/request-log/secret-names.ts'
import type { Vendor } from '../core/vendor.ts'
import { VERSION } from '../package.ts'
import { appFor } from './app.ts'
import { hostForUrl } from '../core/http/hosts.ts'
import { listen, serverFor, stop } from './listener.ts'
import type { SecureListener } from './start-tls.ts'

/** Parts that a test replaces. */
export interface ServerParts {
  readonly log?: Log
  /**
   * Receives every answer that breaks its contract, in place of the log. Also enables the check
   * that each written answer, parsed again, equals the intended one.
   */
  readonly onInvalidAnswer?: (message: string) => void
  /** Output of the request log lines, in place of standard output. */
  readonly lines?: Sink
  /** The vendors, in place of the registry's. */
  readonly vendors?: readonly Vendor[]
}

/** A running server. */
export interface Server {
  readonly url: string
  readonly port: number
  /** The HTTPS listener; undefined without `--tls`. */
  readonly https:
    { readonly url: string; readonly port: number; readonly ca: string | undefined } | undefined
  readonly app: Express
  readonly sandbox: Sandbox
  /** The base URL of each API. */
  readonly apis: readonly { readonly name: string; readonly title: string; readonly url: string }[]
  /** Finishes the requests in flight, writes the state and stops. */
  readonly close: () => Promise<void>
}

/**
 * Reads the contracts, opens the sandboxes and listens.
 *
 * @throws Error with a message that says what to do
 */
export async function startServer(config: Config, parts: ServerParts = {}): Promise<Server> {
  const requestLog = await requestLoggerOf(config, parts.lines)
  const log = parts.log ?? requestLog?.log ?? stderr
  const registry: readonly Vendor[] = parts.vendors ?? VENDORS
  const vendors = registry.map((vendor) => vendorPart(vendor.configure?.(config) ?? vendor))
  for (const part of vendors) checkOperations(part)
  const own = adminContract(registry)
  const prefixes = vendors.map(({ contract }) => contract.prefix)
  const history = new HistoryBudget(config.historyBytes)
  let sandboxes: Sandboxes
  let stopping = false
  checkTlsOptions(config)
  let url: string | undefined
  let https: Server['https']
  const guard = new Guard(config)
  const host: ServerPort = {
    version: VERSION,
    folder: config.memory ? undefined : resolve(config.data),
    apis: vendors.map(({ api }) => api.name),
    prefixes,
    ownPaths: [...new Set(own.operations.map(({ path }) => path))],
    sessions: guard,
    https: () => https,
    document: (name) => documentOf(name, registry),
    isStopping: () => stopping,
    metrics: () => metrics,
    history,
    list: () => sandboxes.list(),
    maxSandboxes: MAX_SANDBOXES,
    get: (name) => sandboxes.get(name),
    create: (request) => sandboxes.create(request),
    remove: (name) => sandboxes.remove(name),
    fixturesWith: (given) => sandboxes.fixturesWith(given),
    keepFixtures: ({ settings }, fixtures) => sandboxes.keepFixtures(settings.name, fixtures),
  }
  const metrics = createMetrics(VERSION, () => sandboxes.list(), history)
  const shared: SharedParts = {
    vendors,
    admin: (sandbox) => {
      const part = { api: admin(sandbox, host), contract: own }
      checkOperations(part)
      return part
    },
    limits: { size: config.maxBody, time: config.bodyTimeout },
    secretNames: new SecretNames(config.redact),
    history,
    requestLog: { size: config.requestLogSize, bytes: config.requestLogBytes },
    log,
    gate: {
      reportInvalidAnswer:
        parts.onInvalidAnswer ??
        ((message: string) => log.bug('an answer broke its contract', message)),
      checksRoundTrip: parts.onInvalidAnswer !== undefined,
      observe: (answered) => {
        metrics.count(answered)
        requestLog?.observe(answered)
      },
    },
    faults: {
      vocabulary: termsOf(vendors, own),
      allowsMagicAddresses: config.magicFaults,
      startup: config.faults,
      https: !config.tls ? 'off' : config.tlsCert === undefined ? 'own' : 'given',
    },
    onFlush: (milliseconds) => metrics.flushes.add(milliseconds),
    webhooks: { ...webhooksOf(config, vendors), self: () => url, pass: guard.pass },
  }
  checkStartupFaults(shared.faults)
  sandboxes = await opened({
    settings: {
      name: DEFAULT_SANDBOX,
      seed: config.seed,
      clock: config.clock,
      clockWins: config.clock !== undefined,
      profile: config.profile,
      fixtures: fixturesOf(config, registry),
    },
    shared,
    folder: config.memory ? undefined : config.data,
    durability: config.durability,
    recover: config.recover,
    auto: config.autoSandboxes,
  })
  const app = appFor(sandboxes, { vendors: prefixes, own: own.prefix, guard, log })
  const server = serverFor(app, config, ({ routing }) =>
    sandboxes.contextForRejected(addressOf({ ...routing }).name, own.prefix),
  )
  guard.watch(server)
  let secure: SecureListener | undefined
  try {
    removeStaleReadyFiles(config)
    // HTTPS is started before HTTP, so that a program that can reach the server finds both.
    if (config.tls) {
      const { startTls } = await import('./start-tls.ts')
      secure = await startTls(server, config, { sandboxes, guard })
      const reachedBy = hostForUrl(config.host)
      https = {
        url: `https://${reachedBy}:${secure.port}`,
        port: secure.port,
        get ca() {
          return secure!.ca()
        },
      }
    }
    const port = await listen(server, config)
    const reached = `http://${hostForUrl(config.host)}:${port}`
    url = reached
    const withdraw = writeReadyFiles(config, reached, port)
    return {
      url: reached,
      port,
      https,
      app,
      sandbox: sandboxes.default,
      apis: vendors.map(({ api: { name, title }, contract }) => ({
        name,
        title,
        url: `${reached}${contract.prefix}`,
      })),
      close: async () => {
        stopping = true
        withdraw()
        sandboxes.stopWaiting()
        await stop(server, secure?.close)
        await sandboxes.close()
        await requestLog?.close()
      },
    }
  } catch (error) {
    server.close()
    await secure?.close()
    await sandboxes.close()
    throw error
  }
}

/**
 * Arms the faults of `--faults` on trial, because an error while a sandbox is created would not name
 * the option.
 *
 * @throws ConfigError for a fault that cannot be armed
 */
function checkStartupFaults(faults: SharedParts['faults']): void {
  const { startup = [] } = faults
  const trial = new Faults({ ...faults, startup: [], clock: new Clock(), seed: 0 })
  for (const [i, definition] of startup.entries()) {
    try {
      trial.add(definition)
    } catch (error) {
      const which = startup.length > 1 ? `number ${i + 1} of ${startup.length}: ` : ''
      const message = `--faults (STANDIN_FAULTS) cannot be used: ${which}${messageOf(error)}`
      throw new ConfigError(message, { cause: error })
    }
  }
}

/**
 * Opens the sandboxes, which creates the users of the fixtures.
 *
 * @throws ConfigError for users that an API refuses
 */
async function opened(options: SandboxesOptions): Promise<Sandboxes> {
  try {
    return await Sandboxes.open(options)
  } catch (error) {
    if (!(error instanceof Problem) || error.reason !== 'fixtures.invalid') throw error
    const message = `The fixtures (--fixtures) cannot be used: ${error.message}`
    throw new ConfigError(message, { cause: error })
  }
}

/** The APIs, operations, reasons and statuses that a fault may name. */
function termsOf(vendors: SharedParts['vendors'], own: Contract): FaultVocabulary {
  return {
    schema: own.component('NewFault'),
    check: (definition) => own.violationsOf('NewFault', definition),
    apis: new Map(
      vendors.map(({ api, contract }) => [
        api.name,
        {
          operations: contract.operations.map(({ id }) => id),
          reasons: reasonsOf(api),
          statuses: contract.statuses,
        },
      ]),
    ),
  }
}

/** Opens the request logger, which is only loaded when requests are logged. */
async function requestLoggerOf(
  { log: format = 'off', logLevel: level }: Config,
  lines: Sink | undefined,
): Promise<LineLogger | undefined> {
  if (format === 'off') return undefined
  const { openLineLogger } = await import('../telemetry/open-log.ts')
  return openLineLogger({ format, level }, lines)
}

/** @throws ConfigError for `--tls-cert` or `--tls-key` without the options that it needs */
function checkTlsOptions({ tls, tlsCert, tlsKey }: Config): void {
  const given = tlsCert === undefined ? tlsKey && '--tls-key' : '--tls-cert'
  if (given === undefined) return
  if (!tls)
    throw new ConfigError(`${given} has no effect without --tls; add --tls, or leave it out`)
  if (tlsCert !== undefined && tlsKey !== undefined) return
  const other = given === '--tls-cert' ? '--tls-key' : '--tls-cert'
  throw new ConfigError(`${given} needs ${other} too`)
}

/** Returns the settings of webhook delivery, and the URL of `--webhook-url`. */
function webhooksOf(
  config: Config,
  vendors: SharedParts['vendors'],
): Omit<SharedParts['webhooks'], 'self' | 'pass'> {
  const style = vendors.map(({ api }) => api.webhooks).find((webhooks) => webhooks !== undefined)
  const isLocal = /^(127\.|::1$|localhost$)/.test(config.host)
  return {
    plan: readRetryPlan(config.webhookRetries),
    timeout: config.webhookTimeout,
    ordered: config.webhookOrder,
    scheme: config.webhookScheme,
    header: style?.header ?? 'Webhook-Signature',
    // A caller on another machine must not be able to make the server call addresses of its
    // network.
    egress: new Egress(
      config.egress === undefined
        ? isLocal
          ? { kind: 'private' }
          : { kind: 'hosts', hosts: [] }
        : readEgress(config.egress),
    ),
    url: config.webhookUrl,
    secret: config.webhookSecret,
  }
}

/** @throws Error for operations that are only in the contract or only in the slice */
function checkOperations({ api, contract }: ApiPart): void {
  const specified = contract.operations.map(({ id }) => id)
  const implemented = [...Object.keys(api.operations), ...Object.keys(api.tasks ?? {})]
  const missing = specified.filter((id) => !implemented.includes(id))
  const extra = implemented.filter((id) => !specified.includes(id))
  if (missing.length > 0) {
    throw new Error(`${api.name} does not implement ${missing.join(', ')} of ${contract.file}`)
  }
  if (extra.length > 0) {
    throw new Error(`${contract.file} does not specify ${extra.join(', ')} of ${api.name}`)
  }
}
