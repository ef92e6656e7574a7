import type { Api, Tools } from './api.ts'
import type { Profile } from './call.ts'
import type { Contract } from './contract/contract.ts'
import type { Log } from './log.ts'
import type { Store } from './store/store.ts'

/** An API with its contract; the same for every sandbox. */
export interface ApiPart<A extends Api = Api> {
  readonly api: A
  readonly contract: Contract
}

/** One API of one sandbox. */
export interface ApiContext extends ApiPart {
  /** All APIs of the sandbox, including the admin API: hints suggest operations of each. */
  readonly all: readonly ApiPart[]
  readonly profile: Profile
  readonly tools: Tools
  readonly store: Store
  readonly log: Log
  /** The sandbox's name. */
  readonly sandbox: string
}
