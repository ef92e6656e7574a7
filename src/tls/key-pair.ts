/** A private key and its certificate, both in PEM. */
export interface KeyPair {
  readonly key: string
  readonly cert: string
}
