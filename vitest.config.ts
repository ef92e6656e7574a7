import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/helpers/environment.ts'],
    // Two cores: more workers than that make the timing tests wait for each other.
    maxWorkers: 2,
    testTimeout: 20_000,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
})
