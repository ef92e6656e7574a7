import { setTimeout as pause } from 'node:timers/promises'
import { ConfigError } from '../config/config.ts'
import { messageOf } from '../core/errors.ts'
import { Client, CLIENT_FLAGS } from './client.ts'
import { durationIn, type Command } from './command.ts'

/** Milliseconds between two looks: soon after the first, then ever less often. */
const FIRST = 50
const LONGEST = 1000
/** Milliseconds that the last look has in any case. */
const LEAST = 250

export const wait: Command = {
  name: 'wait',
  help: 'wait until a server is ready; fail when it is not in time',
  flags: [
    { name: 'timeout', value: 'TIME', help: 'how long at most, such as 500ms, 30s or 2m (30s)' },
    ...CLIENT_FLAGS,
  ],
  async run(config, flags) {
    const given = flags['timeout'] ?? '30s'
    const timeout = durationIn(given)
    if (timeout === undefined) {
      throw new ConfigError(
        `--timeout must be such as 500ms, 30s or 2m, got ${JSON.stringify(given)}`,
      )
    }
    const client = new Client(config, flags)
    const end = performance.now() + timeout
    for (let between = FIRST; ; between = Math.min(between * 1.5, LONGEST)) {
      const left = Math.max(0, end - performance.now())
      try {
        await client.ask('GET', '/ready', { timeout: Math.max(LEAST, Math.min(left, 5000)) })
        break
      } catch (error) {
        if (left === 0) throw late(given, error)
      }
      await pause(Math.min(between, Math.max(0, end - performance.now())))
    }
    console.log(`ready ${client.url}`)
  },
}

function late(given: string, error: unknown): Error {
  const why = messageOf(error).replace(/; start one with: standin$/, '')
  return new Error(`Not ready within ${given}. ${why}`, { cause: error })
}
