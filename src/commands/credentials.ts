import { credentialCases } from '../apis/index.ts'
import type { Command } from './command.ts'

export const credentials: Command = {
  name: 'credentials',
  help: 'List valid and invalid credentials, with the answer to each',
  flags: [],
  async run(config) {
    const { fixturesOf } = await import('../sandbox/fixtures.ts')
    for (const one of await credentialCases(fixturesOf(config))) {
      const outcome = `${one.status} ${one.reason ?? ''}`.trim()
      const sent = one.authorization
        ? `Authorization: ${one.authorization}`
        : JSON.stringify(one.body)
      console.log(
        `${one.api.padEnd(12)} ${one.title.padEnd(30)} ${outcome.padEnd(32)} ${sent ?? ''}`,
      )
    }
  },
}
