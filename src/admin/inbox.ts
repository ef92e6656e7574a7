import type { Task } from '../core/api.ts'
import type { ReceivedWebhook } from '../core/webhooks/inbox.ts'
import { setTimeout as wait } from 'node:timers/promises'
import type { InboxEntry, InboxPage, InboxReceipt } from './contract.gen.ts'
import type { SandboxPort } from './ports.ts'

const PAGE = 100
/** Characters of a body that are shown. */
const MOST_SHOWN = 64 * 1024

/** Receivers of webhooks inside the server. */
export function inboxTasks(
  world: SandboxPort,
): Record<'receive' | 'listInbox' | 'clearInbox', Task> {
  const { webhooks } = world
  const page = (inbox: string, after: number, limit: number): InboxPage => {
    const { total, entries } = webhooks.listInbox(inbox, { after, limit })
    return { total, received: entries.map(shown) }
  }
  return {
    receive: async ({ params, query, raw }) => {
      const inbox = params['inbox']!
      const told = webhooks.receive(inbox, query.toString(), raw!) // by the contract it is raw
      if (told.delay > 0) await wait(told.delay, undefined, { ref: false })
      const { total } = webhooks.listInbox(inbox, { limit: 0 })
      const body: InboxReceipt | undefined = told.status === 204 ? undefined : { received: total }
      const { retryAfter } = told
      return {
        status: told.status,
        body,
        ...(retryAfter === undefined ? {} : { headers: { 'Retry-After': String(retryAfter) } }),
      }
    },
    listInbox: ({ params, query }) => {
      const after = Number(query.get('after') ?? 0)
      const limit = Number(query.get('limit') ?? PAGE)
      return { status: 200, body: page(params['inbox']!, after, limit) }
    },
    clearInbox: ({ params }) => {
      const inbox = params['inbox']!
      webhooks.clearInbox(inbox)
      return { status: 200, body: page(inbox, 0, PAGE) }
    },
  }
}

function shown({ number, at, status, headers, body, verdict }: ReceivedWebhook): InboxEntry {
  return {
    number,
    at: new Date(at).toISOString(),
    status,
    headers: headers.map(([name, value]) => [name, value]),
    body: Buffer.from(body.buffer, body.byteOffset, body.length)
      .toString('utf8')
      .slice(0, MOST_SHOWN),
    bytes: body.length,
    ...(verdict
      ? {
          signature: {
            verified: verdict.verified,
            scheme: verdict.scheme,
            ...(verdict.failedAt ? { failedAt: verdict.failedAt } : {}),
            steps: verdict.steps.map((step) => ({ ...step })),
          },
        }
      : {}),
  }
}
