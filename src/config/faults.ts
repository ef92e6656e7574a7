import type { FaultDefinition } from '../core/fault.ts'
import { whereBroken } from '../core/formats/json.ts'
import { closest } from '../core/words.ts'
import { APIS } from './names.ts'

/**
 * A JSON list of definitions, or short forms parted by commas, each for one API where its name and
 * a colon stand before it; `off`: none, in any way. They are looked at where they are armed. Throws an Error that says what is allowed.
 */
export function readFaults(given: string): readonly FaultDefinition[] | undefined {
  if (/^(off|none)$/i.test(given.trim())) return undefined
  if (/^\s*[[{]/.test(given)) {
    let list: unknown
    try {
      list = [JSON.parse(given)].flat()
    } catch {
      throw new Error(`must be JSON (${whereBroken(given)}) or short forms parted by commas`)
    }
    return list as readonly FaultDefinition[] // looked at by their schema where they are armed
  }
  return given
    .split(',')
    .reduce<string[]>((parts, part) => {
      // A list within a fault goes on without a space.
      const isInList = /(?:^|[;:])(?:sequence|fields)=[^;]*$/.test(parts.at(-1) ?? '')
      if (isInList && /^\S/.test(part)) parts.push(`${parts.pop()},${part}`)
      else parts.push(part)
      return parts
    }, [])
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [api = '', ...rest] = part.split(':')
      const [meant] = /^[a-z]+:/i.test(part) && !APIS.includes(api) ? closest(api, APIS) : []
      if (meant !== undefined) {
        throw new Error(`must have the name of an API before a colon (did you mean ${meant}:?)`)
      }
      return APIS.includes(api) && rest.length > 0
        ? { api, fault: rest.join(':') }
        : { fault: part }
    })
}
