import { useState } from 'preact/hooks'
import type { LedgerEntry, User } from '../../../src/admin/contract.gen.ts'
import { ApiName, shortTitle } from '../../parts/api-name.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act } from '../../state/actions.ts'
import { useFetched } from '../../state/fetched.ts'
import { closeItem } from '../../state/list-keys.ts'
import { hrefOf, setParameters } from '../../state/location.ts'
import { overview } from '../../state/overview.ts'
import { CausedWebhooks, withCaused, type Caused } from './caused.tsx'
import { EditForm } from './edit-form.tsx'
import { textOf, userIn } from './people.ts'

const TONES = {
  consistent: 'ok',
  missing: 'warn',
  duplicated: 'bad',
  'spelt-differently': 'warn',
} as const

/** One person: the stored user of each API. */
export function PersonDetail({ id }: { readonly id: string }) {
  const named = userIn(id)
  const ledger = useFetched(named ? undefined : { operation: 'getLedger', query: { email: id } })
  const entry = ledger.data?.entries[0]
  const apis = overview.value?.front.apis.map(({ name }) => name) ?? []
  const users = named ? [named] : (entry?.users ?? [])
  const [caused, setCaused] = useState<Caused>()
  return (
    <section class="detail" aria-label={`Person ${id}`}>
      <div class="detail-head">
        <button type="button" class="bare back" aria-label="Close the person" onClick={closeItem}>
          <Icon name="back" />
        </button>
        <h2 tabIndex={-1}>
          {entry && (
            <span class={`status ${users.length === 0 ? '' : TONES[entry.state]}`}>
              {users.length === 0 ? 'nowhere' : entry.state.replaceAll('-', ' ')}
            </span>
          )}{' '}
          <Plain text={named ? 'No address' : id} max={300} />
        </h2>
        {ledger.problem && <p class="problem">{ledger.problem}</p>}
        {entry && <Differences entry={entry} />}
        {caused && <CausedWebhooks caused={caused} />}
      </div>
      {apis.map((api) => {
        const own = users.filter((one) => one.api === api)
        if (own.length === 0 && (named || !entry)) return null
        return (
          <section class="account" key={api} aria-label={shortTitle(api)}>
            {own.length === 0 ? (
              <p class="account-head">
                <b>
                  <ApiName name={api} />
                </b>
                <span class="quiet">has no such user.</span>{' '}
                <a href={hrefOf('start')}>Create one</a>
              </p>
            ) : (
              own.map((one) => (
                <Account key={one.id} api={api} id={one.id} person={id} onChange={setCaused} />
              ))
            )}
          </section>
        )
      })}
    </section>
  )
}

/** The differences in the ledger, one per line. */
function Differences({ entry }: { readonly entry: LedgerEntry }) {
  return (
    <ul class="differences">
      {(entry.differences ?? [entry.text]).map((text) => (
        <li key={text}>
          <Plain text={text} max={500} />
        </li>
      ))}
    </ul>
  )
}

/** One stored user of an API. */
function Account({
  api,
  id,
  person,
  onChange,
}: {
  readonly api: string
  readonly id: string
  readonly person: string
  readonly onChange: (caused: Caused) => void
}) {
  const params = { api, id }
  const [isDeleted, setDeleted] = useState(false)
  const { data: user, problem } = useFetched(
    isDeleted ? undefined : { operation: 'getUser', params },
  )
  const [isEditing, setEditing] = useState(false)
  const [isDeleting, setDeleting] = useState(false)
  const remove = async () => {
    setDeleting(false)
    const [deleted, deliveries] = await withCaused(id, async () => {
      const answer = await act(
        { operation: 'deleteUser', params },
        ({ email }) => `${email ?? id} was deleted at ${shortTitle(api)}`,
      )
      // Set before the next refresh, which would fetch a user that no longer exists.
      if (answer) setDeleted(true)
      return answer
    })
    if (!deleted) return
    onChange({ what: `${shortTitle(api)}: the user was deleted`, deliveries })
  }
  return (
    <div class="account-user">
      <div class="account-head">
        <h3>
          <ApiName name={api} />
        </h3>
        <a href={hrefOf('webhooks', { q: id })}>Webhooks</a>
        <span class="spacer" />
        <button
          type="button"
          class="button"
          aria-expanded={isEditing}
          onClick={() => setEditing(!isEditing)}
        >
          {isEditing ? 'Cancel' : 'Edit'}
        </button>
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          onClick={() => setDeleting(true)}
        >
          Delete
        </button>
      </div>
      {problem && <p class="problem">{problem}</p>}
      {user && !isEditing && <Fields user={user} />}
      {user && isEditing && (
        <EditForm
          user={user}
          onDone={(changed, deliveries) => {
            setEditing(false)
            onChange({ what: `${shortTitle(api)}: the user was changed`, deliveries })
            if (changed.email !== undefined && changed.email !== user.email) {
              // The new address may be that of another person, so the page opens that address.
              if (user.email === person) setParameters({ open: changed.email })
            }
          }}
        />
      )}
      {isDeleting && (
        <DeleteDialog
          api={api}
          name={user?.email ?? id}
          onClose={() => setDeleting(false)}
          onDelete={() => void remove()}
        />
      )}
    </div>
  )
}

function DeleteDialog({
  api,
  name,
  onClose,
  onDelete,
}: {
  readonly api: string
  readonly name: string
  readonly onClose: () => void
  readonly onDelete: () => void
}) {
  return (
    <Dialog title={`Delete a user of ${shortTitle(api)}`} class="delete-user" onClose={onClose}>
      <p>
        <b>
          <Plain text={name} max={200} />
        </b>{' '}
        is deleted as a call of the API would do it, with the webhooks that this causes. They are
        shown afterwards.
      </p>
      <div class="buttons">
        <button type="button" class="button danger" onClick={onDelete}>
          Delete the user
        </button>
        <button type="button" class="button" onClick={onClose}>
          Keep the user
        </button>
      </div>
    </Dialog>
  )
}

/** The stored values, one per line; members of an object follow it on lines of their own. */
function Fields({ user }: { readonly user: User }) {
  const entries = Object.entries<unknown>({ ...user.user })
  const flat = entries.flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one as unknown])
      : [[name, value]],
  )
  return (
    <table class="headers stored">
      <caption class="hidden">Stored user</caption>
      <tbody>
        {flat.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <Plain text={name} max={200} />
            </th>
            <td>
              <Plain text={textOf(value)} max={500} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
