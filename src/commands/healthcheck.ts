import { Client, CLIENT_FLAGS } from './client.ts'
import type { Command } from './command.ts'

export const healthcheck: Command = {
  name: 'healthcheck',
  help: 'Check once that a server answers, for the health check of a container',
  flags: CLIENT_FLAGS.filter(({ name }) => name === 'url'),
  async run(config, flags) {
    const client = new Client(config, flags)
    console.log(JSON.stringify(await client.request('GET', '/health', { timeout: 3000 })))
  },
}
