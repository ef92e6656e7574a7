import { VENDORS } from '../apis/index.ts'
import { ConfigError, type Config } from '../config/config.ts'
import { optionsHelp } from '../config/help.ts'
import { durationOf } from '../core/time/duration.ts'
import { listed } from '../core/words.ts'

/** A flag of one command, besides the options that all commands have. */
export interface Flag {
  readonly name: string
  /** Name of the value in the help. A switch has none; its value is `true` if it is set. */
  readonly value?: string
  readonly help: string
}

/** A subcommand of the program: `standin <name>`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly help: string
  readonly flags: readonly Flag[]
  /** Accepted positional arguments, each alternative with its help. */
  readonly positionals?: readonly (readonly [written: string, help: string])[]
  /**
   * Runs the command. When it has finished, the process exits with code 0, unless the command
   * started a server.
   *
   * @param flags values of the command's own flags, by name
   * @param positionals at most as many as the longest alternative has
   * @throws ConfigError if the command is used wrongly, Error if it fails
   */
  run(
    config: Config,
    flags: Readonly<Partial<Record<string, string>>>,
    positionals: readonly string[],
  ): Promise<void>
}

/** A subcommand that parses its arguments itself and accepts none of the server's options. */
export interface RawCommand {
  readonly name: string
  /** One line for the list of commands. */
  readonly help: string
  /** @throws ConfigError if the command is used wrongly, Error if it fails */
  readonly runWith: (args: readonly string[]) => Promise<void>
}

/** Maximum number of positional arguments of a command. */
export function maxPositionals({ positionals = [] }: Command): number {
  return Math.max(0, ...positionals.map(([written]) => written.split(' ').length))
}

/** The output of `standin --help`. */
export function programHelp(commands: readonly (Command | RawCommand)[]): string {
  const lines = commands.map(({ name, help }) => `  ${name.padEnd(14)} ${help}`)
  return `Usage: standin [command] [options]

Mock server for ${listed(VENDORS.map(({ title }) => title))}, with fault
injection, signed webhooks and a request log.

Commands:
${lines.join('\n')}

Run 'standin <command> --help' for the options of a command.

${options()}`
}

/** The output of `standin <name> --help`. */
export function commandHelp({ name, help, flags, positionals = [] }: Command): string {
  const ownOptions = flags.map(({ name: flag, value, help: text }) => {
    return line(value === undefined ? `--${flag}` : `--${flag} ${value}`, text)
  })
  return [
    `Usage: standin ${name} ${positionals.length > 0 ? '<argument> ' : ''}[options]`,
    `${help}.`,
    section(
      'Arguments:',
      positionals.map(([written, text]) => line(written, text)),
    ),
    section('Options (defaults in parentheses):', ownOptions),
    name === 'start' ? options() : SHARED,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/**
 * Short help on the shared options: most of the server's forty options do not concern other
 * commands.
 */
const SHARED = `The server's options and environment variables are accepted too, such as --port, --admin-token,
--config and STANDIN_PORT. Run 'standin --help' for a list.`

function options(): string {
  return `Options (defaults in parentheses):
${optionsHelp()}
${line('--config FILE', 'read options from a JSON file (standin.config.json)')}
${line('-h, --help', 'print this help and exit')}
${line('-v, --version', 'print the version and exit')}

Every option can also be set by an environment variable, such as STANDIN_MAX_BODY, or by a key of
standin.config.json, such as "maxBody".`
}

function section(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [heading, ...lines].join('\n')
}

function line(flag: string, help: string): string {
  return `  ${flag.padEnd(24)} ${help}`
}

/** Parses a duration such as `30s` to milliseconds; undefined if it is invalid. */
export function parseDuration(text: string): number | undefined {
  return /^\d{1,9}\D/.test(text) ? durationOf(text) : undefined
}

/** @throws ConfigError that says what is allowed */
export function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new ConfigError(
    `--${flag} must be a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`,
  )
}
