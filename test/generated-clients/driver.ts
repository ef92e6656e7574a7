/** One answered call, as a generated client reports it. */
export interface Call {
  readonly operation: string
  readonly status: number
  /** Fields of the answer, or of the refusal, that the client's types know. */
  readonly read: unknown
}

export interface Server {
  readonly url: string
  /** Where webhooks are delivered. */
  readonly receiver: string
  /** Resolves when every webhook is delivered. */
  readonly settled: () => Promise<unknown>
}

/** Makes every JSON call of each API by clients that a generator made from the contracts. */
export interface Driver {
  readonly mykaarma: (server: Server) => Promise<readonly Call[]>
  readonly cryptlex: (server: Server) => Promise<readonly Call[]>
  readonly formsonfire: (server: Server) => Promise<readonly Call[]>
}
