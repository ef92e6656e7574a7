import type {
  Awaited,
  Expectation,
  Explanation,
  Har,
  RecordedRequest,
  Verified,
} from '../admin/contract.gen.ts'
import { allPages, durationText, type Admin, type ApiName, type Duration } from './admin.ts'
import { ExpectationError, type ThrowOptions } from './errors.ts'
import type { Query } from './connection.ts'

/** Filter of the request log; a request has to match all of it. */
export interface RequestFilter {
  /** `none`: requests that reached no API. */
  readonly api?: ApiName | 'none'
  /** Such as `createResellerUser`. */
  readonly operation?: string
  /** A status such as 201, or a class such as `4xx`. */
  readonly status?: number | string
  /** Address in the body, the query or the created user; case-insensitive. */
  readonly email?: string
  /** A header, as `name` or `name:value`. */
  readonly header?: string
  /** Only requests after this time, or after the request with this id. */
  readonly since?: string | Date
  /** Text anywhere in the recorded request. */
  readonly text?: string
}

/** Range of a list. */
export interface Part {
  /** Maximum number, from the oldest. */
  readonly limit?: number
  /** Number of the newest requests. */
  readonly last?: number
}

export interface AwaitOptions extends ThrowOptions {
  /** Default 1. */
  readonly count?: number
  /** Time limit by the system clock; default 5s. */
  readonly timeout?: Duration
}

export interface VerifyOptions extends ThrowOptions {
  /** One request for each expectation, in this order; other requests may come between. */
  readonly order?: boolean
  /** Only requests after this time, or after the request with this id. */
  readonly since?: string | Date
}

/** Request log of a sandbox. */
export class Requests {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** Lists the recorded requests, oldest first. */
  async list({ limit, ...filter }: RequestFilter & Part = {}): Promise<RecordedRequest[]> {
    if (filter.last !== undefined) {
      return (await this.#admin.call('listRequests', { query: { ...filter } })).requests
    }
    return await allPages(async (after, most) => {
      const query = { ...filter, after, limit: most }
      const { requests, next } = await this.#admin.call('listRequests', { query })
      return { items: requests, next }
    }, limit)
  }

  /**
   * Returns one request with its answer.
   *
   * @param id the answer's header `Standin-Request-Id`
   */
  async get(id: string): Promise<RecordedRequest> {
    return await this.#admin.call('getRequest', { params: { id } })
  }

  /**
   * Waits for requests that match; requests that are already recorded count.
   *
   * @throws ExpectationError on timeout, with the difference to the nearest request
   */
  async await(filter: RequestFilter = {}, options: AwaitOptions = {}): Promise<Awaited> {
    const { count = 1, timeout = '5s', throws = true } = options
    const query: Query = { ...filter, count, timeout: durationText(timeout) }
    const awaited = await this.#admin.call('awaitRequests', { query })
    if (awaited.fulfilled || !throws) return awaited
    const why = awaited.difference ?? `${awaited.requests.length} of ${count} arrived`
    throw new ExpectationError(`Expected requests did not arrive: ${why}`, awaited)
  }

  /**
   * Verifies expectations about the recorded requests.
   *
   * @throws ExpectationError with the difference to the nearest requests
   */
  async verify(
    expectations: Expectation | readonly Expectation[],
    options: VerifyOptions = {},
  ): Promise<Verified> {
    const { throws = true, order, since } = options
    const body = { expectations: [expectations].flat(), order, since }
    const verified = await this.#admin.call('verifyRequests', { body })
    if (verified.passed || !throws) return verified
    throw new ExpectationError(differencesIn(verified), verified)
  }

  /** Explains the answer to a request, decision by decision. */
  async explain(id: string): Promise<Explanation> {
    return await this.#admin.call('explainRequest', { params: { id } })
  }

  /** Explains the answer to a request as text. */
  async explainInWords(id: string): Promise<string> {
    return await this.#admin.callForText('explainRequest', {
      params: { id },
      query: { format: 'text' },
    })
  }

  /**
   * Returns curl commands that repeat the requests, with variables in place of secrets.
   *
   * @param which the id of a request, or a filter
   */
  async curl(which: string | (RequestFilter & Part) = {}): Promise<string> {
    return await this.#inFormat(which, 'curl')
  }

  /** Returns the requests as an HTTP Archive (HAR), which browsers' developer tools open. */
  async har(which: string | (RequestFilter & Part) = {}): Promise<Har> {
    return JSON.parse(await this.#inFormat(which, 'har')) as Har // by the contract
  }

  /** Clears the request log and returns the number of removed requests. */
  async clear(): Promise<number> {
    return (await this.#admin.call('clearRequests')).cleared
  }

  async #inFormat(which: string | (RequestFilter & Part), format: 'curl' | 'har'): Promise<string> {
    return typeof which === 'string'
      ? await this.#admin.callForText('getRequest', { params: { id: which }, query: { format } })
      : await this.#admin.callForText('listRequests', { query: { ...which, format } })
  }
}

/** Text of the expectations that are not met, each with the difference to the nearest request. */
export function differencesIn({ results }: Verified): string {
  const failed = results.filter(({ passed }) => !passed)
  const lines = failed.map(({ name, difference = 'not as expected' }) => {
    return `- ${name}: ${difference.replaceAll('\n', '\n  ')}`
  })
  return [`${failed.length} of ${results.length} expectations failed`, ...lines].join('\n')
}
