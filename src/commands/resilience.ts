import type { RawCommand } from './command.ts'
import { programCommand } from './invocation.ts'

export const resilience: RawCommand = {
  name: 'resilience',
  help: 'Run a test suite once per fault: standin resilience -- npm test',
  runWith: async (args) => {
    const { runResilience } = await import('./resilience-run.ts')
    // Passed on: a chunk that the build loads later must not load the one of main again.
    await runResilience(args, programCommand())
  },
}
