import { existsSync } from 'node:fs'
import type { Express } from 'express'
import { admin } from '../admin/index.ts'
import type { ServerPort } from '../admin/ports.ts'
import { writeReadyFiles, removeStaleReadyFiles } from './ready-files.ts'
import { cryptlex } from '../apis/cryptlex/index.ts'
import { formsonfire } from '../apis/formsonfire/index.ts'
import { checkProto, mykaarma } from '../apis/mykaarma/index.ts'
import { ConfigError, type Config } from '../config/config.ts'
import type { Api } from '../core/api.ts'
import type { Contract } from '../core/contract/contract.ts'
import { Clock } from '../core/time/clock.ts'
import type { FaultVocabulary } from '../core/faults/definition.ts'
import { Faults } from '../core/faults/faults.ts'
import { reasonsOf } from '../core/faults/refusal.ts'
import { Guard } from './guard.ts'
import { stderr, type Log } from '../core/log.ts'
import type { Sink } from '../telemetry/log-lines.ts'
import type { RequestLogger } from '../telemetry/open-log.ts'
import { Egress, readEgress } from '../core/webhooks/egress.ts'
import { readRetryPlan } from '../core/webhooks/retry-plan.ts'
import { Problem } from '../core/problem.ts'
import type { Common, Sandbox } from '../sandbox/sandbox.ts'
import { addressOf, DEFAULT, Sandboxes, type HostOptions } from '../sandbox/sandboxes.ts'
import { messageOf } from '../core/errors.ts'
import { fixturesOf } from '../sandbox/fixtures.ts'
import { createMetrics } from './gauges.ts'
import { contractAt, packaged, VERSION } from '../package.ts'
import { appFor } from './app.ts'
import { hostForUrl } from '../core/http/hosts.ts'
import { listen, serverFor, stop } from './listener.ts'

export interface ServerParts {
  readonly log?: Log
  /** Called with every answer that its contract does not allow, instead of the log; looks closer. */
  readonly objection?: (message: string) => void
  /** Where requests are logged to, instead of standard output. */
  readonly lines?: Sink
}

/** A server that listens. */
export interface Server {
  readonly url: string
  readonly port: number
  readonly app: Express
  readonly sandbox: Sandbox
  /** Each vendor's API: its title and the URL that a client is pointed at. */
  readonly apis: readonly { readonly name: string; readonly title: string; readonly url: string }[]
  /** Finishes what is in flight, writes the state and stops. */
  readonly close: () => Promise<void>
}

/**
 * Reads the contracts, opens the sandboxes and listens.
 *
 * @throws Error with a message for the person at the terminal
 */
export async function startServer(config: Config, parts: ServerParts = {}): Promise<Server> {
  const requestLog = await requestLogOf(config, parts.lines)
  const log = parts.log ?? requestLog?.log ?? stderr
  const vendors = [mykaarma(protoOf(config)), cryptlex, formsonfire].map((api) => ({
    api,
    contract: contractOf(api),
  }))
  const own = contractAt('standin.yaml')
  const prefixes = vendors.map(({ contract }) => contract.prefix)
  let sandboxes: Sandboxes
  let stopping = false
  let url: string | undefined
  const host: ServerPort = {
    version: VERSION,
    apis: vendors.map(({ api }) => api.name),
    prefixes,
    isStopping: () => stopping,
    metrics: () => metrics,
    list: () => sandboxes.list(),
    get: (name) => sandboxes.get(name),
    create: (wish) => sandboxes.create(wish),
    remove: (name) => sandboxes.remove(name),
    fixturesWith: (given) => sandboxes.fixturesWith(given),
    keepFixtures: ({ settings }, fixtures) => sandboxes.keepFixtures(settings.name, fixtures),
  }
  const guard = new Guard(config)
  const metrics = createMetrics(VERSION, () => sandboxes.list())
  const common: Common = {
    vendors,
    admin: (sandbox) => {
      const api = admin(sandbox, host)
      mustAgree(api, own)
      return { api, contract: own }
    },
    limits: { size: config.maxBody, time: config.bodyTimeout },
    requestLog: { size: config.requestLogSize, bytes: config.requestLogBytes },
    log,
    gate: {
      reportInvalidAnswer:
        parts.objection ?? ((message: string) => log.bug('a wrong answer left', message)),
      checksRoundTrip: parts.objection !== undefined,
      observe: (answered) => {
        metrics.count(answered)
        requestLog?.observe(answered)
      },
    },
    faults: {
      vocabulary: termsOf(vendors, own),
      allowsMagicAddresses: config.magicFaults,
      startup: config.faults,
    },
    onFlush: (milliseconds) => metrics.flushes.add(milliseconds),
    webhooks: { ...webhooksOf(config, vendors), self: () => url, pass: guard.pass },
  }
  mustBeUsable(common.faults)
  sandboxes = await opened({
    settings: {
      name: DEFAULT,
      seed: config.seed,
      clock: config.clock,
      clockWins: config.clock !== undefined,
      profile: config.profile,
      fixtures: fixturesOf(config, own),
    },
    common,
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
  try {
    removeStaleReadyFiles(config)
    const port = await listen(server, config)
    const reached = `http://${hostForUrl(config.host)}:${port}`
    url = reached
    const withdraw = writeReadyFiles(config, reached, port)
    return {
      url: reached,
      port,
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
        await stop(server)
        await sandboxes.close()
        await requestLog?.close()
      },
    }
  } catch (error) {
    server.close()
    await sandboxes.close()
    throw error
  }
}

/** A sandbox that is opened would refuse them too, but not say where they come from. */
function mustBeUsable(faults: Common['faults']): void {
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

/** What users the fixtures bring is only known when they are created. */
async function opened(options: HostOptions): Promise<Sandboxes> {
  try {
    return await Sandboxes.open(options)
  } catch (error) {
    if (!(error instanceof Problem) || error.reason !== 'fixtures.invalid') throw error
    const message = `The fixtures (--fixtures) cannot be used: ${error.message}`
    throw new ConfigError(message, { cause: error })
  }
}

/** What faults may name. */
function termsOf(vendors: Common['vendors'], own: Contract): FaultVocabulary {
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

/** What logs the requests, loaded where that is asked for. */
async function requestLogOf(
  { log: format = 'off', logLevel: level }: Config,
  lines: Sink | undefined,
): Promise<RequestLogger | undefined> {
  if (format === 'off') return undefined
  const { openRequestLogger } = await import('../telemetry/open-log.ts')
  return openRequestLogger({ format, level }, lines)
}

/** The API's contract; it and the slice name the same operations. */
function contractOf(api: Api): Contract {
  const contract = contractAt(api.spec)
  mustAgree(api, contract)
  return contract
}

/** How webhooks are delivered, and to whom besides those who subscribed. */
function webhooksOf(
  config: Config,
  vendors: Common['vendors'],
): Omit<Common['webhooks'], 'self' | 'pass'> {
  const style = vendors.map(({ api }) => api.webhooks).find((one) => one !== undefined)
  const isOwn = /^(127\.|::1$|localhost$)/.test(config.host)
  return {
    plan: readRetryPlan(config.webhookRetries),
    timeout: config.webhookTimeout,
    ordered: config.webhookOrder,
    scheme: config.webhookScheme,
    header: style?.header ?? 'Webhook-Signature',
    // Whoever reaches a server that others reach too could have it call its neighbours.
    egress: new Egress(
      config.egress === undefined
        ? isOwn
          ? { kind: 'private' }
          : { kind: 'hosts', hosts: [] }
        : readEgress(config.egress),
    ),
    url: config.webhookUrl,
    secret: config.webhookSecret,
  }
}

function protoOf({ proto }: Config): string {
  if (proto === undefined) return packaged('specs/mykaarma.proto')
  if (!existsSync(proto)) throw new ConfigError(`There is no ${proto} (--proto)`)
  try {
    checkProto(proto)
  } catch (error) {
    throw new ConfigError(`${messageOf(error)} (--proto)`, { cause: error })
  }
  return proto
}

function mustAgree(api: Api, contract: Contract): void {
  const promised = contract.operations.map(({ id }) => id)
  const made = [...Object.keys(api.operations), ...Object.keys(api.tasks ?? {})]
  const missing = promised.filter((id) => !made.includes(id))
  const extra = made.filter((id) => !promised.includes(id))
  if (missing.length > 0) {
    throw new Error(
      `specs/${api.spec} promises ${missing.join(', ')}, which ${api.name} does not have`,
    )
  }
  if (extra.length > 0) {
    throw new Error(`${api.name} has ${extra.join(', ')}, which specs/${api.spec} does not promise`)
  }
}
