import type { Credential, Tools } from '../../core/api.ts'
import { Secret } from '../../core/secrets.ts'
import { SCOPE } from './refusals.ts'

/** A sandbox's `mykaarma` fixtures: who may call, and what there is to refer to. */
export interface Fixtures {
  readonly subscribers?: readonly {
    readonly username: string
    readonly password: string
    readonly scopes: readonly string[]
    readonly disabled?: boolean
    /** Dealers whose users it may create; all when left out. */
    readonly dealers?: readonly string[]
  }[]
  readonly dealers?: readonly { readonly uuid: string; readonly departments: readonly string[] }[]
  readonly roles?: readonly { readonly uuid: string; readonly name: string }[]
}

/** A ServiceSubscriber: the vendor's word for an account that may call the API. */
export interface Subscriber {
  readonly password: Secret
  readonly scopes: readonly string[]
  readonly disabled: boolean
  readonly dealers: readonly string[] | undefined
}

interface Known {
  readonly subscribers: ReadonlyMap<string, Subscriber>
  /** Departments by dealer. */
  readonly dealers: ReadonlyMap<string, readonly string[]>
  readonly roles: ReadonlySet<string>
}

export function readFixtures(fixtures: unknown): Known {
  const given = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  return {
    subscribers: new Map(
      (given.subscribers ?? []).map(({ username, password, scopes, disabled, dealers }) => [
        username,
        { password: new Secret(password), scopes, disabled: disabled ?? false, dealers },
      ]),
    ),
    dealers: new Map((given.dealers ?? []).map(({ uuid, departments }) => [uuid, departments])),
    roles: new Set((given.roles ?? []).map(({ uuid }) => uuid)),
  }
}

/** The first subscriber that may create users. */
export function goodCredential(fixtures: unknown): Credential | undefined {
  const { subscribers = [] } = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  const good = subscribers.find((one) => !one.disabled && one.scopes.includes(SCOPE))
  if (!good) return undefined
  const { username, password } = good
  const encoded = Buffer.from(`${username}:${password}`).toString('base64')
  return { username, password, authorization: `Basic ${encoded}` }
}

/** Who creates the users that a sandbox starts with: nobody's rights are in the way. */
export const OPERATOR: Subscriber = {
  password: new Secret(''),
  scopes: [],
  disabled: false,
  dealers: undefined,
}

export function knownOf(tools: Tools): Known {
  return tools.fixtures as Known // what readFixtures returned
}
