import { useEffect, useState } from 'preact/hooks'
import type { Delivery } from '../../../src/admin/contract.gen.ts'
import { visible } from '../../parts/visible-text.ts'
import { act } from '../../state/actions.ts'
import { advanceTo, sandboxNow, waitOf } from '../../state/advance.ts'
import { useFetched } from '../../state/fetched.ts'
import { openItem, useListKeys } from '../../state/list-keys.ts'
import { hrefOf, open, parameter, query, setParameters } from '../../state/location.ts'
import { refresh } from '../../state/overview.ts'
import { timeOf } from '../requests/filter.ts'
import { DeliveryDetail } from './delivery-detail.tsx'
import { factsOf, STATES, TONES } from './deliveries.ts'
import { Marks } from './marks.tsx'
import { PartLinks } from './part-links.tsx'

/** Number of deliveries that are read at first, and that each click adds. */
const PAGE = 200
const MAX = 1000
/** Milliseconds after which the list is read again while an attempt is running. */
const RUNNING = 1000

/** The deliveries, the newest first, and one of them beside the list. */
export function Deliveries() {
  const [count, setCount] = useState(PAGE)
  const call = { operation: 'listDeliveries', query: { last: count, limit: count } } as const
  const { data, problem } = useFetched(call)
  const pending = useFetched({
    operation: 'listDeliveries',
    query: { state: 'pending', limit: 200 },
  })
  const all = data?.deliveries.toReversed() ?? []
  const state = parameter('state')
  const words = parameter('q').toLowerCase().split(/\s+/).filter(Boolean)
  const items = all.filter(
    (one) =>
      (state === '' || one.state === state) &&
      words.every((word) => factsOf(one).searched.includes(word)),
  )
  useListKeys(items.map(({ id }) => id))
  const isRunning = all.some(
    ({ state: own, nextAt, waitsFor }) =>
      own === 'pending' &&
      waitsFor === undefined &&
      (nextAt === undefined || Date.parse(nextAt) <= sandboxNow()),
  )
  useEffect(() => {
    if (!isRunning) return undefined
    const timer = setTimeout(refresh, RUNNING)
    return () => clearTimeout(timer)
  }, [data])
  const opened = parameter('open')
  return (
    <>
      <section class="list" aria-label="Delivery list">
        <PartLinks />
        <Chips />
        {pending.data && <NextRetry deliveries={pending.data.deliveries} />}
        {items.length > 0 ? (
          <ul class="items">
            {items.map((one) => (
              <Item key={one.id} delivery={one} isOpen={one.id === opened} />
            ))}
            {all.length === count && count < MAX && (
              <li class="items-more">
                <button
                  type="button"
                  class="link"
                  onClick={() => setCount(Math.min(MAX, count + PAGE))}
                >
                  Show older deliveries
                </button>
              </li>
            )}
          </ul>
        ) : (
          (data || problem) && <Empty count={all.length} problem={problem} />
        )}
      </section>
      {opened === '' ? (
        <section class="detail none" aria-label="No delivery is open">
          <p>Open a delivery to see its signature checked, step by step.</p>
          <p class="quiet">
            <kbd>j</kbd> <kbd>k</kbd> next and previous, <kbd>/</kbd> filter, <kbd>?</kbd> all keys
          </p>
        </section>
      ) : (
        <DeliveryDetail key={opened} id={opened} />
      )}
    </>
  )
}

const CHIPS = [
  ['', 'All'],
  ['pending', 'Due'],
  ['delivered', 'Delivered'],
  ['failed', 'Failed'],
  ['dropped', 'Dropped'],
] as const

function Chips() {
  const state = parameter('state')
  const q = parameter('q')
  return (
    <div class="chips" role="group" aria-label="Filter">
      {CHIPS.map(([value, title]) => (
        <button
          type="button"
          key={value}
          class="chip"
          aria-pressed={state === value}
          onClick={() => setParameters({ state: state === value ? '' : value })}
        >
          {title}
        </button>
      ))}
      {q !== '' && (
        <button
          type="button"
          class="chip on"
          aria-label={`Remove the filter ${q}`}
          onClick={() => setParameters({ q: '' })}
        >
          {q.slice(0, 40)} <span aria-hidden="true">×</span>
        </button>
      )}
    </div>
  )
}

/** Says when the next attempt is due, and moves the clock there. */
function NextRetry({ deliveries }: { readonly deliveries: readonly Delivery[] }) {
  const now = sandboxNow()
  const [next] = deliveries
    .flatMap(({ nextAt }) => (nextAt === undefined ? [] : [nextAt]))
    .filter((time) => Date.parse(time) > now)
    .toSorted()
  if (next === undefined) return null
  return (
    <div class="next-retry">
      <p>
        The next retry is due at <b class="mono">{timeOf(next)}</b>,{' '}
        {waitOf(Date.parse(next) - now)}
      </p>
      <button type="button" class="button" onClick={() => void advanceTo(next)}>
        Advance the clock to it
      </button>
    </div>
  )
}

function Item({ delivery, isOpen }: { readonly delivery: Delivery; readonly isOpen: boolean }) {
  const { id, event, url, state, nextAt, createdAt } = delivery
  const isWaiting = nextAt !== undefined && !(Date.parse(nextAt) <= sandboxNow())
  const faults = [
    ...new Set((delivery.faults ?? []).map((one) => String((one as { kind?: unknown }).kind))),
  ] // a DeliveryFault, by the contract
  const { person, note } = factsOf(delivery)
  return (
    <li class="item" {...(isOpen ? { 'aria-current': 'true' as const } : {})}>
      <span class="time">{timeOf(createdAt)}</span>
      <span class="row-main">
        <a
          class="item-link row-title"
          href={hrefOf('webhooks', { ...Object.fromEntries(query.value), open: id, tab: '' })}
          onClick={(event_) => {
            if (event_.ctrlKey || event_.metaKey || event_.shiftKey) return
            event_.preventDefault()
            openItem(id)
          }}
        >
          <bdi class="person">{visible(person, 200)}</bdi>
          <span class="row-note">{visible(note, 100)}</span>
        </a>
        <bdi class="row-call">
          <span class="narrow-only">{visible(event, 100)} · </span>
          {visible(url, 300)}
        </bdi>
      </span>
      {faults.map((fault) => (
        <span class="tag fault" key={fault}>
          <span aria-hidden="true">⚡</span> <span class="fault-name">{fault}</span>
        </span>
      ))}
      <Marks delivery={delivery} />
      <span class="item-state">
        {isWaiting ? (
          <>
            <span class="mono">{timeOf(nextAt)}</span>
            <button type="button" class="link" onClick={() => void advanceTo(nextAt)}>
              Advance to it
            </button>
          </>
        ) : (
          <span class={`status ${TONES[state]}`}>
            {state === 'pending' ? 'running' : STATES[state]}
          </span>
        )}
      </span>
    </li>
  )
}

function Empty({ count, problem }: { readonly count: number; readonly problem: string }) {
  if (problem !== '') return <p class="empty problem">{problem}</p>
  if (count > 0) {
    return (
      <div class="empty">
        <p>None of {count} deliveries passes the filter.</p>
        <button type="button" class="button" onClick={() => open('webhooks')}>
          Show all deliveries
        </button>
      </div>
    )
  }
  const test = () =>
    act({ operation: 'testWebhook', body: {} }, ({ id }) => `${id} is sent as a test`)
  return (
    <div class="empty">
      <p>Webhooks appear here when a user is created, changed or deleted.</p>
      <button type="button" class="button primary" onClick={() => void test()}>
        Send a test webhook
      </button>
      <a href={hrefOf('start')}>Create a user</a>
    </div>
  )
}
