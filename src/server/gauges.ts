import { Metrics } from '../telemetry/metrics.ts'
import type { HostedSandbox } from '../admin/ports.ts'

/** What a server is measured by besides its requests. */
export function measuresOf(version: string, list: () => readonly HostedSandbox[]): Metrics {
  const metrics = new Metrics()
  metrics.add({
    name: 'standin_info',
    help: 'The version that runs.',
    type: 'gauge',
    labels: ['version'],
    values: () => [{ labels: { version }, value: 1 }],
  })
  metrics.add({
    name: 'standin_sandboxes',
    help: 'Sandboxes that there are.',
    type: 'gauge',
    values: () => [{ value: list().length }],
  })
  metrics.add({
    name: 'standin_users',
    help: 'Users that there are, in all sandboxes.',
    type: 'gauge',
    labels: ['api'],
    values: () => usersIn(list()),
  })
  metrics.add({
    name: 'standin_faults_armed',
    help: 'Faults that wait for a request, in all sandboxes.',
    type: 'gauge',
    values: () => [
      { value: list().reduce((sum, { sandbox }) => sum + sandbox.faults.armedCount, 0) },
    ],
  })
  metrics.add({
    name: 'standin_deliveries',
    help: 'Webhooks that are remembered, in all sandboxes.',
    type: 'gauge',
    labels: ['state'],
    values: () => deliveriesIn(list()),
  })
  metrics.add({
    name: 'process_resident_memory_bytes',
    help: 'Memory that the process holds.',
    type: 'gauge',
    values: () => [{ value: process.memoryUsage.rss() }],
  })
  metrics.add({
    name: 'process_start_time_seconds',
    help: 'When the process began, since 1970.',
    type: 'gauge',
    values: () => [{ value: performance.timeOrigin / 1000 }],
  })
  return metrics
}

function deliveriesIn(
  hosted: readonly HostedSandbox[],
): { labels: { state: string }; value: number }[] {
  const sums = { pending: 0, delivered: 0, failed: 0, dropped: 0 }
  for (const { sandbox } of hosted) {
    for (const { state } of sandbox.webhooks.deliveries) sums[state]++
  }
  return Object.entries(sums).map(([state, value]) => ({ labels: { state }, value }))
}

function usersIn(hosted: readonly HostedSandbox[]): { labels: { api: string }; value: number }[] {
  const sums = new Map<string, number>()
  for (const { sandbox } of hosted) {
    for (const [api, users] of Object.entries(sandbox.users)) {
      sums.set(api, (sums.get(api) ?? 0) + users)
    }
  }
  return [...sums].map(([api, value]) => ({ labels: { api }, value }))
}
