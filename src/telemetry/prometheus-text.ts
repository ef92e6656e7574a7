import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { Durations, type DurationFamily, type Family, type Metrics } from './metrics.ts'

/** What a scraper is told of which version of the format it reads. */
export const PROMETHEUS = Registry.PROMETHEUS_CONTENT_TYPE

/** All numbers of this moment as Prometheus reads them. */
export async function textOf(metrics: Metrics): Promise<string> {
  const registry = new Registry()
  for (const family of metrics.families) register(family, registry)
  for (const family of metrics.durations) registry.registerMetric(new Filled(family))
  return await registry.metrics()
}

function register(family: Family, registry: Registry): void {
  const { name, help, type, labels = [] } = family
  const options = { name, help, labelNames: labels, registers: [registry] }
  const metric = type === 'counter' ? new Counter(options) : new Gauge(options)
  for (const { labels: of = {}, value } of family.values()) metric.inc(of, value)
}

/** A histogram whose buckets were filled elsewhere: the library's own takes values one by one. */
class Filled extends Histogram {
  readonly #family: DurationFamily

  constructor(family: DurationFamily) {
    const { name, help, labels = [] } = family
    super({ name, help, labelNames: labels, buckets: [...Durations.bounds], registers: [] })
    this.#family = family
  }

  /** The registry asks a metric that has this for its lines. */
  getForPromString(): object {
    const { name, help } = this.#family
    const values = [...this.#family.values()].flatMap(({ labels = {}, durations }) => {
      let count = 0
      const buckets = durations.buckets.map((held, i) => {
        count += held
        const le = Durations.bounds[i] ?? '+Inf'
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
