import type { AnsweredCall } from '../core/request/pipeline-context.ts'

type Labels = Readonly<Record<string, string>>

/** One number with what it is of. */
export interface Measured {
  readonly labels?: Labels
  readonly value: number
}

/** Numbers of one kind, read when somebody asks. Their labels must not grow with what callers send. */
export interface Family {
  /** Such as `standin_users`; a counter's ends in `_total`. */
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly labels?: readonly string[]
  values(): Iterable<Measured>
}

/** How often something took how long. */
export class Durations {
  /** Seconds: a bucket holds what took this long or less, and not the bucket before. */
  static readonly bounds = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ] as const
  /** The last one holds what took longer than all bounds. */
  readonly buckets = Durations.bounds.map(() => 0).concat(0)
  sum = 0

  add(milliseconds: number): void {
    const seconds = milliseconds / 1000
    const { bounds } = Durations
    let i = 0
    while (i < bounds.length && seconds > bounds[i]!) i++
    this.buckets[i]!++
    this.sum += seconds
  }
}

interface Count {
  readonly labels: Labels
  value: number
}

function add(counts: Map<string, Count>, key: string, labels: Labels): void {
  const count = counts.get(key)
  if (count) count.value++
  else counts.set(key, { labels, value: 1 })
}

/** Durations of one kind, each with what they are of. */
export interface DurationFamily {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  values(): Iterable<{ readonly labels?: Labels; readonly durations: Durations }>
}

/**
 * What a server counts, in plain numbers: a request costs one look-up here. A library makes the
 * text of it when somebody asks.
 */
export class Metrics {
  readonly families: Family[] = []
  readonly durations: DurationFamily[] = []
  /** Writes to the disk that a change waited for. */
  readonly flushes = new Durations()
  readonly #requests = new Map<string, Count>()
  readonly #faulty = new Map<string, Count>()
  readonly #times = new Map<string, Durations>()

  constructor() {
    this.families.push(
      {
        name: 'standin_requests_total',
        help: 'Requests that were answered; the status is 0 where a fault ended the connection.',
        type: 'counter',
        labels: ['api', 'operation', 'status'],
        values: () => this.#requests.values(),
      },
      {
        name: 'standin_faults_fired_total',
        help: 'Requests that met a fault.',
        type: 'counter',
        labels: ['api'],
        values: () => this.#faulty.values(),
      },
    )
    this.durations.push(
      {
        name: 'standin_request_duration_seconds',
        help: 'From the head of a request to its answer.',
        labels: ['api'],
        values: () => [...this.#times].map(([api, durations]) => ({ labels: { api }, durations })),
      },
      {
        name: 'standin_store_flush_seconds',
        help: 'Writes of changes to the disk.',
        values: () => [{ durations: this.flushes }],
      },
    )
  }

  /** Adds numbers that somebody else keeps. */
  add(family: Family): void {
    this.families.push(family)
  }

  count({ context, call, reply }: AnsweredCall): void {
    const api = context.api.name
    const operation = call.operation?.id ?? 'none'
    const status = String(reply.status)
    add(this.#requests, `${api} ${operation} ${status}`, { api, operation, status })
    if (call.firing) add(this.#faulty, api, { api })
    let times = this.#times.get(api)
    if (!times) this.#times.set(api, (times = new Durations()))
    times.add(performance.now() - call.startedAt)
  }
}
