import { API_NAMES } from '../apis/index.ts'
import type { Profile } from '../core/call.ts'
import { oneOf } from './values.ts'

/** The profile of every API, with exceptions by the API's name. */
export interface Profiles {
  readonly all: Profile
  readonly [api: string]: Profile
}

/**
 * Reads a profile with exceptions, such as `documented,<api>=strict`. Throws an Error that says
 * what is allowed.
 */
export function readProfiles(given: string, apis: readonly string[] = API_NAMES): Profiles {
  const profile = oneOf('documented', 'strict')
  const found: Record<string, Profile> & { all: Profile } = { all: 'documented' }
  for (const part of given.split(',')) {
    const [first = '', second] = part.trim().split('=')
    try {
      if (second === undefined) found.all = profile(first)
      else if (apis.includes(first)) found[first] = profile(second)
      else throw new Error()
    } catch {
      throw new Error(
        `must be documented or strict, for all APIs or for one of ${apis.join(', ')}, such as documented,${apis[0]}=strict`,
      )
    }
  }
  return found
}

/** Writes profiles as `readProfiles` reads them. */
export function formatProfiles({ all, ...others }: Profiles): string {
  return [all, ...Object.entries(others).map(([api, profile]) => `${api}=${profile}`)].join(',')
}
