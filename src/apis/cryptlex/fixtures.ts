import type { Credential, Tools } from '../../core/api.ts'
import { isRecord, type Schema } from '../../core/contract/schema.ts'
import { ConfigError } from '../../core/errors.ts'
import { readJsonFile } from '../../core/formats/json-file.ts'
import type { ValuesOf } from '../../core/option.ts'
import { fingerprint } from '../../core/secrets.ts'
import type { VendorFixtures } from '../../core/vendor.ts'
import { SCHEMES } from '../../core/webhooks/signature.ts'
import type { Fixtures } from './contract.gen.ts'
import type { options } from './options.ts'
import { SCOPE } from './refusals.ts'

/** Public: -1 means unlimited. */
const ALLOWED_USERS: Schema = {
  description: 'Maximum number of users; -1 means unlimited.',
  type: 'integer',
  minimum: -1,
}

/**
 * JSON Schema of the fixtures: callers with their credentials, and data that a request refers to.
 */
export const fixturesSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    signing: {
      type: 'object',
      additionalProperties: false,
      properties: {
        secret: {
          description: 'The key of HS256, at least 32 bytes of UTF-8.',
          type: 'string',
          minLength: 32,
        },
        keys: {
          description: 'Public keys of RS256 and ES256.',
          type: 'array',
          items: { type: 'object', required: ['kty'], properties: { kty: { type: 'string' } } },
        },
        verify: {
          description: 'True to check signatures; false accepts JWTs signed elsewhere.',
          type: 'boolean',
        },
      },
    },
    tokens: {
      description: 'Personal access tokens that are not JWTs.',
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['token', 'scopes'],
        properties: {
          token: {
            type: 'string',
            pattern: '^[A-Za-z0-9._~+/=-]+$',
            'x-form': 'text of A-Z, a-z, 0-9 and ._~+/=-',
          },
          scopes: { type: 'array', items: { type: 'string' } },
          revoked: { type: 'boolean' },
          expiresAt: { type: 'string', format: 'date-time' },
        },
      },
    },
    resellers: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id'],
        properties: {
          id: { type: 'string', minLength: 1 },
          allowedUsers: ALLOWED_USERS,
        },
      },
    },
    organizations: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'resellerId'],
        properties: {
          id: { type: 'string', minLength: 1 },
          resellerId: { type: 'string', minLength: 1 },
          allowedUsers: ALLOWED_USERS,
        },
      },
    },
    roles: {
      description: 'Custom roles, besides the reserved ones.',
      type: 'array',
      items: { type: 'string', minLength: 1 },
    },
    users: {
      description: 'Each as a create call would send it, with its `resellerId`.',
      type: 'array',
      items: {
        type: 'object',
        required: ['resellerId'],
        properties: { resellerId: { type: 'string' } },
      },
    },
    webhooks: {
      type: 'array',
      maxItems: 99,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['url', 'events'],
        properties: {
          name: { type: 'string', minLength: 1 },
          url: { type: 'string', minLength: 1 },
          token: { type: 'string', minLength: 1 },
          previousToken: { type: 'string', minLength: 1 },
          active: { type: 'boolean' },
          events: { type: 'array', items: { type: 'string', minLength: 1 } },
          scheme: { type: 'string', enum: SCHEMES },
        },
      },
    },
  },
}

export const credentialSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['token', 'authorization'],
  properties: { token: { type: 'string' }, authorization: { type: 'string' } },
}

/**
 * The fixtures with the values of the options for JWTs.
 *
 * @throws ConfigError for a file of keys that cannot be used
 */
export function fixturesWith(
  fixtures: VendorFixtures,
  { jwtSecret, jwks, jwtVerify }: ValuesOf<typeof options>,
): VendorFixtures {
  const { signing } = fixtures as Fixtures // checked against the fixtures' schema
  return {
    ...fixtures,
    signing: {
      ...signing,
      ...(jwtSecret === undefined ? {} : { secret: jwtSecret }),
      ...(jwks === undefined ? {} : { keys: keysIn(jwks) }),
      ...(jwtVerify ? {} : { verify: false }),
    },
  }
}

function keysIn(file: string): unknown {
  const set = readJsonFile(file, '--jwks')
  if (isRecord(set) && Array.isArray(set['keys'])) return set['keys']
  throw new ConfigError(`${file} (--jwks) must hold a JSON Web Key Set: {"keys": […]}`)
}

/** The scopes and the validity period of an accepted token; times in milliseconds since 1970. */
export interface Grant {
  readonly scopes: readonly string[]
  readonly notBefore: number
  readonly expires: number
}

/** The requests of one address in one period of the rate limit. */
export interface RateWindow {
  readonly start: number
  /** The end of the window, as the header shows it. */
  readonly reset: string
  count: number
}

/** The fixtures indexed for look-ups, with the slice's caches of tokens and rate limits. */
interface KnownFixtures {
  readonly signing: NonNullable<Fixtures['signing']>
  /**
   * By fingerprint of the token, so that the time of a look-up reveals nothing about other tokens.
   */
  readonly tokens: ReadonlyMap<string, Grant & { readonly revoked: boolean }>
  /** Grants of accepted tokens, by the token. */
  readonly verified: Map<string, Grant>
  readonly resellers: ReadonlyMap<string, { readonly allowedUsers?: number }>
  readonly organizations: ReadonlyMap<
    string,
    { readonly resellerId: string; readonly allowedUsers?: number }
  >
  readonly roles: ReadonlySet<string>
  /** Requests of each address in its current window. */
  readonly windows: Map<string, RateWindow>
}

export function readFixtures(fixtures: unknown): KnownFixtures {
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

/**
 * Returns the token with the most scopes, among the tokens that may create users and never expire.
 */
export function goodCredential(fixtures: unknown): Credential | undefined {
  const { tokens = [] } = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  const [best] = tokens
    .filter(({ revoked, expiresAt }) => !revoked && expiresAt === undefined)
    .filter(({ scopes }) => scopes.includes(SCOPE))
    .toSorted((a, b) => b.scopes.length - a.scopes.length)
  return best && { token: best.token, authorization: `Bearer ${best.token}` }
}

/** The reseller of seeded users: the first of the fixtures. */
export function firstReseller(known: unknown): string {
  const [first] = (known as KnownFixtures).resellers.keys() // what readFixtures returned
  return first ?? 'reseller-001'
}

export function fixturesIn(tools: Tools): KnownFixtures {
  return tools.fixtures as KnownFixtures // what readFixtures returned
}
