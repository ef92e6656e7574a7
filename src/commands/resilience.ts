import type { RawCommand } from './command.ts'
import { programCommand } from './invocation.ts'

export const resilience: RawCommand = {
  name: 'resilience',
  help: 'Run a test suite once per fault: standin resilience -- npm test',
  runWith: async (args) => {
    const { runResilience } = await import('./resilience-run.ts')
    // The program name is passed as an argument, because a chunk that is loaded later must not load
    // the chunk of main again.
    await runResilience(args, programCommand())
  },
}
