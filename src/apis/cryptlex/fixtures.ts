import type { JSONWebKeySet } from 'jose'
import type { Credential, Tools } from '../../core/api.ts'
import { fingerprint } from '../../core/secrets.ts'

/** A sandbox's `cryptlex` fixtures: who may call, and what there is to refer to. */
export interface Fixtures {
  readonly signing?: {
    /** The key of HS256, at least 32 bytes of UTF-8. */
    readonly secret?: string
    /** Public keys of RS256 and ES256. */
    readonly keys?: JSONWebKeySet['keys']
    /** Off for those who bring tokens from elsewhere: then any JWT counts as signed. */
    readonly verify?: boolean
  }
  /** Personal access tokens that are no JWTs. */
  readonly tokens?: readonly {
    readonly token: string
    readonly scopes: readonly string[]
    readonly revoked?: boolean
    readonly expiresAt?: string
  }[]
  readonly resellers?: readonly { readonly id: string; readonly allowedUsers?: number }[]
  readonly organizations?: readonly {
    readonly id: string
    readonly resellerId: string
    readonly allowedUsers?: number
  }[]
  /** Custom roles besides the reserved ones. */
  readonly roles?: readonly string[]
}

/** What a token that was accepted once allows, and for how long; times in ms since 1970. */
export interface Grant {
  readonly scopes: readonly string[]
  readonly notBefore: number
  readonly expires: number
}

export interface Window {
  readonly start: number
  /** When it ends, as the header says it. */
  readonly reset: string
  count: number
}

interface Known {
  readonly signing: NonNullable<Fixtures['signing']>
  /** By fingerprint, so that looking one up tells nothing about the others. */
  readonly tokens: ReadonlyMap<string, Grant & { readonly revoked: boolean }>
  /** Tokens that were found good, as they were sent. */
  readonly verified: Map<string, Grant>
  readonly resellers: ReadonlyMap<string, { readonly allowedUsers?: number }>
  readonly organizations: ReadonlyMap<
    string,
    { readonly resellerId: string; readonly allowedUsers?: number }
  >
  readonly roles: ReadonlySet<string>
  /** Requests of each address in its current window. */
  readonly windows: Map<string, Window>
}

export function readFixtures(fixtures: unknown): Known {
  const given = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  return {
    signing: given.signing ?? {},
    tokens: new Map(
      (given.tokens ?? []).map(({ token, scopes, revoked, expiresAt }) => [
        fingerprint(token),
        {
          scopes,
          revoked: revoked ?? false,
          notBefore: -Infinity,
          expires: expiresAt === undefined ? Infinity : Date.parse(expiresAt),
        },
      ]),
    ),
    verified: new Map(),
    resellers: new Map((given.resellers ?? []).map((reseller) => [reseller.id, reseller])),
    organizations: new Map((given.organizations ?? []).map((item) => [item.id, item])),
    roles: new Set(given.roles),
    windows: new Map(),
  }
}

/** What a token must allow to be handed out: the call that everybody makes. */
const CREATES = 'reseller:user:create'

/** The first token that does not expire and may do the most besides creating users. */
export function goodCredential(fixtures: unknown): Credential | undefined {
  const { tokens = [] } = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  const [best] = tokens
    .filter(({ revoked, expiresAt }) => !revoked && expiresAt === undefined)
    .filter(({ scopes }) => scopes.includes(CREATES))
    .toSorted((a, b) => b.scopes.length - a.scopes.length)
  return best && { token: best.token, authorization: `Bearer ${best.token}` }
}

/** Where seeded users go: the first reseller of the fixtures. */
export function firstReseller(known: unknown): string {
  const [first] = (known as Known).resellers.keys() // what readFixtures returned
  return first ?? 'reseller-001'
}

export function knownOf(tools: Tools): Known {
  return tools.fixtures as Known // what readFixtures returned
}
