import { API_NAMES } from '../apis/index.ts'
import { Client, CLIENT_FLAGS } from './client.ts'
import { wholeNumber, type Command } from './command.ts'

export const seed: Command = {
  name: 'seed',
  help: 'Create generated users in a sandbox of a running server',
  flags: [
    { name: 'users', value: 'N', help: 'number of users at each API (100)' },
    {
      name: 'apis',
      value: 'NAMES',
      help: `only at these APIs, such as ${API_NAMES.slice(0, 2).join(',')} (all)`,
    },
    ...CLIENT_FLAGS,
  ],
  async run(config, flags) {
    const users = wholeNumber('users', flags['users'] ?? '100', 1, 100_000)
    const apis = flags['apis']?.split(',').map((name) => name.trim())
    const body = { users, ...(apis ? { apis } : {}) }
    console.log(JSON.stringify(await new Client(config, flags).request('POST', '/seed', { body })))
  },
}
