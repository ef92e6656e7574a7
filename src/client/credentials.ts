import type * as contract from '../admin/contract.gen.ts'
import { StandinError } from './errors.ts'

/** A credential for each API that it accepts, in its vendor's own names. */
export type Credentials = Required<contract.Credentials>

const NONE: Readonly<Record<keyof Credentials, undefined>> = {
  mykaarma: undefined,
  cryptlex: undefined,
  formsonfire: undefined,
}

/** One that the fixtures do not have is missed where it is used, in words. */
export function credentialsFrom(given: contract.Credentials): Credentials {
  const all = { ...NONE, ...given }
  for (const [api, credential] of Object.entries(all)) {
    if (credential !== undefined) continue
    Object.defineProperty(all, api, {
      get: () => {
        const why = `No credential of the fixtures is accepted by ${api}; give it one there`
        throw new StandinError(0, 'credentials.none', why)
      },
      enumerable: false,
    })
  }
  return all as Credentials // those that are missing throw
}
