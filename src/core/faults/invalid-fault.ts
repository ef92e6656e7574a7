import { Problem } from '../problem.ts'

/** Refuses a fault's definition. The message names the field and what is allowed. */
export function invalidFault(message: string): Problem {
  return new Problem(400, 'fault.invalid', message)
}
