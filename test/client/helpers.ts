import { onTestFinished } from 'vitest'
import { connectStandin, startStandin, type Standin, type StandinOptions } from '../../src/index.ts'
import { configFrom } from '../../src/config/start-options.ts'
import { CREATED, creation, named, type Api } from '../helpers/caller.ts'
import { createSandbox } from '../helpers/sandbox.ts'

export const TOKEN = 'a-token-for-tests'

/** Closes a client when the test ends. */
export function closing(standin: Standin): Standin {
  onTestFinished(() => standin.close())
  return standin
}

/** Starts a server and returns its URL. */
export async function serverWith(options: StandinOptions = {}): Promise<string> {
  return (await createSandbox(configFrom(options))).url
}

/** All ways to get a client; the same tests run for each. */
export const WAYS: readonly {
  readonly way: string
  readonly open: (options?: StandinOptions) => Promise<Standin>
}[] = [
  { way: 'started here', open: async (options) => closing(await startStandin(options)) },
  {
    way: 'started here with a token',
    open: async (options) => closing(await startStandin({ ...options, adminToken: TOKEN })),
  },
  {
    way: 'connected to',
    open: async (options) => closing(await connectStandin(await serverWith(options))),
  },
  {
    way: 'connected to with a token',
    open: async (options) => {
      const url = await serverWith({ ...options, adminToken: TOKEN })
      return closing(await connectStandin({ url, adminToken: TOKEN }))
    },
  },
  {
    way: 'a sandbox of it',
    open: async (options) => {
      const standin = closing(await connectStandin(await serverWith(options)))
      return closing(await standin.sandbox())
    },
  },
]

/** Creates the user of this name at an API, with the client's own credentials. */
export async function create(
  standin: Standin,
  api: Api = 'cryptlex',
  name = 'ada',
  fields: object = {},
): Promise<Response> {
  const { path, body } = creation(api, { ...named(api, name), ...fields })
  // Forms On Fire takes its credentials in the body.
  const authorization = api === 'formsonfire' ? '' : standin.credentials[api].authorization
  return await fetch(`${standin.url}${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(authorization === '' ? {} : { Authorization: authorization }),
    },
    body: JSON.stringify(body),
  })
}

/** Creates a user and returns the request's id; throws if it is refused. */
export async function created(...args: Parameters<typeof create>): Promise<string> {
  const answer = await create(...args)
  const status = CREATED[args[1] ?? 'cryptlex']
  if (answer.status !== status) throw new Error(await answer.text())
  return answer.headers.get('Standin-Request-Id')! // every answer has it
}

export const CREATED_EVENT = 'reseller.user.created'
