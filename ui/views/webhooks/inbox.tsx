import type { InboxEntry } from '../../../src/admin/contract.gen.ts'
import { Plain } from '../../parts/plain.tsx'
import { visible } from '../../parts/visible-text.ts'
import { Status } from '../../parts/status.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { act } from '../../state/actions.ts'
import { useFetched } from '../../state/fetched.ts'
import { openItem, useListKeys } from '../../state/list-keys.ts'
import { hrefOf, parameter, query, setParameters } from '../../state/location.ts'
import { timeOf } from '../requests/filter.ts'
import { Headers, MessageBody } from '../requests/message.tsx'
import { BackButton, bodyOf } from './delivery-detail.tsx'
import { emailIn, eventIn } from './deliveries.ts'
import { headersOf, Signature } from './signature.tsx'
import { PartLinks } from './part-links.tsx'

/** Received webhooks that are shown. */
const SHOWN = 200

const INBOX = /\/_standin\/inbox\/([a-z0-9-]+)/

/** The webhooks in an inbox, newest first, and the open one beside the list. */
export function Inbox() {
  const inbox = parameter('inbox') || 'default'
  const params = { inbox }
  const subscriptions = useFetched({ operation: 'listSubscriptions' })
  const total = useFetched({ operation: 'listInbox', params, query: { limit: 1 } }).data?.total
  const after = Math.max(0, (total ?? 0) - SHOWN)
  const { data, problem } = useFetched(
    total === undefined
      ? undefined
      : { operation: 'listInbox', params, query: { after, limit: 1000 } },
  )
  const names = new Set(['default', inbox])
  for (const { url } of subscriptions.data?.webhooks ?? []) {
    const name = INBOX.exec(url)?.[1]
    if (name !== undefined) names.add(name)
  }
  const words = parameter('q').toLowerCase().split(/\s+/).filter(Boolean)
  const all = data?.received.toReversed() ?? []
  const items = all.filter(({ body }) => words.every((word) => body.toLowerCase().includes(word)))
  useListKeys(items.map(({ number }) => String(number)))
  const opened = parameter('open')
  const entry = all.find(({ number }) => String(number) === opened)
  const clear = () => act({ operation: 'clearInbox', params }, () => `The inbox ${inbox} is empty`)
  return (
    <>
      <section class="list" aria-label="Inbox list">
        <PartLinks />
        <div class="chips inboxes">
          <div class="chip-group" role="group" aria-label="Inbox">
            {[...names].map((name) => (
              <button
                type="button"
                key={name}
                class="chip"
                aria-pressed={name === inbox}
                onClick={() => setParameters({ inbox: name === 'default' ? '' : name, open: '' })}
              >
                {name}
              </button>
            ))}
          </div>
          <span class="spacer" />
          {all.length > 0 && (
            <button type="button" class="link" onClick={() => void clear()}>
              Empty this inbox
            </button>
          )}
        </div>
        {problem && <p class="empty problem">{problem}</p>}
        {data && items.length === 0 && (
          <div class="empty">
            <p>
              {all.length === 0
                ? 'Webhooks to this inbox appear here as they arrive, each with its signature checked.'
                : `None of ${all.length} webhooks passes the filter.`}
            </p>
            {all.length === 0 && (
              <a class="button primary" href={hrefOf('start')}>
                Create a user
              </a>
            )}
          </div>
        )}
        <ul class="items">
          {items.map((one) => (
            <Item key={one.number} entry={one} isOpen={String(one.number) === opened} />
          ))}
        </ul>
      </section>
      {entry ? (
        <Received key={entry.number} entry={entry} inbox={inbox} />
      ) : (
        <section class="detail none" aria-label="No webhook is open">
          <p>{opened === '' ? 'Open a webhook to see what arrived.' : 'This webhook is gone.'}</p>
        </section>
      )}
    </>
  )
}

function titleOf({ body }: InboxEntry): readonly [title: string, note: string] {
  const email = emailIn(body)
  const event = eventIn(body) ?? 'no event'
  return email === undefined ? [event, ''] : [email, event]
}

function Verdict({ entry }: { readonly entry: InboxEntry }) {
  const { signature } = entry
  if (!signature) return <span class="tag">not checked</span>
  return signature.verified ? (
    <span class="status ok">valid</span>
  ) : (
    <span class="status bad">not valid</span>
  )
}

function Item({ entry, isOpen }: { readonly entry: InboxEntry; readonly isOpen: boolean }) {
  const { number, at, status, bytes } = entry
  const [title, note] = titleOf(entry)
  return (
    <li class="item" {...(isOpen ? { 'aria-current': 'true' as const } : {})}>
      <span class="time">{timeOf(at)}</span>
      <span class="row-main">
        <a
          class="item-link row-title"
          href={hrefOf('webhooks', { ...Object.fromEntries(query.value), open: String(number) })}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return
            event.preventDefault()
            openItem(String(number))
          }}
        >
          <bdi class="person">{visible(title, 200)}</bdi>
          <span class="row-note wide">{visible(note, 100)}</span>
        </a>
        <span class="row-call">
          Number {number}, {bytes.toLocaleString('en')} bytes
        </span>
      </span>
      <span class="row-tags">
        <Verdict entry={entry} />
        <Status status={status} />
      </span>
    </li>
  )
}

function Received({ entry, inbox }: { readonly entry: InboxEntry; readonly inbox: string }) {
  const { number, at, status, headers, signature } = entry
  const [title, note] = titleOf(entry)
  const tab = parameter('tab') || 'signature'
  const fields = headersOf(headers)
  const delivery = headers.find(([name]) => name?.toLowerCase() === 'standin-delivery')?.[1]
  return (
    <section class="detail" aria-label={`Webhook ${number}`}>
      <div class="detail-head">
        <BackButton label="Close the webhook" />
        <h2 tabIndex={-1}>
          <Status status={status} />{' '}
          <Plain text={note === '' ? title : `${title}: ${note}`} max={300} />
        </h2>
        <p class="detail-call">
          Number {number} in the inbox {inbox} · {timeOf(at, 12)}
          {delivery === undefined ? null : (
            <>
              {' · '}
              <a href={hrefOf('webhooks', { open: delivery })}>Delivery {delivery.slice(0, 60)}</a>
            </>
          )}
        </p>
      </div>
      <Tabs
        label="Parts of the webhook"
        tabs={[
          { id: 'signature', title: 'Signature' },
          { id: 'request', title: 'Headers and body' },
        ]}
        current={tab}
        onSelect={(next) => setParameters({ tab: next === 'signature' ? '' : next })}
      >
        {tab === 'signature' ? (
          signature ? (
            <Signature verdict={signature} />
          ) : (
            <p class="quiet">
              No subscription has this inbox, so there is no secret to check with.
            </p>
          )
        ) : (
          <>
            <Headers headers={fields} />
            <MessageBody body={bodyOf(entry)} headers={fields} />
          </>
        )}
      </Tabs>
    </section>
  )
}
