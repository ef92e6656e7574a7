import { hrefOf, open, parameter, setParameters } from '../../state/location.ts'
import { useKeys } from '../../state/keys.ts'
import { overview } from '../../state/overview.ts'
import { connection, rows, type Row } from '../../state/requests.ts'
import { ApiName, shortTitle } from '../../parts/api-name.tsx'
import { VirtualList } from '../../parts/virtual-list.tsx'
import { Status } from '../../parts/status.tsx'
import { Detail } from './detail.tsx'
import { ONLY, shownRows, timeOf } from './filter.ts'
import './requests.css'

/** Height of a row in pixels; the same as in the style sheet. */
const ROW_HEIGHT = 48

/** The list of requests, and one of them beside it. */
export function Requests() {
  const opened = parameter('open')
  const items = shownRows.value
  const step = (by: number) => () => {
    const at = items.findIndex(({ id }) => id === opened)
    const next = at < 0 ? 0 : Math.min(items.length - 1, Math.max(0, at + by))
    const item = items[next]
    if (item) show(item)
  }
  const close = () => {
    if (opened !== '') setParameters({ open: '', tab: '' }, true)
    else if (parameter('q') !== '') setParameters({ q: '' })
  }
  useKeys([
    { key: 'j', run: step(1) },
    { key: 'ArrowDown', run: step(1) },
    { key: 'k', run: step(-1) },
    { key: 'ArrowUp', run: step(-1) },
    { key: 'Enter', run: () => (opened === '' ? step(0)() : focusDetail()) },
    { key: 'Escape', run: close },
  ])
  return (
    <main class={`list-detail ${opened === '' ? '' : 'has-detail'}`}>
      <h1 class="hidden">Requests</h1>
      <section class="list" aria-label="Request list">
        <Chips />
        {items.length === 0 ? (
          <Empty />
        ) : (
          <VirtualList
            label="Requests, the newest first"
            items={items}
            rowHeight={ROW_HEIGHT}
            selected={opened}
            onOpen={show}
            row={(row) => <RowText row={row} />}
          />
        )}
      </section>
      {opened === '' ? (
        <section class="detail none" aria-label="No request is open">
          <p>Open a request to see why it was answered as it was.</p>
          <p class="quiet">
            <kbd>j</kbd> <kbd>k</kbd> next and previous, <kbd>/</kbd> filter, <kbd>?</kbd> all keys
          </p>
        </section>
      ) : (
        <Detail key={opened} id={opened} />
      )}
    </main>
  )
}

function show({ id }: Row): void {
  // Opening the first item adds an entry to the browser's history; going from item to item adds
  // none.
  setParameters({ open: id }, parameter('open') === '')
}

function focusDetail(): void {
  document.querySelector<HTMLElement>('.detail h2')?.focus()
}

function Chips() {
  const api = parameter('api')
  const only = parameter('only')
  const q = parameter('q')
  const hasNone = api === '' && only === ''
  const chip = (title: string, isOn: boolean, changes: Record<string, string>) => (
    <button
      type="button"
      key={title}
      class="chip"
      aria-pressed={isOn}
      onClick={() => setParameters(changes)}
    >
      {title}
    </button>
  )
  return (
    <div class="chips" role="group" aria-label="Filter">
      {chip('All APIs', hasNone, { api: '', only: '' })}
      {(overview.value?.front.apis ?? []).map(({ name }) =>
        chip(shortTitle(name), api === name, { api: api === name ? '' : name }),
      )}
      {ONLY.map(([value, title]) =>
        chip(title, only === value, { only: only === value ? '' : value }),
      )}
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

function RowText({ row }: { readonly row: Row }) {
  const { time, api, title, call, status, reason, faults, webhooks, ms } = row
  return (
    <div class="row">
      <span class="time">{timeOf(time)}</span>
      <span class="row-api">
        {api === undefined ? <span class="quiet">no API</span> : <ApiName name={api} />}
      </span>
      <span class="row-main">
        <span class="row-title">
          <bdi class="person">{title}</bdi>
          {reason !== undefined && reason !== title ? <span class="row-note">{reason}</span> : ''}
        </span>
        <bdi class="row-call">{call}</bdi>
      </span>
      <span class="row-tags">
        {webhooks > 0 && (
          <span class="tag" title={`${webhooks} webhooks`}>
            ↗ {webhooks}
          </span>
        )}
        {faults.map((fault) => (
          <span class="tag fault" key={fault} title={fault}>
            <span aria-hidden="true">⚡</span> <span class="fault-name">{headOf(fault)}</span>
          </span>
        ))}
        <Status status={status} />
      </span>
      <span class="ms">{Math.round(ms)} ms</span>
    </div>
  )
}

/**
 * Returns the first part of a short form, to leave room for the person beside it. The detail shows
 * the whole short form.
 */
const headOf = (fault: string): string => fault.split(';')[0]!.replace(/^webhook=/, '') // it has one

function Empty() {
  if (connection.value === 'connecting') return <p class="empty">Connecting to the server.</p>
  if (rows.value.length > 0) {
    return (
      <div class="empty">
        <p>None of {rows.value.length} requests passes the filter.</p>
        <button type="button" class="button" onClick={() => open('requests')}>
          Show all requests
        </button>
      </div>
    )
  }
  return (
    <div class="empty">
      <p>Requests to the APIs appear here as they are answered.</p>
      <a class="button primary" href={hrefOf('start')}>
        Create a user
      </a>
    </div>
  )
}
