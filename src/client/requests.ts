import type {
  Awaited,
  Expectation,
  Explanation,
  Har,
  RecordedRequest,
  Verified,
} from '../admin/contract.gen.ts'
import { all, durationText, type Admin, type ApiName, type Duration } from './admin.ts'
import { ExpectationError, type Throwing } from './errors.ts'
import type { Query } from './wire.ts'

/** Which requests; all of it has to be so. */
export interface RequestFilter {
  /** `none`: those that no API was reached by. */
  readonly api?: ApiName | 'none'
  /** Such as `createResellerUser`. */
  readonly operation?: string
  /** Such as 201 or `4xx`. */
  readonly status?: number | string
  /** In the body, the query or the created user, in any case of letters. */
  readonly email?: string
  /** `name` or `name:value`. */
  readonly header?: string
  /** After this time, or after the request of this id. */
  readonly since?: string | Date
  /** Shown anywhere. */
  readonly text?: string
}

/** A part of the list. */
export interface Part {
  /** At most this many, the oldest first. */
  readonly limit?: number
  /** The newest, this many. */
  readonly last?: number
}

export interface AwaitOptions extends Throwing {
  /** 1 where nothing is said. */
  readonly count?: number
  /** By the machine's time; 5s where nothing is said. */
  readonly timeout?: Duration
}

export interface VerifyOptions extends Throwing {
  /** One request for each, in this order, others between. */
  readonly order?: boolean
  /** Only requests after this time, or after the request of this id. */
  readonly since?: string | Date
}

/** What was asked, and whether it was right. */
export class Requests {
  readonly #admin: Admin

  constructor(admin: Admin) {
    this.#admin = admin
  }

  /** From the oldest to the newest of those that are remembered. */
  async list({ limit, ...filter }: RequestFilter & Part = {}): Promise<RecordedRequest[]> {
    if (filter.last !== undefined) {
      return (await this.#admin.ask('listRequests', { query: { ...filter } })).requests
    }
    return await all(async (after, most) => {
      const query = { ...filter, after, limit: most }
      const { requests, next } = await this.#admin.ask('listRequests', { query })
      return { items: requests, next }
    }, limit)
  }

  /**
   * One, with its answer.
   *
   * @param id as the answer's header `Standin-Request-Id` has it
   */
  async get(id: string): Promise<RecordedRequest> {
    return await this.#admin.ask('getRequest', { params: { id } })
  }

  /**
   * Waits until as many have come, those that were there before included.
   *
   * @throws ExpectationError when the time is up, with what came nearest
   */
  async await(filter: RequestFilter = {}, options: AwaitOptions = {}): Promise<Awaited> {
    const { count = 1, timeout = '5s', throws = true } = options
    const query: Query = { ...filter, count, timeout: durationText(timeout) }
    const awaited = await this.#admin.ask('awaitRequests', { query })
    if (awaited.fulfilled || !throws) return awaited
    const why = awaited.difference ?? `${awaited.requests.length} of ${count} came`
    throw new ExpectationError(`Requests that were awaited did not come: ${why}`, awaited)
  }

  /**
   * Says whether the right requests came.
   *
   * @throws ExpectationError with the difference to the nearest requests
   */
  async verify(
    expectations: Expectation | readonly Expectation[],
    options: VerifyOptions = {},
  ): Promise<Verified> {
    const { throws = true, order, since } = options
    const body = { expectations: [expectations].flat(), order, since }
    const verified = await this.#admin.ask('verifyRequests', { body })
    if (verified.passed || !throws) return verified
    throw new ExpectationError(differencesIn(verified), verified)
  }

  /** Why it was answered as it was, decision by decision. */
  async explain(id: string): Promise<Explanation> {
    return await this.#admin.ask('explainRequest', { params: { id } })
  }

  /** Why it was answered as it was, in words. */
  async explainInWords(id: string): Promise<string> {
    return await this.#admin.read('explainRequest', { params: { id }, query: { format: 'text' } })
  }

  /**
   * Commands that send the same again, with variables where secrets were.
   *
   * @param which a request's id, or a filter
   */
  async curl(which: string | (RequestFilter & Part) = {}): Promise<string> {
    return await this.#inFormat(which, 'curl')
  }

  /** An HTTP Archive for a browser's developer tools. */
  async har(which: string | (RequestFilter & Part) = {}): Promise<Har> {
    return JSON.parse(await this.#inFormat(which, 'har')) as Har // as the contract has it
  }

  /** Forgets what was asked; how much it was. */
  async clear(): Promise<number> {
    return (await this.#admin.ask('clearRequests')).cleared
  }

  async #inFormat(which: string | (RequestFilter & Part), format: 'curl' | 'har'): Promise<string> {
    return typeof which === 'string'
      ? await this.#admin.read('getRequest', { params: { id: which }, query: { format } })
      : await this.#admin.read('listRequests', { query: { ...which, format } })
  }
}

function differencesIn({ results }: Verified): string {
  const failed = results.filter(({ passed }) => !passed)
  const lines = failed.map(({ name, difference = 'not as expected' }) => {
    return `- ${name}: ${difference.replaceAll('\n', '\n  ')}`
  })
  return [`${failed.length} of ${results.length} expectations are not met`, ...lines].join('\n')
}
