import type { AnsweredCall } from '../core/request/pipeline-context.ts'

type Labels = Readonly<Record<string, string>>

/** One value of a metric with its labels. */
export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

/**
 * A counter or gauge, read at each scrape. Values that callers send must not become labels, because
 * their number is unlimited.
 */
export interface MetricFamily {
  /** Such as `standin_users`; the name of a counter ends in `_total`. */
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly labels?: readonly string[]
  values(): Iterable<Sample>
}

/** Histogram of durations. */
export class DurationHistogram {
  /** Upper bounds of the buckets in seconds. */
  static readonly bounds = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ] as const
  /** Counts per bucket, not cumulative; the last one is beyond all bounds. */
  readonly buckets = DurationHistogram.bounds.map(() => 0).concat(0)
  sum = 0

  add(milliseconds: number): void {
    const seconds = milliseconds / 1000
    const { bounds } = DurationHistogram
    let i = 0
    while (i < bounds.length && seconds > bounds[i]!) i++
    this.buckets[i]!++
    this.sum += seconds
  }
}

interface Counter {
  readonly labels: Labels
  value: number
}

function increment(counters: Map<string, Counter>, key: string, labels: Labels): void {
  const counter = counters.get(key)
  if (counter) counter.value++
  else counters.set(key, { labels, value: 1 })
}

/** A histogram metric with one histogram per set of labels. */
export interface HistogramFamily {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  values(): Iterable<{ readonly labels?: Labels; readonly durations: DurationHistogram }>
}

/**
 * Collects the metrics of a server as plain numbers, so that counting a request costs little; a
 * library formats them at each scrape.
 */
export class Metrics {
  readonly families: MetricFamily[] = []
  readonly histograms: HistogramFamily[] = []
  /** Durations of the writes to the disk that changes wait for. */
  readonly flushes = new DurationHistogram()
  readonly #requests = new Map<string, Counter>()
  readonly #faultsFired = new Map<string, Counter>()
  readonly #requestDurations = new Map<string, DurationHistogram>()

  constructor() {
    this.families.push(
      {
        name: 'standin_requests_total',
        help: 'Total number of requests by API, operation and status; status 0 if the connection ended without an answer.',
        type: 'counter',
        labels: ['api', 'operation', 'status'],
        values: () => this.#requests.values(),
      },
      {
        name: 'standin_faults_fired_total',
        help: 'Total number of requests for which a fault fired.',
        type: 'counter',
        labels: ['api'],
        values: () => this.#faultsFired.values(),
      },
    )
    this.histograms.push(
      {
        name: 'standin_request_duration_seconds',
        help: 'Time from receiving the headers of a request to its answer in seconds.',
        labels: ['api'],
        values: () =>
          [...this.#requestDurations].map(([api, durations]) => ({ labels: { api }, durations })),
      },
      {
        name: 'standin_store_flush_seconds',
        help: 'Time to write changes to the disk in seconds.',
        values: () => [{ durations: this.flushes }],
      },
    )
  }

  /** Registers a metric that reads its values from other parts of the server. */
  add(family: MetricFamily): void {
    this.families.push(family)
  }

  /** Counts one answered request. */
  count({ context, call, reply }: AnsweredCall): void {
    const api = context.api.name
    const operation = call.operation?.id ?? 'none'
    const status = String(reply.status)
    increment(this.#requests, `${api} ${operation} ${status}`, { api, operation, status })
    if (call.firing) increment(this.#faultsFired, api, { api })
    let histogram = this.#requestDurations.get(api)
    if (!histogram) this.#requestDurations.set(api, (histogram = new DurationHistogram()))
    histogram.add(performance.now() - call.startedAt)
  }
}
