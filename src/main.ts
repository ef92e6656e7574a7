#!/usr/bin/env node
import {
  commandHelp,
  programHelp,
  maxPositionals,
  type Command,
  type RawCommand,
} from './commands/command.ts'
import { credentials } from './commands/credentials.ts'
import { env } from './commands/env.ts'
import { exitWithError } from './commands/exit-with-error.ts'
import { fault } from './commands/fault.ts'
import { healthcheck } from './commands/healthcheck.ts'
import { reportCard } from './commands/report-card.ts'
import { resilience } from './commands/resilience.ts'
import { seed } from './commands/seed.ts'
import { start } from './commands/start.ts'
import { token } from './commands/token.ts'
import { verifySignature } from './commands/verify.ts'
import { wait } from './commands/wait.ts'
import { ConfigError, readConfig } from './config/config.ts'
import { nearest } from './config/messages.ts'

/** All commands in the order of the help; each loads large modules only when it runs. */
const COMMANDS: readonly (Command | RawCommand)[] = [
  start,
  wait,
  env,
  fault,
  reportCard,
  seed,
  token,
  credentials,
  verifySignature,
  healthcheck,
  resilience,
  {
    name: 'help',
    help: 'Print the help of the program or of a command, such as: help fault',
    runWith: async ([name, ...others]) => {
      if (name === undefined || name.startsWith('-')) console.log(programHelp(COMMANDS))
      else await main([commandNamed(name).name, '--help', ...others])
    },
  },
  {
    name: 'version',
    help: 'Print the version',
    runWith: async () => console.log((await import('./package.ts')).VERSION),
  },
]

/** @throws ConfigError with a suggestion for an unknown name */
function commandNamed(name: string): Command | RawCommand {
  const command = COMMANDS.find((one) => one.name === name)
  if (command) return command
  const names = COMMANDS.map((one) => one.name)
  throw new ConfigError(`"${name}" is not a command${nearest(name, names, 'standin ')}`)
}

async function main(args: readonly string[]): Promise<void> {
  const [first = '--'] = args
  const isNamed = !first.startsWith('-')
  const command = isNamed ? commandNamed(first) : start
  const commandArgs = isNamed ? args.slice(1) : args
  if ('runWith' in command) {
    await command.runWith(commandArgs)
    return
  }
  const flags = command.flags.map(({ name }) => name)
  const switches = command.flags.filter(({ value }) => value === undefined)
  const read = readConfig(commandArgs, process.env, flags, {
    switches: switches.map(({ name }) => name),
    words: maxPositionals(command),
  })
  if (read.help) console.log(isNamed ? commandHelp(command) : programHelp(COMMANDS))
  else if (read.version) console.log((await import('./package.ts')).VERSION)
  else await command.run(read.config, read.more, read.words)
}

// Bundled libraries call functions that Node 24 deprecates. Node hides such warnings only for code in
// node_modules, and users of the program can do nothing about them.
process.noDeprecation = true
main(process.argv.slice(2)).catch(exitWithError)
