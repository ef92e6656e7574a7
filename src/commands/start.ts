import { curlsFor } from '../admin/curls.ts'
import type { Config } from '../config/config.ts'
import { isLoopback } from '../core/http/hosts.ts'
import type { Server } from '../server/server.ts'
import type { Command } from './command.ts'
import { fail } from './fail.ts'

export const start: Command = {
  name: 'start',
  help: 'Start the server; the default command',
  flags: [],
  async run(given) {
    const { startServer } = await import('../server/server.ts')
    const { VERSION } = await import('../package.ts')
    // A program that does not read what it is told would block the server by and by.
    const log = given.log ?? (process.stdout.isTTY ? 'pretty' : 'off')
    const config = { ...given, log }
    const starting = startServer(config)
    stopOnSignals(starting)
    const server = await starting
    const print = log === 'json' ? readyLine : banner
    console.log(print(server, config, VERSION))
  },
}

/** The banner for those who read JSON lines. */
function readyLine({ url, apis }: Server, _config: Config, version: string): string {
  const urls = Object.fromEntries(apis.map((api) => [api.name, api.url]))
  const time = new Date().toISOString()
  return JSON.stringify({ level: 'info', time, msg: 'ready', version, url, urls })
}

/** What a person needs to make three requests, in at most 20 lines; the last one is for programs. */
function banner(server: Server, config: Config, version: string): string {
  const { url, apis, sandbox } = server
  const curls = curlsFor(url, sandbox.store, sandbox.credentials)
  const state = config.memory ? 'in memory only' : config.data
  const closed = isAdminClosed(config)
    ? '\n  Admin API            this machine only; for others set STANDIN_ADMIN_TOKEN, or to none'
    : ''
  return `Standin ${version}
${apis.map((api) => `  ${api.title.padEnd(20)} ${api.url}`).join('\n')}
  State                ${state}${closed}
  Credentials          partner:partner-secret · Bearer standin-token · CompanyId 1815, IntegrationKey 0123456789abcdef0123456789abcdef
                       (one for every outcome: standin credentials)
  Webhooks             ${webhooks(url, config)}
  Faults               ${faults(config)}
  What was asked       ${url}/_standin/requests
Create a user at each:
${curls.map((curl) => `  ${curl}`).join('\n')}
ready ${url}`
}

/** Who is told of a user that is created at Cryptlex. */
function webhooks(url: string, { webhookUrl }: Config): string {
  if (webhookUrl === 'inbox') return `${url}/_standin/inbox/default shows them`
  if (webhookUrl === 'none') return 'to those who subscribe'
  return `to ${new URL(webhookUrl).origin}` // what follows may be a secret
}

/** How a request is made to fail. */
function faults({ faults: armed, magicFaults }: Config): string {
  if (!armed) return 'off'
  const address = magicFaults ? ', or the address ada+fault.500@example.test' : ''
  return `-H 'Standin-Fault: 500'${address}`
}

function isAdminClosed({ host, adminToken }: Config): boolean {
  return adminToken === undefined && !isLoopback(host)
}

/**
 * The first signal finishes what is in flight, the start included; a second one does not wait.
 * Process 1 of a container hears only the signals that it listens for, so this comes early.
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
        (error: unknown) => fail(error),
      )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
