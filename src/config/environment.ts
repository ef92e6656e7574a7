import type { Vendor } from '../core/vendor.ts'

/** Variable of a command under `standin resilience`: the id of its cell. */
export const CELL_VARIABLE = 'STANDIN_RESILIENCE_CELL'

/**
 * Variables that `standin env` prints for every server and `standin resilience` sets, except those
 * that are also options.
 */
const COMMON = [
  'STANDIN_URL',
  'STANDIN_SANDBOX',
  'STANDIN_ADMIN_URL',
  'STANDIN_CA_FILE',
  CELL_VARIABLE,
] as const

/** The variable of one part of an API, such as `STANDIN_ACME_COMPANY_ID` for `CompanyId`. */
export function apiVariable(api: string, part: string): string {
  const words = part.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
  return `STANDIN_${api}_${words}`.toUpperCase().replaceAll(/\W/g, '_')
}

/** All such variables for these vendors. A server ignores them. */
export function environmentNames(vendors: readonly Vendor[]): readonly string[] {
  const own = vendors.flatMap(({ name, credentialSchema }) =>
    ['url', ...Object.keys(credentialSchema.properties ?? {})].map((part) =>
      apiVariable(name, part),
    ),
  )
  return [...COMMON, ...own]
}
