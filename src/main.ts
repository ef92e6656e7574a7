#!/usr/bin/env node
import { helpOf, helpOn, mostWords, type Command, type OwnCommand } from './commands/command.ts'
import { credentials } from './commands/credentials.ts'
import { fail } from './commands/fail.ts'
import { fault } from './commands/fault.ts'
import { healthcheck } from './commands/healthcheck.ts'
import { seed } from './commands/seed.ts'
import { start } from './commands/start.ts'
import { token } from './commands/token.ts'
import { verifySignature } from './commands/verify.ts'
import { wait } from './commands/wait.ts'
import { ConfigError, readConfig } from './config/config.ts'
import { nearest } from './config/messages.ts'

/** In the order of the help; each loads what is heavy when it runs. */
const COMMANDS: readonly (Command | OwnCommand)[] = [
  start,
  wait,
  fault,
  seed,
  token,
  credentials,
  verifySignature,
  healthcheck,
]

async function main(args: readonly string[]): Promise<void> {
  const [first = '--'] = args
  const named = !first.startsWith('-')
  const command = named ? COMMANDS.find(({ name }) => name === first) : start
  if (!command) {
    const names = COMMANDS.map(({ name }) => name)
    throw new ConfigError(`"${first}" is no command${nearest(first, names, 'standin ')}`)
  }
  const own = named ? args.slice(1) : args
  if ('runWith' in command) {
    await command.runWith(own)
    return
  }
  const flags = command.flags.map(({ name }) => name)
  const switches = command.flags.filter(({ value }) => value === undefined)
  const read = readConfig(own, process.env, flags, {
    switches: switches.map(({ name }) => name),
    words: mostWords(command),
  })
  if (read.help) console.log(named ? helpOf(command) : helpOn(COMMANDS))
  else if (read.version) console.log((await import('./package.ts')).VERSION)
  else await command.run(read.config, read.more, read.words)
}

// Libraries that are built into the program call what Node 24 warns of; it keeps quiet about those
// in node_modules alone, and whoever runs this can do nothing about it.
process.noDeprecation = true
main(process.argv.slice(2)).catch(fail)
