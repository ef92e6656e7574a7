import type { Credential, Tools } from '../../core/api.ts'
import type { Schema } from '../../core/contract/schema.ts'
import { Secret } from '../../core/secrets.ts'
import type { Fixtures } from './contract.gen.ts'

const NAMED: Schema = {
  description:
    "Entries that a user can have; a request names them by id, name or the caller's own id.",
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'name'],
    properties: {
      id: { type: 'string', minLength: 1 },
      name: { type: 'string', minLength: 1 },
      externalId: { description: "The caller's own id.", type: 'string', minLength: 1 },
    },
  },
}

/**
 * JSON Schema of the fixtures: callers with their credentials, and data that a request refers to.
 */
export const fixturesSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    companies: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['companyId', 'keys'],
        properties: {
          companyId: { type: 'integer', minimum: 1 },
          keys: {
            type: 'array',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['integrationKey'],
              properties: {
                integrationKey: { type: 'string', minLength: 1 },
                access: {
                  description:
                    '`full` where none is given; requests with a limited key are refused.',
                  type: 'string',
                  enum: ['full', 'limited'],
                },
              },
            },
          },
        },
      },
    },
    folders: NAMED,
    groups: NAMED,
    users: {
      description: 'Each as a create call would send it, with its `CompanyId`.',
      type: 'array',
      items: {
        type: 'object',
        required: ['CompanyId'],
        properties: { CompanyId: { type: 'integer' } },
      },
    },
  },
}

export const credentialSchema: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['CompanyId', 'IntegrationKey'],
  properties: { CompanyId: { type: 'integer' }, IntegrationKey: { type: 'string' } },
}

/** A folder or a group. */
export type Named = NonNullable<Fixtures['folders']>[number]

export interface Key {
  readonly secret: Secret
  readonly full: boolean
}

/** The fixtures indexed for look-ups. */
interface KnownFixtures {
  readonly companies: ReadonlyMap<number, readonly Key[]>
  readonly folders: readonly Named[]
  readonly groups: readonly Named[]
}

export function readFixtures(fixtures: unknown): KnownFixtures {
  const given = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  return {
    companies: new Map(
      (given.companies ?? []).map(({ companyId, keys }) => [
        companyId,
        keys.map(({ integrationKey, access }) => ({
          secret: new Secret(integrationKey),
          full: access !== 'limited',
        })),
      ]),
    ),
    folders: given.folders ?? [],
    groups: given.groups ?? [],
  }
}

/** The first key with full access. */
export function goodCredential(fixtures: unknown): Credential | undefined {
  const { companies = [] } = (fixtures ?? {}) as Fixtures // checked against the fixtures' schema
  for (const { companyId, keys } of companies) {
    const key = keys.find(({ access }) => access !== 'limited')
    if (key) return { CompanyId: companyId, IntegrationKey: key.integrationKey }
  }
  return undefined
}

/** The company of seeded users: the first of the fixtures. */
export function firstCompany(known: unknown): number {
  const [first] = (known as KnownFixtures).companies.keys() // what readFixtures returned
  return first ?? 1
}

export function fixturesIn(tools: Tools): KnownFixtures {
  return tools.fixtures as KnownFixtures // what readFixtures returned
}
