import type { RawCommand } from './command.ts'

export const resilience: RawCommand = {
  name: 'resilience',
  help: 'Run a test suite once per fault: standin resilience -- npm test',
  runWith: async (args) => {
    const { runResilience } = await import('./resilience-run.ts')
    await runResilience(args)
  },
}
