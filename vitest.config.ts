import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/helpers/environment.ts'],
    maxWorkers: 2,
    // The server's modules and the contracts that it compiles are loaded once for many files. What
    // a test changes, it puts back when it ends.
    isolate: false,
    restoreMocks: true,
    // Nothing that works takes as long: only what hangs ends so, however slow the machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000, interval: 10 } },
    coverage: { provider: 'v8', include: ['src/**'] },
  },
})
