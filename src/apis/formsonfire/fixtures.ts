import type { Credential, Tools } from '../../core/api.ts'
import { Secret } from '../../core/secrets.ts'

/** A sandbox's `formsonfire` fixtures: who may call, and what there is to refer to. */
export interface Fixtures {
  readonly companies?: readonly {
    readonly companyId: number
    readonly keys: readonly {
      readonly integrationKey: string
      /** `full` when left out; a lesser key may not create users. */
      readonly access?: 'full' | 'limited'
    }[]
  }[]
  readonly folders?: readonly Named[]
  readonly groups?: readonly Named[]
}

/** Something a user can be given: by its GUID, its name or the caller's own id. */
export interface Named {
  readonly id: string
  readonly name: string
  readonly externalId?: string
}

export interface Key {
  readonly secret: Secret
  readonly full: boolean
}

interface Known {
  readonly companies: ReadonlyMap<number, readonly Key[]>
  readonly folders: readonly Named[]
  readonly groups: readonly Named[]
}

export function readFixtures(fixtures: unknown): Known {
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

/** Where seeded users go: the first company of the fixtures. */
export function firstCompany(known: unknown): number {
  const [first] = (known as Known).companies.keys() // what readFixtures returned
  return first ?? 1
}

export function knownOf(tools: Tools): Known {
  return tools.fixtures as Known // what readFixtures returned
}
