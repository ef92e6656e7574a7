import type * as Vitest from 'vitest'
import {
  HOOK_TIMEOUT,
  useStandinWith,
  type TestStandin,
  type UseStandinOptions,
} from './use-standin.ts'

/**
 * `useStandin` with the functions of a vitest: the build gives those of `import`, since vitest
 * cannot be required.
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
