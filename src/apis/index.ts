import type { OptionTable } from '../core/option.ts'
import type { CredentialCase, Vendor, VendorFixtures } from '../core/vendor.ts'
import { cryptlex } from './cryptlex/index.ts'
import { formsonfire } from './formsonfire/index.ts'
import { mykaarma } from './mykaarma/index.ts'

/** The registry of vendors. All code that handles every vendor reads this list. */
export const VENDORS = [mykaarma, cryptlex, formsonfire] as const

/** Names of the APIs, as used in file names, flags and table names. */
export const API_NAMES = namesOf(VENDORS)

type OptionsOf<Vendors> = Vendors extends readonly [{ readonly options: infer Own }, ...infer Rest]
  ? Own & OptionsOf<Rest>
  : unknown

/** The options of all vendors in one table. */
export const VENDOR_OPTIONS = Object.assign(
  {},
  ...VENDORS.map(({ options }): OptionTable => options),
) as OptionsOf<typeof VENDORS> // the same tables, merged

export function namesOf(vendors: readonly Vendor[]): readonly string[] {
  return vendors.map(({ name }) => name)
}

/** One credential for each result of each API's credential check, for `standin credentials`. */
export async function credentialCases(
  fixtures: Readonly<Record<string, VendorFixtures>>,
  vendors: readonly Vendor[] = VENDORS,
): Promise<readonly (CredentialCase & { readonly api: string })[]> {
  const cases = await Promise.all(
    vendors.map(async (vendor) => {
      const own = await vendor.credentialCases(fixtures[vendor.name] ?? {})
      return own.map((one) => ({ api: vendor.name, ...one }))
    }),
  )
  return cases.flat()
}
