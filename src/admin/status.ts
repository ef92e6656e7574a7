import { Problem } from '../core/problem.ts'
import { text } from '../core/formats/text.ts'
import type { Task } from '../core/api.ts'
import type { Health, Readiness } from './contract.gen.ts'
import type { ServerPort } from './ports.ts'

/** What is asked of the process: whether it is up, and whether it will answer. */
export function serverTasks(
  host: ServerPort,
): Record<'getHealth' | 'getReady' | 'getMetrics', Task> {
  return {
    getHealth: () => {
      const { version, apis } = host
      const prefixes = Object.fromEntries(apis.map((name, i) => [name, host.prefixes[i]!])) // in one order
      const body: Health = { status: 'ok', version, apis: [...apis], prefixes }
      return { status: 200, body }
    },
    getReady: () => {
      if (host.isStopping()) {
        throw new Problem(503, 'server.stopping', 'The server finishes what is in flight and stops')
      }
      const hosted = host.list()
      const failing = hosted.some(({ sandbox }) => sandbox.store.isFailing)
      const body: Readiness = {
        status: 'ready',
        version: host.version,
        sandboxes: hosted.length,
        store: failing ? 'failing' : 'ok',
      }
      return { status: 200, body }
    },
    getMetrics: async (call) => {
      const { PROMETHEUS_CONTENT_TYPE, prometheusText } =
        await import('../telemetry/prometheus-text.ts') // 50 ms
      const body = await prometheusText(host.metrics())
      call.answerType = text.mediaType
      return { status: 200, body, headers: { 'Content-Type': PROMETHEUS_CONTENT_TYPE } }
    },
  }
}
