import { after, afterEach, before, beforeEach } from 'node:test'
import { useStandinWith, type TestStandin, type UseStandinOptions } from './use-standin.ts'

export type { TestStandin, UseStandinOptions } from './use-standin.ts'

/**
 * Gives each test of a file or of a `describe` block a sandbox of its own, and returns a client of
 * the sandbox of the current test.
 */
export function useStandin(options?: UseStandinOptions): TestStandin {
  return useStandinWith(
    {
      beforeAll: (hook) => before(hook),
      beforeEach: (hook) => beforeEach((test) => hook(test)),
      afterEach: (hook) => afterEach((test) => hook(test)),
      afterAll: (hook) => after(hook),
      hasSubtests: true,
    },
    options,
  )
}
