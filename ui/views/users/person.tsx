import { useState } from 'preact/hooks'
import type { Delivery, LedgerEntry, User } from '../../../src/admin/contract.gen.ts'
import { callAdmin } from '../../api/client.ts'
import { ApiName, shortTitle } from '../../parts/api-name.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act } from '../../state/actions.ts'
import { useFetched } from '../../state/fetched.ts'
import { closeItem } from '../../state/list-keys.ts'
import { hrefOf, setParameters } from '../../state/location.ts'
import { overview } from '../../state/overview.ts'
import { problemsByField, userIn } from './people.ts'

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

/** What the ledger says, one difference a line. */
function Differences({ entry }: { readonly entry: LedgerEntry }) {
  return (
    <ul class="differences">
      {entry.text.split('; ').map((text) => (
        <li key={text}>
          <Plain text={text} max={500} />
        </li>
      ))}
    </ul>
  )
}

/** The webhooks that a change caused. */
interface Caused {
  readonly what: string
  readonly deliveries: readonly Delivery[]
}

function CausedWebhooks({ caused: { what, deliveries } }: { readonly caused: Caused }) {
  return (
    <div class="caused" role="status">
      <p>
        {what}{' '}
        {deliveries.length === 0
          ? 'and caused no webhook.'
          : `and caused ${deliveries.length === 1 ? 'a webhook' : `${deliveries.length} webhooks`}:`}
      </p>
      <ul>
        {deliveries.map(({ id, event, url }) => (
          <li key={id}>
            <a href={hrefOf('webhooks', { open: id })}>{event}</a> to{' '}
            <code>
              <Plain text={url} max={200} />
            </code>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The deliveries about a user; none if they cannot be read. */
async function deliveriesOf(userId: string): Promise<readonly Delivery[]> {
  const query = { userId, last: 100 }
  return await callAdmin({ operation: 'listDeliveries', query }).then(
    ({ deliveries }) => deliveries,
    () => [],
  )
}

/** Makes a change of a user and finds the webhooks that it caused. */
async function withCaused<T>(
  userId: string,
  change: () => Promise<T | undefined>,
): Promise<readonly [T | undefined, readonly Delivery[]]> {
  const before = new Set((await deliveriesOf(userId)).map(({ id }) => id))
  const answer = await change()
  if (answer === undefined) return [undefined, []]
  return [answer, (await deliveriesOf(userId)).filter(({ id }) => !before.has(id))]
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
    const [deleted, deliveries] = await withCaused(id, () =>
      act(
        { operation: 'deleteUser', params },
        ({ email }) => `${email ?? id} was deleted at ${shortTitle(api)}`,
      ),
    )
    if (!deleted) return
    setDeleted(true)
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
              // The person of the new address may be another one.
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

/** The stored values, one a line; what is inside another one after it. */
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

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

type Field = NonNullable<User['fields']>[number]

/** The fields that an update of the API accepts; it sends those that were changed. */
function EditForm({
  user,
  onDone,
}: {
  readonly user: User
  readonly onDone: (changed: User, deliveries: readonly Delivery[]) => void
}) {
  const { api, id } = user
  // What another client changes meanwhile does not change the form.
  const [fields] = useState(() => user.fields ?? [])
  const [isAll, setAll] = useState(false)
  const [problems, setProblems] = useState<ReadonlyMap<string, string>>(new Map())
  const [isSending, setSending] = useState(false)
  const filled = fields.filter(({ value }) => value !== undefined)
  const shown = isAll ? fields : filled
  const submit = async (form: HTMLFormElement) => {
    const entered = new FormData(form)
    const changes: Record<string, unknown> = {}
    for (const field of shown) {
      const value = valueOf(field, entered.get(field.name))
      if (JSON.stringify(value) !== JSON.stringify(field.value ?? emptyOf(field))) {
        changes[field.name] = value
      }
    }
    if (Object.keys(changes).length === 0) {
      setProblems(new Map([['', 'No field is changed']]))
      return
    }
    setSending(true)
    setProblems(new Map())
    const names = shown.map(({ name }) => name)
    const [changed, deliveries] = await withCaused(id, () =>
      act(
        { operation: 'updateUser', params: { api, id }, body: changes },
        ({ email }) => `${email ?? id} was changed at ${shortTitle(api)}`,
        { refused: (message) => setProblems(problemsByField(message, names)) },
      ),
    )
    setSending(false)
    if (changed) onDone(changed, deliveries)
  }
  return (
    <form
      class="edit-user"
      onSubmit={(event) => {
        event.preventDefault()
        void submit(event.currentTarget)
      }}
    >
      <div class="fields">
        {shown.map((field) => (
          <EditField key={field.name} field={field} problem={problems.get(field.name)} />
        ))}
      </div>
      {problems.has('') && (
        <p class="problem" role="alert">
          <Plain text={problems.get('') ?? ''} max={500} />
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="button primary" disabled={isSending}>
          Save
        </button>
        {filled.length < fields.length && (
          <button type="button" class="button" onClick={() => setAll(!isAll)}>
            {isAll ? 'Hide empty fields' : `Show empty fields (${fields.length - filled.length})`}
          </button>
        )}
      </div>
    </form>
  )
}

function EditField({
  field,
  problem,
}: {
  readonly field: Field
  readonly problem: string | undefined
}) {
  const { name, type, value, values } = field
  const described =
    problem === undefined ? {} : { 'aria-invalid': true, 'aria-describedby': `problem-${name}` }
  return (
    <div class={problem === undefined ? 'edit-field' : 'edit-field wrong'}>
      <label class={type === 'boolean' ? 'check' : ''}>
        <span>{name}</span>
        {type === 'boolean' ? (
          <input type="checkbox" name={name} defaultChecked={value === true} {...described} />
        ) : values ? (
          <select name={name} class="field" defaultValue={textOf(value ?? '')} {...described}>
            {value === undefined && <option value="" />}
            {values.map((one) => (
              <option key={one} value={one} selected={one === value}>
                {one}
              </option>
            ))}
          </select>
        ) : (
          <input
            type="text"
            name={name}
            defaultValue={value === undefined ? '' : textOf(value)}
            autocomplete="off"
            {...described}
          />
        )}
      </label>
      {problem !== undefined && (
        <p class="problem" id={`problem-${name}`} role="alert">
          <Plain text={problem} max={500} />
        </p>
      )}
    </div>
  )
}

/** What a field without a value is in the form. */
function emptyOf({ type }: Field): unknown {
  return type === 'boolean' ? false : ''
}

/** An entered text in the type of its field; as text where it is none, for the server to refuse. */
function valueOf({ type, value }: Field, entered: FormDataEntryValue | null): unknown {
  if (type === 'boolean') return entered !== null
  const text = typeof entered === 'string' ? entered : ''
  if (type === 'string' || (text === '' && value === undefined)) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
