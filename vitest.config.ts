import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest comes first, so that no worker is left alone with it at the end. */
const LONGEST = [
  'main',
  'ui/shell',
  'package',
  'ui/requests',
  'crash/crash',
  'ui/reference',
  'examples/suites',
  'commands/resilience',
  'admin/stalls',
  'examples/integration',
  'docs/resilience',
  'flows/hostile-requests',
  'core/faults/counting',
  'flows/delivery-faults',
  'examples/receivers',
  'docs/testing',
  'core/faults/hostile-definitions',
  'flows/leaks',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return at < 0 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/helpers/environment.ts'],
    // For two processors: the tests of the program and of the dashboard wait for others half the time.
    maxWorkers: 3,
    // The server's modules and the contracts that it compiles are loaded once for many files. What
    // a test changes, it puts back when it ends.
    isolate: false,
    restoreMocks: true,
    sequence: { sequencer: LongestFirst },
    // Nothing that works takes as long: only what hangs ends so, however slow the machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000, interval: 10 } },
    coverage: { provider: 'v8', include: ['src/**'] },
  },
})
