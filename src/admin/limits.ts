import type { Task } from '../core/api.ts'
import { MAX_ARMED } from '../core/faults/faults.ts'
import { MAX_FINISHED } from '../core/webhooks/outbox.ts'
import type { Limits } from './contract.gen.ts'
import type { SandboxPort, ServerPort } from './ports.ts'
import { MAX_SNAPSHOTS } from './state.ts'

/** Handler of `/limits`. */
export function limitTasks(sandbox: SandboxPort, server: ServerPort): Record<'getLimits', Task> {
  const { requests, faults, webhooks, snapshots } = sandbox
  return {
    getLimits: () => {
      const states = ['delivered', 'failed', 'dropped'] as const
      const finished = states.reduce((sum, state) => sum + webhooks.countDeliveries(state), 0)
      const ofSandbox = { of: 'sandbox', unit: 'items' } as const
      const body: Limits = {
        limits: [
          {
            ...ofSandbox,
            name: 'requests',
            text: 'logged requests',
            used: requests.size,
            limit: requests.limits.size,
            beyond: 'oldest-removed',
          },
          {
            ...ofSandbox,
            name: 'request-bytes',
            text: 'memory of the request log',
            used: requests.bytes,
            limit: requests.limits.bytes,
            unit: 'bytes',
            beyond: 'oldest-removed',
          },
          {
            ...ofSandbox,
            name: 'deliveries',
            text: 'finished deliveries',
            used: finished,
            limit: MAX_FINISHED,
            beyond: 'oldest-removed',
          },
          {
            ...ofSandbox,
            name: 'faults',
            text: 'faults, armed and finished',
            used: faults.armed().length,
            limit: MAX_ARMED,
            beyond: 'refused',
          },
          {
            ...ofSandbox,
            name: 'snapshots',
            text: 'snapshots',
            used: snapshots.all.length,
            limit: MAX_SNAPSHOTS,
            beyond: 'refused',
          },
          {
            name: 'history-bytes',
            text: 'memory of all request logs, inboxes and deliveries',
            of: 'server',
            used: server.history.bytes,
            limit: server.history.limit,
            unit: 'bytes',
            beyond: 'oldest-removed',
          },
          {
            name: 'sandboxes',
            text: 'sandboxes',
            of: 'server',
            used: server.list().length,
            limit: server.maxSandboxes,
            unit: 'items',
            beyond: 'refused',
          },
        ],
      }
      return { status: 200, body }
    },
  }
}
