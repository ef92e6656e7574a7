import { createRequire } from 'node:module'
import {
  HOOK_TIMEOUT,
  useStandinWith,
  type TestStandin,
  type UseStandinOptions,
} from './use-standin.ts'

export type { TestStandin, UseStandinOptions } from './use-standin.ts'

const require = createRequire(import.meta.url)

type Register = (hook: () => Promise<void>, timeout: number) => void

/**
 * Gives each test of a file or of a `describe` block a sandbox of its own, and returns a client of
 * the sandbox of the current test.
 */
export function useStandin(options?: UseStandinOptions): TestStandin {
  // Jest provides this module in every test file, even if its globals are not injected.
  const jest = require('@jest/globals') as Readonly<
    Record<'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll', Register>
  > // as Jest documents them
  return useStandinWith(
    {
      beforeAll: (hook) => jest.beforeAll(hook, HOOK_TIMEOUT),
      // Jest runs tests one after the other and does not name them to hooks.
      beforeEach: (hook) => jest.beforeEach(() => hook(undefined), HOOK_TIMEOUT),
      afterEach: (hook) => jest.afterEach(() => hook(undefined), HOOK_TIMEOUT),
      afterAll: (hook) => jest.afterAll(hook, HOOK_TIMEOUT),
    },
    options,
  )
}
