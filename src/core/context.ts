import type { Api, Tools } from './api.ts'
import type { Profile } from './call.ts'
import type { Contract } from './contract/contract.ts'
import type { Log } from './log.ts'
import type { Store } from './store/store.ts'

/** One API of one sandbox. */
export interface ApiContext {
  readonly api: Api
  readonly contract: Contract
  /** Every API of the sandbox, Standin's own included; hints look for the API that was meant. */
  readonly all: readonly { readonly api: Api; readonly contract: Contract }[]
  readonly profile: Profile
  readonly tools: Tools
  readonly store: Store
  readonly log: Log
  /** The sandbox's name. */
  readonly sandbox: string
}
