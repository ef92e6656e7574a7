import { Metrics } from '../telemetry/metrics.ts'
import type { HistoryBudget } from '../core/history-budget.ts'
import { DELIVERY_STATES } from '../core/webhooks/delivery.ts'
import type { HostedSandbox } from '../admin/ports.ts'

/** Creates the metrics of a server: its request counters and the gauges below. */
export function createMetrics(
  version: string,
  list: () => readonly HostedSandbox[],
  history: Pick<HistoryBudget, 'bytes' | 'dropped'>,
): Metrics {
  const metrics = new Metrics()
  metrics.add({
    name: 'standin_info',
    help: 'Version of Standin; the value is always 1.',
    type: 'gauge',
    labels: ['version'],
    values: () => [{ labels: { version }, value: 1 }],
  })
  metrics.add({
    name: 'standin_sandboxes',
    help: 'Number of sandboxes.',
    type: 'gauge',
    values: () => [{ value: list().length }],
  })
  metrics.add({
    name: 'standin_users',
    help: 'Number of users in all sandboxes.',
    type: 'gauge',
    labels: ['api'],
    values: () => countUsers(list()),
  })
  metrics.add({
    name: 'standin_faults_armed',
    help: 'Number of armed faults in all sandboxes.',
    type: 'gauge',
    values: () => [
      { value: list().reduce((sum, { sandbox }) => sum + sandbox.faults.armedCount, 0) },
    ],
  })
  metrics.add({
    name: 'standin_deliveries',
    help: 'Number of webhook deliveries kept in all sandboxes, by state.',
    type: 'gauge',
    labels: ['state'],
    values: () => countDeliveries(list()),
  })
  metrics.add({
    name: 'standin_history_bytes',
    help: 'Memory of the request logs, inboxes and completed deliveries of all sandboxes in bytes.',
    type: 'gauge',
    values: () => [{ value: history.bytes }],
  })
  metrics.add({
    name: 'standin_history_dropped_total',
    help: 'Total number of requests and deliveries dropped because of --history-bytes.',
    type: 'counter',
    values: () => [{ value: history.dropped }],
  })
  metrics.add({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    type: 'gauge',
    values: () => [{ value: process.memoryUsage.rss() }],
  })
  metrics.add({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since the Unix epoch in seconds.',
    type: 'gauge',
    values: () => [{ value: performance.timeOrigin / 1000 }],
  })
  return metrics
}

function countDeliveries(
  sandboxes: readonly HostedSandbox[],
): { labels: { state: string }; value: number }[] {
  return DELIVERY_STATES.map((state) => ({
    labels: { state },
    value: sandboxes.reduce((sum, { sandbox }) => sum + sandbox.webhooks.countDeliveries(state), 0),
  }))
}

function countUsers(
  sandboxes: readonly HostedSandbox[],
): { labels: { api: string }; value: number }[] {
  const counts = new Map<string, number>()
  for (const { sandbox } of sandboxes) {
    for (const [api, users] of Object.entries(sandbox.users)) {
      counts.set(api, (counts.get(api) ?? 0) + users)
    }
  }
  return [...counts].map(([api, value]) => ({ labels: { api }, value }))
}
