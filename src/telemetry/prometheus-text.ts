import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  DurationHistogram,
  type HistogramFamily,
  type MetricFamily,
  type Metrics,
} from './metrics.ts'

/** Content-Type of the Prometheus text format. */
export const PROMETHEUS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** Formats the current values in the Prometheus text format. */
export async function prometheusText(metrics: Metrics): Promise<string> {
  const registry = new Registry()
  for (const family of metrics.families) register(family, registry)
  for (const family of metrics.histograms) registry.registerMetric(new PrefilledHistogram(family))
  return await registry.metrics()
}

function register(family: MetricFamily, registry: Registry): void {
  const { name, help, type, labels = [] } = family
  const options = { name, help, labelNames: labels, registers: [registry] }
  const metric = type === 'counter' ? new Counter(options) : new Gauge(options)
  for (const { labels: labelValues = {}, value } of family.values()) metric.inc(labelValues, value)
}

/** A histogram with given buckets; the library's own class takes values one by one. */
class PrefilledHistogram extends Histogram {
  readonly #family: HistogramFamily

  constructor(family: HistogramFamily) {
    const { name, help, labels = [] } = family
    super({ name, help, labelNames: labels, buckets: [...DurationHistogram.bounds], registers: [] })
    this.#family = family
  }

  /** Called by the registry for the values of the metric. */
  getForPromString(): object {
    const { name, help } = this.#family
    const values = [...this.#family.values()].flatMap(({ labels = {}, durations }) => {
      let count = 0
      const buckets = durations.buckets.map((inBucket, i) => {
        count += inBucket
        const le = DurationHistogram.bounds[i] ?? '+Inf'
        return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
      })
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: durations.sum },
        { metricName: `${name}_count`, labels, value: count },
      ]
    })
    return { name, help, type: 'histogram', values }
  }
}
