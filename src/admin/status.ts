import type { Task } from '../core/api.ts'
import { text } from '../core/formats/text.ts'
import { Problem } from '../core/problem.ts'
import type { Health, Readiness } from './contract.gen.ts'
import type { ServerPort } from './ports.ts'

/** Handlers of `/health`, `/ready`, `/metrics` and `/ca.pem`. */
export function statusTasks(
  server: ServerPort,
): Record<'getHealth' | 'getReady' | 'getMetrics' | 'getCa', Task> {
  return {
    getHealth: () => {
      const { version, apis } = server
      const { bytes, limit, dropped } = server.history
      const prefixes = Object.fromEntries(apis.map((name, i) => [name, server.prefixes[i]!])) // same order
      const https = server.https()
      const body: Health = {
        status: 'ok',
        version,
        apis: [...apis],
        ...(https && { https: { port: https.port, ca: https.ca !== undefined } }),
        prefixes,
        history: { bytes, limit, dropped },
      }
      return { status: 200, body }
    },
    getReady: () => {
      if (server.isStopping()) {
        const message =
          'The server is stopping: it finishes requests in flight and accepts no others'
        throw new Problem(503, 'server.stopping', message)
      }
      const hosted = server.list()
      const lost = hosted.find(({ sandbox }) => sandbox.store.lost !== undefined)?.sandbox
      if (lost) {
        const message = `The sandbox ${lost.settings.name} cannot save changes: ${lost.store.lost}`
        throw new Problem(503, 'state.write-failed', message)
      }
      const failing = hosted.some(({ sandbox }) => sandbox.store.isFailing)
      const body: Readiness = {
        status: 'ready',
        version: server.version,
        sandboxes: hosted.length,
        store: failing ? 'failing' : 'ok',
      }
      return { status: 200, body }
    },
    getCa: (call) => {
      const https = server.https()
      if (https?.ca === undefined) {
        const message =
          https === undefined
            ? 'This server has no CA, since it does not listen with HTTPS; start it with --tls'
            : 'This server has no CA of its own: its certificate is that of --tls-cert; trust the CA that issued it'
        throw new Problem(404, 'tls.no-ca', message)
      }
      call.answerType = text.mediaType
      return { status: 200, body: https.ca }
    },
    getMetrics: async (call) => {
      const { PROMETHEUS_CONTENT_TYPE, prometheusText } =
        await import('../telemetry/prometheus-text.ts') // takes 50 ms
      const body = await prometheusText(server.metrics())
      call.answerType = text.mediaType
      return { status: 200, body, headers: { 'Content-Type': PROMETHEUS_CONTENT_TYPE } }
    },
  }
}
