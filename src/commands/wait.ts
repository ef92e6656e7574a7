import { setTimeout as pause } from 'node:timers/promises'
import { StandinError } from '../client/errors.ts'
import { ConfigError } from '../config/config.ts'
import { messageOf } from '../core/errors.ts'
import { Client, CLIENT_FLAGS, describe } from './client.ts'
import { parseDuration, type Command } from './command.ts'

/** Milliseconds between two requests: the pause grows from the first value to the second. */
const FIRST_PAUSE = 50
const MAX_PAUSE = 1000
/** Bounds of the time limit of one request in milliseconds. */
const MIN_TIMEOUT = 250
const MAX_TIMEOUT = 5000

export const wait: Command = {
  name: 'wait',
  help: 'Wait until a server is ready, or fail after a timeout',
  flags: [
    { name: 'timeout', value: 'TIME', help: 'maximum time, such as 500ms, 30s or 2m (30s)' },
    ...CLIENT_FLAGS,
  ],
  async run(config, flags) {
    const text = flags['timeout'] ?? '30s'
    const timeout = parseDuration(text)
    if (timeout === undefined) {
      throw new ConfigError(
        `--timeout must be a duration such as 500ms, 30s or 2m, got ${JSON.stringify(text)}`,
      )
    }
    const client = new Client(config, flags)
    const end = performance.now() + timeout
    for (let between = FIRST_PAUSE; ; between = Math.min(between * 1.5, MAX_PAUSE)) {
      const left = Math.max(0, end - performance.now())
      const limit = Math.max(MIN_TIMEOUT, Math.min(left, MAX_TIMEOUT))
      try {
        await client.request('GET', '/ready', { timeout: limit })
        break
      } catch (error) {
        if (left === 0) throw timedOut(text, error)
      }
      await pause(Math.min(between, Math.max(0, end - performance.now())))
    }
    console.log(`ready ${client.url}`)
  },
}

function timedOut(timeout: string, error: unknown): Error {
  const { cause } = error instanceof Error ? error : {}
  const detail = cause instanceof StandinError ? describe(cause) : messageOf(error)
  return new Error(`Not ready within ${timeout}. ${detail}`, { cause: error })
}
