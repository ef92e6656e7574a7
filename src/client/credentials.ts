import type * as contract from '../admin/contract.gen.ts'
import { StandinError } from './errors.ts'

/** An accepted credential for each API, with the vendor's own names for its parts. */
export type Credentials = Required<contract.Credentials>

/**
 * Returns the credentials that a sandbox accepts. Reading the credential of an API without one
 * throws an error.
 *
 * @param apis names of all APIs of the server
 */
export function credentialsFrom(
  accepted: contract.Credentials,
  apis: readonly string[],
): Credentials {
  const all = { ...accepted }
  for (const api of apis.filter((name) => !Object.hasOwn(accepted, name))) {
    Object.defineProperty(all, api, {
      get: () => {
        const message = `The fixtures have no credential that ${api} accepts; add one to them`
        throw new StandinError(0, 'credentials.none', message)
      },
    })
  }
  return all as Credentials // reading a missing one throws
}
