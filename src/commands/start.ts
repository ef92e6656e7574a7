import { curlsFor } from '../admin/curls.ts'
import type { Config } from '../config/config.ts'
import { isLoopback } from '../core/http/hosts.ts'
import type { Server } from '../server/server.ts'
import type { Command } from './command.ts'
import { exitWithError } from './exit-with-error.ts'

export const start: Command = {
  name: 'start',
  help: 'Start the server; the default command',
  flags: [],
  async run(given) {
    if (!given.memory) {
      const { refuseReserved } = await import('../core/store/lock.ts')
      await refuseReserved(given.data)
    }
    const { startServer } = await import('../server/server.ts')
    const { VERSION } = await import('../package.ts')
    // Without a terminal, requests are not logged: if a program does not read the output, a full
    // pipe would block the server.
    const log = given.log ?? (process.stdout.isTTY ? 'pretty' : 'off')
    const config = { ...given, log }
    // A process exits only after its DNS look-ups. By default, a look-up without an answer takes 10
    // s.
    process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:2' // read by the C library
    const starting = startServer(config)
    stopOnSignals(starting)
    const server = await starting
    const print = log === 'json' ? readyLine : banner
    console.log(print(server, config, VERSION))
  },
}

/** The start output as one JSON line, for `--log json`. */
function readyLine({ url, apis, https }: Server, _config: Config, version: string): string {
  const urls = Object.fromEntries(apis.map((api) => [api.name, api.url]))
  const time = new Date().toISOString()
  return JSON.stringify({
    level: 'info',
    time,
    msg: 'ready',
    version,
    url,
    urls,
    ...(https && { https: https.url }),
  })
}

/**
 * The start output for people: URLs, credentials and a request for each API. Other programs wait
 * for its last line.
 */
export function banner(server: Server, config: Config, version: string): string {
  const { url, apis, sandbox, https } = server
  const curls = curlsFor(url, sandbox)
  const state = config.memory ? 'in memory only' : config.data
  const secure = https === undefined ? '' : `\n  HTTPS                ${tlsText(url, https)}`
  const closed = isAdminClosed(config)
    ? '\n  Admin API            this machine only; to open it to others, set STANDIN_ADMIN_TOKEN to a token, or to none for no token'
    : ''
  return `Standin ${version}
${apis.map((api) => `  ${api.title.padEnd(20)} ${api.url}`).join('\n')}${secure}
  State                ${state}${closed}
  Credentials          ${sandbox.vendors.map(({ api }) => api.example.shown).join(' · ')}
                       (valid and invalid ones: standin credentials)
  Webhooks             ${webhooks(url, config)}
  Faults               ${faults(config)}
  Request log          ${url}/_standin/requests
Create a user at each API:
${curls.map((curl) => `  ${curl}`).join('\n')}
ready ${url}`
}

/** Describes the HTTPS URL and the CA that its clients have to trust. */
function tlsText(url: string, { url: secure, ca }: NonNullable<Server['https']>): string {
  const trusted = ca === undefined ? 'the issuer of --tls-cert' : `${url}/_standin/ca.pem`
  return `${secure}, the same APIs; CA to trust: ${trusted}`
}

/** The destination of webhooks, as the start output shows it. */
function webhooks(url: string, { webhookUrl }: Config): string {
  if (webhookUrl === 'inbox') return `${url}/_standin/inbox/default`
  if (webhookUrl === 'none') return 'to subscriptions only'
  return `to ${new URL(webhookUrl).origin}` // the path may hold a secret
}

/** Describes the ways to request a fault. */
function faults({ faults: armed, magicFaults }: Config): string {
  if (!armed) return 'off'
  const address = magicFaults ? ', or the address ada+fault.500@example.test' : ''
  return `the header Standin-Fault: 500${address}`
}

function isAdminClosed({ host, adminToken }: Config): boolean {
  return adminToken === undefined && !isLoopback(host)
}

/**
 * Stops after the requests in flight on the first signal, and at once on the second. The handlers
 * are installed before the server has started, because process 1 of a container receives only
 * signals that it handles.
 */
function stopOnSignals(starting: Promise<Server>): void {
  let stopping = false
  const stop = () => {
    if (stopping) process.exit(1)
    stopping = true
    starting
      .then((server) => server.close())
      .then(
        () => process.exit(0),
        (error: unknown) => exitWithError(error),
      )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('SIGHUP', stop)
}
