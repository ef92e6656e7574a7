// Made from specs/standin.yaml by `npm run types`; not edited by hand.

export interface Health {
  status: 'ok'
  /**
   * The version of Standin.
   */
  version: string
  /**
   * The APIs that a sandbox of this server answers for.
   */
  apis: string[]
}
/**
 * A refusal, after RFC 9457.
 */
export interface Problem {
  type: string
  title: string
  /**
   * The HTTP status.
   */
  status: number
  /**
   * What to do about it.
   */
  detail: string
  /**
   * The stable code that a test can name.
   */
  reason: string
}
