import type { Credential, Tools } from '../../core/api.ts'
import type { Schema } from '../../core/contract/schema.ts'
import { Secret } from '../../core/secrets.ts'
import type { Fixtures } from './contract.gen.ts'
import { READ, WRITE } from './refusals.ts'

/**
 * JSON Schema of the fixtures: callers with their credentials, and data that a request refers to.
 */
export const fixturesSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    subscribers: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['username', 'password', 'scopes'],
        properties: {
          username: {
            type: 'string',
            minLength: 1,
            pattern: '^[^:]*$',
            'x-form': 'text without a colon',
          },
          password: { type: 'string' },
          scopes: { type: 'array', items: { type: 'string' } },
          disabled: { type: 'boolean' },
          dealers: {
            description:
              'Dealers whose users it may create, change and list; all where none is given.',
            type: 'array',
            items: { type: 'string' },
          },
        },
      },
    },
    dealers: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['uuid', 'departments'],
        properties: {
          uuid: { type: 'string', minLength: 1 },
          departments: { type: 'array', items: { type: 'string' } },
        },
      },
    },
    roles: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['uuid', 'name'],
        properties: { uuid: { type: 'string', minLength: 1 }, name: { type: 'string' } },
      },
    },
    users: {
      description: 'Each as a create call would send it.',
      type: 'array',
      items: { type: 'object' },
    },
  },
}

export const credentialSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['username', 'password', 'authorization'],
  properties: {
    username: { type: 'string' },
    password: { type: 'string' },
    authorization: { type: 'string' },
  },
}

/** An account that may call the API; the vendor calls it a ServiceSubscriber. */
export interface Subscriber {
  readonly password: Secret
  readonly scopes: readonly string[]
  readonly disabled: boolean
  readonly dealers: readonly string[] | undefined
}

/** The fixtures indexed for look-ups. */
interface KnownFixtures {
  readonly subscribers: ReadonlyMap<string, Subscriber>
  /** Departments by dealer. */
  readonly dealers: ReadonlyMap<string, readonly string[]>
  readonly roles: ReadonlySet<string>
}

export function readFixtures(fixtures: unknown): KnownFixtures {
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

/** The first subscriber that may call every operation, or else one that may create users. */
export function goodCredential(fixtures: unknown): Credential | undefined {
  const { subscribers = [] } = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  const active = subscribers.filter((one) => !one.disabled && one.scopes.includes(WRITE))
  const good = active.find((one) => one.scopes.includes(READ)) ?? active[0]
  if (!good) return undefined
  const { username, password } = good
  const encoded = Buffer.from(`${username}:${password}`).toString('base64')
  return { username, password, authorization: `Basic ${encoded}` }
}

/** The caller that creates users from fixtures and by seeding. It has access to every dealer. */
export const OPERATOR: Subscriber = {
  password: new Secret(''),
  scopes: [],
  disabled: false,
  dealers: undefined,
}

/** The first dealer that the first subscriber has access to. */
export function firstDealer(known: unknown): string | undefined {
  const { subscribers, dealers } = known as KnownFixtures // what readFixtures returned
  const [subscriber] = subscribers.values()
  return subscriber?.dealers?.[0] ?? [...dealers.keys()][0]
}

export function fixturesIn(tools: Tools): KnownFixtures {
  return tools.fixtures as KnownFixtures // what readFixtures returned
}
