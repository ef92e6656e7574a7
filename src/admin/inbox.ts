import { setTimeout as wait } from 'node:timers/promises'
import type { Task } from '../core/api.ts'
import type { ReceivedWebhook } from '../core/webhooks/inbox.ts'
import type { SignatureResult } from '../core/webhooks/signature-check.ts'
import type { InboxEntry, InboxPage, InboxReceipt, SignatureVerdict } from './contract.gen.ts'
import { limitOf } from './paging.ts'
import type { SandboxPort } from './ports.ts'

/** Maximum number of characters of a body that are shown. */
const MAX_SHOWN = 64 * 1024

/** Handlers of `/inbox/{inbox}`, the built-in webhook receiver. */
export function inboxTasks(
  sandbox: SandboxPort,
): Record<'receive' | 'listInbox' | 'clearInbox', Task> {
  const { webhooks } = sandbox
  const pageOf = (inbox: string, after: number, limit: number): InboxPage => {
    const { total, entries } = webhooks.listInbox(inbox, { after, limit })
    return { total, received: entries.map(entryBody) }
  }
  return {
    receive: async ({ params, query, raw }) => {
      const inbox = params['inbox']!
      const reply = webhooks.receive(inbox, query.toString(), raw!) // the contract declares a raw body
      const { status, delay, retryAfter } = reply
      if (delay > 0) await wait(delay, undefined, { ref: false })
      const { total } = webhooks.listInbox(inbox, { limit: 0 })
      const body: InboxReceipt | undefined = status === 204 ? undefined : { received: total }
      return {
        status,
        body,
        ...(retryAfter === undefined ? {} : { headers: { 'Retry-After': String(retryAfter) } }),
      }
    },
    listInbox: (call) => {
      const after = Number(call.query.get('after') ?? 0)
      return { status: 200, body: pageOf(call.params['inbox']!, after, limitOf(call)) }
    },
    clearInbox: ({ params }) => {
      const inbox = params['inbox']!
      webhooks.clearInbox(inbox)
      return { status: 200, body: pageOf(inbox, 0, 0) }
    },
  }
}

function entryBody({ number, at, status, headers, body, signature }: ReceivedWebhook): InboxEntry {
  return {
    number,
    at: new Date(at).toISOString(),
    status,
    headers: headers.map(([name, value]) => [name, value]),
    ...shownBody(body),
    ...(signature ? { signature: signatureBody(signature) } : {}),
  }
}

/** The body of a webhook as text, and its length. */
export function shownBody(body: Uint8Array): { readonly body: string; readonly bytes: number } {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  return { body: text.slice(0, MAX_SHOWN), bytes: body.length }
}

/** The result of a signature check as the admin API returns it. */
export function signatureBody({
  verified,
  scheme,
  failedAt,
  steps,
}: SignatureResult): SignatureVerdict {
  return {
    verified,
    scheme,
    ...(failedAt ? { failedAt } : {}),
    steps: steps.map((step) => ({ ...step })),
  }
}
