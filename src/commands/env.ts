import type { Credentials, Health } from '../admin/contract.gen.ts'
import { apiVariable } from '../config/environment.ts'
import { ConfigError, type Config } from '../config/config.ts'
import { isRecord } from '../core/contract/schema.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import { Client, CLIENT_FLAGS, serverUrl } from './client.ts'
import type { Command } from './command.ts'

type Variables = Readonly<Record<string, string>>

/** Lines that set the variables, by the format that reads them. */
const FORMATS = {
  sh: (name: string, value: string) => `export ${name}=${singleQuoted(value, String.raw`'\''`)}`,
  dotenv: (name: string, value: string) =>
    // Without quotes inside, a single-quoted value is taken as it is.
    /['\n]/.test(value) ? `${name}=${JSON.stringify(value)}` : `${name}='${value}'`,
  github: (name: string, value: string) =>
    value.includes('\n') ? `${name}<<END_OF_${name}\n${value}\nEND_OF_${name}` : `${name}=${value}`,
  powershell: (name: string, value: string) => `$env:${name} = ${singleQuoted(value, "''")}`,
}

type Format = keyof typeof FORMATS | 'json'

const singleQuoted = (value: string, quote: string) => `'${value.replaceAll("'", quote)}'`

export const env: Command = {
  name: 'env',
  help: 'Print variables with URLs and credentials: eval "$(standin env --create)"',
  flags: [
    ...CLIENT_FLAGS,
    { name: 'create', help: 'create a sandbox first; it is removed 1 h after its last use' },
    {
      name: 'tls',
      help: 'print HTTPS URLs, and the variables that make clients trust the CA',
    },
    { name: 'format', value: 'NAME', help: 'sh, json, dotenv, github or powershell (sh)' },
    {
      name: 'ca-file',
      value: 'FILE',
      help: 'file for the CA, with --tls (a file in the folder of --data)',
    },
  ],
  async run(config, flags) {
    const format = formatOf(flags['format'])
    try {
      const variables = await variablesOf(config, flags)
      console.log(written(variables, format))
    } catch (error) {
      // eval "$(…)" ignores the exit code of this command, but returns that of the line `false`.
      if (format === 'sh') console.log('false')
      throw error
    }
  },
}

function formatOf(text = 'sh'): Format {
  const known = [...Object.keys(FORMATS), 'json']
  const found = known.find((name) => name === text)
  if (found === undefined) {
    throw new ConfigError(
      `--format must be one of ${known.join(', ')}, got ${JSON.stringify(text)}`,
    )
  }
  return found as Format // one of the names
}

function written(variables: Variables, format: Format): string {
  if (format === 'json') return JSON.stringify(variables, null, 2)
  const line = FORMATS[format]
  return Object.entries(variables)
    .map(([name, value]) => line(name, value))
    .join('\n')
}

async function variablesOf(
  config: Config,
  flags: Readonly<Partial<Record<string, string>>>,
): Promise<Variables> {
  const target = serverUrl(config, flags)
  const server = new Client(config, { url: target.url })
  const health = (await server.request('GET', '/health')) as Health // by the contract
  if (!isRecord(health.prefixes)) throw new Error(`The server at ${target.url} is not a Standin`)
  const sandbox = await sandboxFor(server, flags['sandbox'] ?? target.sandbox, flags)
  const client = new Client(config, { url: target.url, sandbox })
  const credentials = (await client.request('GET', '/credentials')) as Credentials // by the contract
  const { url, trust } = config.tls
    ? await secureAccess(server, health, config, flags)
    : { url: target.url, trust: {} }
  const base = `${url}${sandboxPath(sandbox)}`
  const ofApis = Object.entries(health.prefixes).flatMap(([api, prefix]) => [
    [apiVariable(api, 'url'), `${base}${prefix}`],
    ...Object.entries((credentials as Readonly<Record<string, object>>)[api] ?? {}).map(
      ([part, value]) => [apiVariable(api, part), String(value)],
    ),
  ])
  return {
    STANDIN_URL: base,
    STANDIN_SANDBOX: sandbox,
    ...(Object.fromEntries(ofApis) as Variables), // pairs of texts
    STANDIN_WEBHOOK_SECRET: config.webhookSecret,
    STANDIN_ADMIN_URL: `${base}/_standin`,
    ...(config.adminToken === undefined ? {} : { STANDIN_ADMIN_TOKEN: config.adminToken }),
    ...trust,
  }
}

/** Creates the sandbox if `--create` is set, and returns its name. */
async function sandboxFor(
  server: Client,
  name: string | undefined,
  flags: Readonly<Partial<Record<string, string>>>,
): Promise<string> {
  if (flags['create'] === undefined) return name ?? 'default'
  const given = flags['sandbox']
  const body = { ...(given === undefined ? {} : { name: given }), ttl: '1h' }
  const created = await server.request('POST', '/sandboxes', { body })
  return (created as { name: string }).name // by the contract
}

/** The URL of HTTPS, and the variables that make clients trust its CA. */
async function secureAccess(
  server: Client,
  { https }: Health,
  config: Config,
  flags: Readonly<Partial<Record<string, string>>>,
): Promise<{ readonly url: string; readonly trust: Variables }> {
  if (https === undefined) {
    throw new Error(`The server at ${server.url} does not listen with HTTPS; start it with --tls`)
  }
  const url = `https://${new URL(server.url).hostname}:${https.port}`
  if (!https.ca) return { url, trust: {} }
  const { caVariables } = await import('./ca-files.ts')
  const ca = await server.requestText('/ca.pem')
  return { url, trust: caVariables(ca, { folder: config.data, file: flags['ca-file'] }) }
}
