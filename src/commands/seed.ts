import { Client, CLIENT_FLAGS } from './client.ts'
import { wholeNumber, type Command } from './command.ts'

export const seed: Command = {
  name: 'seed',
  help: "fill a running server's sandbox with made-up people",
  flags: [
    { name: 'users', value: 'N', help: 'at each API (100)' },
    { name: 'apis', value: 'NAMES', help: 'such as cryptlex,mykaarma (all)' },
    ...CLIENT_FLAGS,
  ],
  async run(config, flags) {
    const users = wholeNumber('users', flags['users'] ?? '100', 1, 100_000)
    const apis = flags['apis']?.split(',').map((name) => name.trim())
    const body = { users, ...(apis ? { apis } : {}) }
    console.log(JSON.stringify(await new Client(config, flags).ask('POST', '/seed', { body })))
  },
}
