import type { Standin } from '../client/standin.ts'
import { apiVariable } from '../config/environment.ts'

/** Values of the server that its sandboxes do not know. */
export interface ServerSecrets {
  readonly adminToken: string | undefined
  readonly webhookSecret: string
}

/**
 * Variables of the command: the sandbox's URLs and credentials, as `standin env` prints them.
 *
 * @param trust the variables that make clients trust the CA of HTTPS; undefined for URLs of HTTP
 */
export function environmentOf(
  sandbox: Standin,
  { adminToken, webhookSecret }: ServerSecrets,
  trust?: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { url, urls } = (trust && sandbox.tls) ?? sandbox
  const credentials = sandbox.credentials as Readonly<Record<string, object>>
  const ofApis = Object.entries(urls).flatMap(([api, base]) => [
    [apiVariable(api, 'url'), base],
    ...Object.entries(credentialsIn(credentials, api)).map(([part, value]) => [
      apiVariable(api, part),
      String(value),
    ]),
  ])
  return {
    STANDIN_URL: url,
    STANDIN_SANDBOX: sandbox.name,
    ...(Object.fromEntries(ofApis) as Record<string, string>), // pairs of texts
    STANDIN_WEBHOOK_SECRET: webhookSecret,
    STANDIN_ADMIN_URL: `${url}/_standin`,
    ...(adminToken === undefined ? {} : { STANDIN_ADMIN_TOKEN: adminToken }),
    ...trust,
  }
}

/** Credentials of an API; empty if the fixtures have none, since reading them throws then. */
function credentialsIn(all: Readonly<Record<string, object>>, api: string): object {
  return Object.getOwnPropertyDescriptor(all, api)?.get ? {} : (all[api] ?? {})
}

/** Fills `{url}` in the arguments of a command; `${url}` is left to the shell. */
export function filled(command: readonly string[], url: string): readonly string[] {
  return command.map((part) => part.replaceAll(/(?<!\$)\{url\}/g, () => url))
}
