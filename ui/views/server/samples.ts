import { signal } from '@preact/signals'
import { callAdmin } from '../../api/client.ts'

// The counters of the server, sampled while the page of the server is open.

/** One metric of the text format of Prometheus. */
interface Metric {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Sample {
  /** `Date.now()` */
  readonly at: number
  /**
   * Requests to the vendors' APIs so far, by the first digit of the status; `0` means no answer.
   */
  readonly requests: Readonly<Record<string, number>>
  readonly creates: number
  /** Deliveries that are kept, by state. */
  readonly deliveries: Readonly<Record<string, number>>
  readonly faultsFired: number
  readonly memory: number
  /** `Date.now()` at the start of the process. */
  readonly startedAt: number
}

export const INTERVAL = 2000
/** Maximum number of samples: three minutes. */
export const MAX_SAMPLES = 91

export const samples = signal<readonly Sample[]>([])

const LINE = /^(\w+)(?:\{(.*)\})? (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

function readMetrics(text: string): readonly Metric[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? []
    if (name === undefined) return []
    const read = [...labels.matchAll(LABEL)].map(([, key, one]) => [key, one])
    return [{ name, labels: Object.fromEntries(read) as Metric['labels'], value: Number(value) }] // pairs of texts
  })
}

/**
 * Takes a sample.
 *
 * @param createOperations the operations that create a user, as `api operation`
 * @throws Refusal
 */
export async function takeSample(createOperations: ReadonlySet<string>): Promise<void> {
  const metrics = readMetrics(await callAdmin({ operation: 'getMetrics' }))
  const requests: Record<string, number> = {}
  const deliveries: Record<string, number> = {}
  let creates = 0
  let faultsFired = 0
  let memory = 0
  let startedAt = 0
  for (const { name, labels, value } of metrics) {
    if (name === 'standin_requests_total' && labels['api'] !== 'standin') {
      const { api = '', operation = '', status = '' } = labels
      const first = status.slice(0, 1)
      requests[first] = (requests[first] ?? 0) + value
      if (first === '2' && createOperations.has(`${api} ${operation}`)) creates += value
    } else if (name === 'standin_deliveries') deliveries[labels['state'] ?? ''] = value
    else if (name === 'standin_faults_fired_total') faultsFired += value
    else if (name === 'process_resident_memory_bytes') memory = value
    else if (name === 'process_start_time_seconds') startedAt = value * 1000
  }
  const at = Date.now()
  const sample = { at, requests, creates, deliveries, faultsFired, memory, startedAt }
  // Samples of an earlier server process, or from before a gap, cannot be compared with this one.
  const last = samples.value.at(-1)
  const continues = last?.startedAt === startedAt && at - last.at < 3 * INTERVAL
  samples.value = [...(continues ? samples.value : []), sample].slice(-MAX_SAMPLES)
}

/** The increase of a counter per second, for each interval between two samples. */
export function ratesOf(all: readonly Sample[], read: (sample: Sample) => number): number[] {
  return all.slice(1).map((sample, i) => {
    const before = all[i]! // the one before it
    const seconds = Math.max(0.001, (sample.at - before.at) / 1000)
    return Math.max(0, read(sample) - read(before)) / seconds
  })
}
