import { types } from 'node:util'
import type { Fixtures, NewFault } from '../admin/contract.gen.ts'
import { readSettings, type Config } from './config.ts'
import { formatProfiles, type Profiles } from './profiles.ts'

/** Options that a program may also give as objects. */
type ShapedOption = 'clock' | 'profile' | 'fixtures' | 'faults'

/**
 * Options of a server in this process: the options of the command line, under their names in
 * `standin.config.json`. The defaults are those of the command line, except that the server listens
 * on free ports, keeps its state in memory unless `data` names a folder, and does not log requests.
 */
export interface StandinOptions extends Partial<Omit<Config, ShapedOption>> {
  /** The time at which the clock is held: with its zone, a Date, or milliseconds since 1970. */
  readonly clock?: string | Date | number | undefined
  /** `documented` or `strict`, with exceptions such as `documented,<api>=strict`. */
  readonly profile?: string | Profiles | undefined
  /** Credentials and data of a new sandbox: an object, or the path of a file or a folder. */
  readonly fixtures?: Fixtures | string | undefined
  /** Faults armed from the start: short forms or definitions; `off` disables faults. */
  readonly faults?: string | NewFault | readonly (string | NewFault)[] | undefined
}

/** @throws ConfigError naming the option, the value and what is allowed */
export function configFrom(options: StandinOptions): Config {
  const { clock, profile, fixtures, faults, ...others } = options
  return readSettings({
    port: 0,
    tlsPort: 0,
    memory: others.data === undefined,
    log: 'off',
    ...others,
    clock: types.isDate(clock) || typeof clock === 'number' ? isoOf(clock) : clock,
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

/** Converts a time to text. An invalid Date becomes text that the option refuses. */
function isoOf(time: Date | number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
}
