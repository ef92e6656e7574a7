import { Problem } from '../problem.ts'

/** Which addresses the server may call. Some are refused under each of them. */
export type EgressPolicy =
  | { readonly kind: 'loopback' | 'private' | 'any' }
  /** Host names and addresses, in lower case, each with or without `:port`. */
  | { readonly kind: 'hosts'; readonly hosts: readonly string[] }

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** A URL that may be called, with the address that it was looked up to: connect to that one. */
export interface Target extends Address {
  readonly url: URL
  readonly port: number
  /** As the URL has it, without brackets: for the Host header and the name in TLS. */
  readonly hostname: string
  /** https */
  readonly secure: boolean
  /** Further addresses of the name, for when the first one takes no connection. */
  readonly others: readonly Address[]
}

/** Every address of a host name. */
export type Lookup = (
  hostname: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>

/** `loopback`, `private`, `any`, or hosts with commas between. Throws an Error that says so. */
export function readEgress(_text: string): EgressPolicy {
  throw new Error('not yet')
}

/** The one gate for everything that leaves the server. */
export class Egress {
  readonly policy: EgressPolicy

  constructor(policy: EgressPolicy, _lookup?: Lookup) {
    this.policy = policy
  }

  /**
   * @throws Problem 400 egress.malformed, egress.scheme, egress.refused, egress.unresolved; its
   *   message names the setting
   */
  resolve(_url: string): Promise<Target> {
    return Promise.reject(new Problem(400, 'egress.malformed', 'not yet'))
  }

  /** Why this URL is refused, as far as can be said without a look-up. */
  refusesLiterally(_url: string): Problem | undefined {
    return undefined
  }
}
