import type { Api, Credential } from './api.ts'
import type { Schema } from './contract/schema.ts'
import type { OptionTable, ValuesOf } from './option.ts'

/** The fixtures of one API; its schema has checked them. */
export type VendorFixtures = Readonly<Record<string, unknown>>

/** A create request that works with the package's fixtures, as a curl command. */
export interface Example {
  /** The credential among the package's fixtures that the command uses. */
  readonly credential: Credential
  /** The credential in the start output. */
  readonly shown: string
  /** @param user the user name and the local part of the address of the user that it creates */
  readonly curl: (url: string, user: string, credential: Credential) => string
  /**
   * Fields of the request besides those of the person, from the fixtures as the slice read them.
   */
  readonly fields?: (fixtures: unknown) => Readonly<Record<string, unknown>>
}

/** One credential, good or bad, and the answer to a request that sends it. */
export interface CredentialCase {
  readonly title: string
  /** The header `Authorization`. */
  readonly authorization?: string
  /** The members of the body. */
  readonly body?: Readonly<Record<string, string | number>>
  readonly status: number
  /** The header `Standin-Reason`; undefined for a good credential. */
  readonly reason?: string
}

/** The contents of a token that `standin token` prints. Times are seconds since 1970. */
export interface TokenRequest {
  readonly scopes: readonly string[]
  readonly issuedAt: number
  readonly expires?: number
  readonly notBefore?: number
  /** `none` makes a token that no server may accept. */
  readonly algorithm?: 'HS256' | 'none'
}

/**
 * One vendor: its API, and everything else that the server, its commands and its clients need. The
 * registry in `src/apis/index.ts` lists the vendors.
 */
export interface Vendor<Options extends OptionTable = OptionTable> extends Api {
  /** Options of the server that only this vendor has. */
  readonly options: Options
  /** The file of its default fixtures in `fixtures/`, or an absolute path. */
  readonly defaultFixtures: string
  /** JSON Schema of its part of the fixtures. */
  readonly fixturesSchema: Schema
  /** JSON Schema of what `goodCredential` returns. */
  readonly credentialSchema: Schema
  readonly example: Example
  /** Tokens that `standin token` prints, for a vendor that accepts JWTs. */
  readonly tokens?: {
    /** The scopes of a token for which no others are given, separated by spaces. */
    readonly scope: string
    readonly mint: (request: TokenRequest, fixtures: VendorFixtures) => Promise<string>
  }

  /** One credential for each result of the vendor's credential check, valid and invalid. */
  credentialCases(fixtures: VendorFixtures): Promise<readonly CredentialCase[]>
  /**
   * The vendor with the values of its options. Throws a ConfigError for one that cannot be used.
   */
  configure?(values: ValuesOf<Options>): Vendor
  /** The fixtures with the values of its options. Throws a ConfigError as `configure` does. */
  fixturesWith?(fixtures: VendorFixtures, values: ValuesOf<Options>): VendorFixtures
}
