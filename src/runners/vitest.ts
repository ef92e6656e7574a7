import * as vitest from 'vitest'
import type { TestStandin, UseStandinOptions } from './use-standin.ts'
import { useStandinOf } from './vitest-hooks.ts'

export type { TestStandin, UseStandinOptions } from './use-standin.ts'

/**
 * Gives each test of a file or of a `describe` block a sandbox of its own, and returns a client of
 * the sandbox of the current test.
 */
export function useStandin(options?: UseStandinOptions): TestStandin {
  return useStandinOf(vitest, options)
}
