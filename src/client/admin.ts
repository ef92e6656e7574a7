import type * as contract from '../admin/contract.gen.ts'
import { ROUTES, type Answers } from './routes.gen.ts'
import type { Connection, RequestOptions } from './connection.ts'

export type Operation = keyof typeof ROUTES

export interface CallOptions extends RequestOptions {
  /** Path parameters by their names in the contract. */
  readonly params?: Readonly<Record<string, string>>
}

/** Calls the admin API of one sandbox. */
export class Admin {
  /** Path prefix of the sandbox, such as `/~checkout-42`; empty for `default`. */
  readonly prefix: string
  readonly connection: Connection

  constructor(wire: Connection, prefix: string) {
    this.connection = wire
    this.prefix = prefix
  }

  /** @throws StandinError */
  async call<K extends Operation>(operation: K, call: CallOptions = {}): Promise<Answers[K]> {
    const [method, path] = this.#route(operation, call)
    return (await this.connection.request(method, path, call)) as Answers[K] // the contract says so
  }

  /** Calls an operation that answers with text. */
  callForText(operation: Operation, call: CallOptions): Promise<string> {
    return this.connection.requestText(this.#route(operation, call)[1], call)
  }

  #route(operation: Operation, { params = {} }: CallOptions): [method: string, path: string] {
    const [method = '', path = ''] = ROUTES[operation].split(' ')
    const filled = path.replaceAll(/{(\w+)}/g, (_, name: string) =>
      encodeURIComponent(params[name] ?? ''),
    )
    return [method, `${this.prefix}/_standin${filled}`]
  }
}

/**
 * Reads a paginated list to its end.
 *
 * @param page requests the page after the cursor `after`
 * @param limit maximum number of items
 */
export async function allPages<T>(
  page: (after: string | undefined, limit: number) => Promise<Page<T>>,
  limit = Infinity,
): Promise<T[]> {
  const all: T[] = []
  let after: string | undefined
  do {
    const { items, next } = await page(after, Math.min(MAX_PAGE, limit - all.length))
    all.push(...items)
    after = next
  } while (after !== undefined && all.length < limit)
  return all
}

/** Maximum page size of the server. */
const MAX_PAGE = 1000

export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string | undefined
}

export type ApiName = contract.ApiName

/** A duration such as `5m` or `250ms`, or a number of milliseconds. */
export type Duration = string | number

/** Converts a duration to the form of the admin API. */
export function durationText(duration: Duration): string {
  return typeof duration === 'number' ? `${Math.round(duration)}ms` : duration
}

/** An ISO 8601 time with its zone, a Date, or milliseconds since 1970. */
export type Time = string | Date | number

/** Converts a time to the form of the admin API. */
export function timeText(time: Time): string {
  return typeof time === 'string' ? time : new Date(time).toISOString()
}
