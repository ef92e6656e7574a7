import type * as contract from '../admin/contract.gen.ts'
import { ROUTES, type Answers } from './routes.gen.ts'
import type { Question, Wire } from './wire.ts'

export type Operation = keyof typeof ROUTES

export interface Call extends Question {
  /** Of the path, by their names in the contract. */
  readonly params?: Readonly<Record<string, string>>
}

/** The admin API of one sandbox. */
export class Admin {
  /** Before every path of the sandbox: empty for `default`, else such as `/~checkout-42`. */
  readonly prefix: string
  readonly wire: Wire

  constructor(wire: Wire, prefix: string) {
    this.wire = wire
    this.prefix = prefix
  }

  /** @throws StandinError */
  async ask<K extends Operation>(operation: K, call: Call = {}): Promise<Answers[K]> {
    const [method, path] = this.#route(operation, call)
    return (await this.wire.ask(method, path, call)) as Answers[K] // the contract says so
  }

  /** The same as text. */
  read(operation: Operation, call: Call): Promise<string> {
    return this.wire.read(this.#route(operation, call)[1], call)
  }

  #route(operation: Operation, { params = {} }: Call): [method: string, path: string] {
    const [method = '', path = ''] = ROUTES[operation].split(' ')
    const filled = path.replaceAll(/{(\w+)}/g, (_, name: string) =>
      encodeURIComponent(params[name] ?? ''),
    )
    return [method, `${this.prefix}/_standin${filled}`]
  }
}

/**
 * All of a list that comes in pages.
 *
 * @param page the next one, after this mark
 * @param limit at most this many
 */
export async function all<T>(
  page: (after: string | undefined, limit: number) => Promise<Page<T>>,
  limit = Infinity,
): Promise<T[]> {
  const found: T[] = []
  let after: string | undefined
  do {
    const { items, next } = await page(after, Math.min(MOST, limit - found.length))
    found.push(...items)
    after = next
  } while (after !== undefined && found.length < limit)
  return found
}

/** Of a page. */
const MOST = 1000

export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string | undefined
}

/** The names of the APIs. */
export type ApiName = NonNullable<contract.Seeding['apis']>[number]

/** Such as `5m` or `250ms`, or milliseconds. */
export type Duration = string | number

/** As the admin API writes it. */
export function durationText(duration: Duration): string {
  return typeof duration === 'number' ? `${Math.round(duration)}ms` : duration
}

/** A time with its zone, a Date, or milliseconds since 1970. */
export type Time = string | Date | number

export function timeText(time: Time): string {
  return typeof time === 'string' ? time : new Date(time).toISOString()
}
