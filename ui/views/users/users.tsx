import { useState } from 'preact/hooks'
import type { LedgerEntry } from '../../../src/admin/contract.gen.ts'
import { ApiName, shortTitle } from '../../parts/api-name.tsx'
import { visible } from '../../parts/visible-text.ts'
import { act } from '../../state/actions.ts'
import { useFetched } from '../../state/fetched.ts'
import { openItem, useListKeys } from '../../state/list-keys.ts'
import { hrefOf, open, parameter, query, setParameters } from '../../state/location.ts'
import { overview } from '../../state/overview.ts'
import { PersonDetail } from './person.tsx'
import { keyOf, placeAt } from './people.ts'
import './users.css'

/** Number of people that are read at first, and that each click adds. */
const PAGE = 200
const MAX = 1000

const SHOW = [
  ['all', 'All'],
  ['consistent', 'Consistent'],
  ['different', 'Not consistent'],
] as const

/** The people of all APIs side by side, and one of them beside the list. */
export function Users() {
  const [limit, setLimit] = useState(PAGE)
  const show = parameter('show') || 'all'
  const text = parameter('q').trim()
  const { data, problem } = useFetched({
    operation: 'getLedger',
    query: { show, limit, ...(text === '' ? {} : { text: text.slice(0, 200) }) },
  })
  const people = data?.entries ?? []
  const opened = parameter('open')
  const keys = people.map(keyOf)
  // A link may have the address in the spelling of another API.
  const current = keys.find((key) => key.toLowerCase() === opened.toLowerCase()) ?? opened
  useListKeys(keys, current)
  const apis = overview.value?.front.apis.map(({ name }) => name) ?? []
  return (
    <main class={`list-detail users ${opened === '' ? '' : 'has-detail'}`}>
      <h1 class="hidden">Users</h1>
      <section class="list" aria-label="User list">
        <Chips />
        {problem && <p class="empty problem">{problem}</p>}
        {people.length > 0 ? (
          <div class="items">
            <table class="people">
              <thead>
                <tr>
                  <th scope="col">Person</th>
                  {apis.map((name) => (
                    <th scope="col" key={name}>
                      <ApiName name={name} />
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {people.map((entry) => (
                  <PersonRow key={keyOf(entry)} entry={entry} apis={apis} opened={current} />
                ))}
              </tbody>
            </table>
            {data?.next !== undefined && (
              <p class="items-more">
                {limit < MAX ? (
                  <button
                    type="button"
                    class="link"
                    onClick={() => setLimit(Math.min(MAX, limit + PAGE))}
                  >
                    Show more of {data.total.toLocaleString('en')} people
                  </button>
                ) : (
                  <span class="quiet">
                    The first {MAX} of {data.total.toLocaleString('en')} people: filter for others
                  </span>
                )}
              </p>
            )}
          </div>
        ) : (
          data && <Empty isFiltered={show !== 'all' || text !== ''} />
        )}
      </section>
      {opened === '' ? (
        <section class="detail none" aria-label="No person is open">
          <p>Open a person to see the user of each API.</p>
          <p class="quiet">
            <kbd>j</kbd> <kbd>k</kbd> next and previous, <kbd>/</kbd> filter, <kbd>?</kbd> all keys
          </p>
        </section>
      ) : (
        <PersonDetail key={opened} id={opened} />
      )}
    </main>
  )
}

function Chips() {
  const show = parameter('show') || 'all'
  const q = parameter('q')
  return (
    <div class="chips" role="group" aria-label="Filter">
      {SHOW.map(([value, title]) => (
        <button
          type="button"
          key={value}
          class="chip"
          aria-pressed={show === value}
          onClick={() => setParameters({ show: value === 'all' ? '' : value })}
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

function PersonRow({
  entry,
  apis,
  opened,
}: {
  readonly entry: LedgerEntry
  readonly apis: readonly string[]
  readonly opened: string
}) {
  const id = keyOf(entry)
  const name = entry.users.find((user) => user.name !== undefined)?.name ?? ''
  return (
    <tr class="item" {...(id === opened ? { 'aria-current': 'true' as const } : {})}>
      <th scope="row">
        <a
          class="item-link"
          href={hrefOf('users', { ...Object.fromEntries(query.value), open: id })}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return
            event.preventDefault()
            openItem(id)
          }}
        >
          <bdi class="person">{visible(entry.email || 'No address', 200)}</bdi>
          <bdi class="person-name">{visible(name || 'no name', 200)}</bdi>
        </a>
      </th>
      {apis.map((api) => (
        <td key={api}>
          <Place entry={entry} api={api} />
        </td>
      ))}
    </tr>
  )
}

const MARKS = { there: '✓', missing: '–', twice: '2×', 'spelt differently': '≠' } as const

/** One mark for a person at an API. */
function Place({ entry, api }: { readonly entry: LedgerEntry; readonly api: string }) {
  const { place, count, text } = placeAt(entry, api)
  return (
    <span class={`place ${place.replaceAll(' ', '-')}`} title={text}>
      <span class="place-mark" aria-hidden="true">
        {place === 'twice' ? `${count}×` : MARKS[place]}
      </span>
      <span class="place-text">
        {place === 'twice' && count > 2 ? `${count} times` : place}
        <span class="hidden"> at {shortTitle(api)}</span>
      </span>
    </span>
  )
}

function Empty({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <div class="empty">
        <p>
          {parameter('show') === 'different' && parameter('q') === ''
            ? 'No person differs between the APIs.'
            : 'No person passes the filter.'}
        </p>
        <button type="button" class="button" onClick={() => open('users')}>
          Show all people
        </button>
      </div>
    )
  }
  const seed = () =>
    act({ operation: 'seedUsers', body: { users: 10 } }, () => '10 people were created at each API')
  return (
    <div class="empty">
      <p>People appear here, one row each, when an API has a user with their address.</p>
      <a class="button primary" href={hrefOf('start')}>
        Create a user
      </a>
      <button type="button" class="link" onClick={() => void seed()}>
        Create ten people at each API
      </button>
    </div>
  )
}
