import { VENDORS } from '../apis/index.ts'
import { ConfigError, type Config } from '../config/config.ts'
import { optionsHelp } from '../config/help.ts'
import { durationOf } from '../core/time/duration.ts'
import { listed } from '../core/words.ts'

/** A flag that one command adds to the options. */
export interface Flag {
  readonly name: string
  /** How the value is named in the help; a switch has none, and is `true` when it is there. */
  readonly value?: string
  readonly help: string
}

/** What the program can be asked to do: `standin <name>`. */
export interface Command {
  readonly name: string
  /** In one line. */
  readonly help: string
  readonly flags: readonly Flag[]
  /** What may follow the name besides flags: how it is written, and what that does. */
  readonly words?: readonly (readonly [words: string, help: string])[]
  /**
   * Its end is exit code 0, unless something still listens.
   *
   * @param flags what was given for its own flags, by name
   * @param words what followed the name besides, as many as `words` shows at most
   * @throws ConfigError for what was asked in a wrong way, Error for what did not succeed
   */
  run(
    config: Config,
    flags: Readonly<Partial<Record<string, string>>>,
    words: readonly string[],
  ): Promise<void>
}

/** One that reads what follows its name by itself, and takes none of the options. */
export interface OwnCommand {
  readonly name: string
  /** In one line. */
  readonly help: string
  /** @throws as a command's */
  readonly runWith: (args: readonly string[]) => Promise<void>
}

/** How many words may follow its name. */
export function mostWords({ words = [] }: Command): number {
  return Math.max(0, ...words.map(([written]) => written.split(' ').length))
}

/** What `standin --help` prints. */
export function helpOn(commands: readonly (Command | OwnCommand)[]): string {
  const lines = commands.map(({ name, help }) => `  standin ${name.padEnd(14)} ${help}`)
  return `Standin is a mock server for ${listed(VENDORS.map(({ title }) => title))}.
A request with the header 'Standin-Fault: 500' fails; /_standin/requests shows what was asked.

${lines.join('\n')}
      --help             after a command: what it takes besides the options

${options()}`
}

/** What `standin <name> --help` prints. */
export function helpOf({ name, help, flags, words = [] }: Command): string {
  const usages = words.map(([written, text]) => line(`standin ${name} ${written}`, text))
  const own = flags.map(({ name: flag, value, help: text }) => {
    return line(value === undefined ? `--${flag}` : `--${flag} ${value}`, text)
  })
  const parts = [usages, own].filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  const rest = name === 'start' ? options() : SHARED
  return [`standin ${name}: ${help}`, ...parts, rest].join('\n\n')
}

/** Who asks about one command does not want the forty options of a server below its few. */
const SHARED = `It takes the server's options too, where they concern it, such as --port, --admin-token and
--config, and their variables (STANDIN_PORT). 'standin --help' lists them.`

function options(): string {
  return `Every option is also a variable (STANDIN_MAX_BODY) and a key of standin.config.json ("maxBody").

${optionsHelp()}
${line('--config FILE', 'options as JSON (standin.config.json)')}
${line('--help, --version', 'print this, or the version')}`
}

function line(flag: string, help: string): string {
  return `  ${flag.padEnd(24)} ${help}`
}

/** `30s` in milliseconds; undefined: it is no duration. */
export function durationIn(text: string): number | undefined {
  return /^\d{1,9}\D/.test(text) ? durationOf(text) : undefined
}

/** @throws ConfigError that says what is allowed */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new ConfigError(
    `--${flag} must be a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`,
  )
}
