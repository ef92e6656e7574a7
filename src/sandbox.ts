import type { Config } from './config.ts'
import type { Api } from './core/api.ts'
import { Clock } from './core/clock.ts'
import type { Contract } from './core/contract.ts'
import { Fake } from './core/fake.ts'
import type { Log } from './core/log.ts'
import type { Place } from './core/pipeline.ts'
import { Store } from './core/store/store.ts'

/** What each API of a sandbox is given to know: credentials and things to refer to. */
export type Fixtures = Readonly<Record<string, unknown>>

/** One closed world: the users of all APIs, their credentials, a clock and a seed. */
export interface Sandbox {
  /** Where each API answers, by its name. */
  readonly places: ReadonlyMap<string, Place>
  readonly clock: Clock
  readonly store: Store
  close(): Promise<void>
}

/** Puts a sandbox together from its parts. Throws as the store does when its folder cannot be used. */
export async function openSandbox(
  config: Config,
  apis: readonly { readonly api: Api; readonly contract: Contract }[],
  fixtures: Fixtures,
  log: Log,
  gate: Pick<Place, 'objection' | 'readsBack'>,
): Promise<Sandbox> {
  const store = await Store.open({
    folder: config.memory ? undefined : config.data,
    durability: config.durability,
    recover: config.recover,
    tables: Object.fromEntries(
      apis
        .filter(({ api }) => Object.keys(api.tables).length > 0)
        .map(({ api }) => [api.name, api.tables]),
    ),
    log,
  })
  const clock = new Clock(config.clock)
  const fake = new Fake(config.seed, store)
  const limits = { size: config.maxBody, time: config.bodyTimeout }
  const places = apis.map(({ api, contract }): [string, Place] => {
    const tools = { clock, fake, known: api.learn(fixtures[api.name]) }
    const profile = config.profile[api.name] ?? config.profile.all
    return [api.name, { api, contract, profile, tools, store, limits, log, ...gate }]
  })
  return { places: new Map(places), clock, store, close: () => store.close() }
}
