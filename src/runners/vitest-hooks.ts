import type * as Vitest from 'vitest'
import {
  HOOK_TIMEOUT,
  useStandinWith,
  type TestStandin,
  type UseStandinOptions,
} from './use-standin.ts'

/**
 * Runs `useStandinWith` with the hooks of a vitest module. The build passes the imported module,
 * since vitest cannot be loaded with `require`.
 */
export function useStandinOf(vitest: typeof Vitest, options?: UseStandinOptions): TestStandin {
  return useStandinWith(
    {
      beforeAll: (hook) => vitest.beforeAll(hook, HOOK_TIMEOUT),
      beforeEach: (hook) => vitest.beforeEach(({ task }) => hook(task), HOOK_TIMEOUT),
      afterEach: (hook) => vitest.afterEach(({ task }) => hook(task), HOOK_TIMEOUT),
      afterAll: (hook) => vitest.afterAll(hook, HOOK_TIMEOUT),
    },
    options,
  )
}
