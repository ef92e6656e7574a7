import type { Profile } from '../core/call.ts'
import { APIS } from './names.ts'
import { oneOf } from './values.ts'

/** Which profile an API answers under: one for all, and exceptions by the API's name. */
export interface Profiles {
  readonly all: Profile
  readonly [api: string]: Profile
}

/** `documented,cryptlex=strict`. Throws an Error that says what is allowed. */
export function readProfiles(given: string): Profiles {
  const profile = oneOf<Profile>('documented', 'strict')
  const found: Record<string, Profile> & { all: Profile } = { all: 'documented' }
  for (const part of given.split(',')) {
    const [first = '', second] = part.trim().split('=')
    try {
      if (second === undefined) found.all = profile(first)
      else if (APIS.includes(first)) found[first] = profile(second)
      else throw new Error()
    } catch {
      throw new Error(
        `must be documented or strict, for all or for one of ${APIS.join(', ')}, such as documented,cryptlex=strict`,
      )
    }
  }
  return found
}

/** The inverse of readProfiles. */
export function formatProfiles({ all, ...others }: Profiles): string {
  return [all, ...Object.entries(others).map(([api, profile]) => `${api}=${profile}`)].join(',')
}
