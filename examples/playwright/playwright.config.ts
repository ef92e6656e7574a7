import { defineConfig } from '@playwright/test'

/** Playwright starts the server, waits until it is ready, and stops it after the tests. */
export default defineConfig({
  fullyParallel: true,
  webServer: {
    command: 'npx standin --memory',
    url: 'http://localhost:4020/_standin/ready',
    reuseExistingServer: !process.env['CI'],
  },
})
