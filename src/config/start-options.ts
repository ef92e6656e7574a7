import type { Fixtures, NewFault } from '../admin/contract.gen.ts'
import { readSettings, type Config } from './config.ts'
import { formatProfiles, type Profiles } from './profiles.ts'

/** Those that a program may write in ways of its own. */
type Shaped = 'clock' | 'profile' | 'fixtures' | 'faults'

/**
 * How a server in this process is started: the options of the command line, by their keys in
 * `standin.config.json`. What is left out is as there, but for these: the port is a free one, the
 * state is in memory unless `data` names a folder, and nothing is logged.
 */
export interface StandinOptions extends Partial<Omit<Config, Shaped>> {
  /** Where the clock stands still: a time with its zone, a Date, or milliseconds since 1970. */
  readonly clock?: string | Date | number | undefined
  /** `documented` or `strict`, with exceptions such as `documented,cryptlex=strict`. */
  readonly profile?: string | Profiles | undefined
  /** What a fresh sandbox knows: itself, or the path of a file or a folder. */
  readonly fixtures?: Fixtures | string | undefined
  /** Armed from the start: short forms or definitions; `off`: none can be, in any way. */
  readonly faults?: string | NewFault | readonly (string | NewFault)[] | undefined
}

/** @throws ConfigError naming the option, the value and what is allowed */
export function configFrom(options: StandinOptions): Config {
  const { clock, profile, fixtures, faults, ...others } = options
  return readSettings({
    port: 0,
    memory: others.data === undefined,
    log: 'off',
    ...others,
    clock: clock instanceof Date || typeof clock === 'number' ? isoOf(clock) : clock,
    profile: typeof profile === 'object' ? formatProfiles(profile) : profile,
    fixtures,
    faults:
      faults === undefined || typeof faults === 'string'
        ? faults
        : [faults].flat().map(definitionOf),
  })
}

function definitionOf(fault: string | NewFault): NewFault {
  return typeof fault === 'string' ? { fault } : fault
}

/** What is no time stays one that is refused. */
function isoOf(time: Date | number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
}
