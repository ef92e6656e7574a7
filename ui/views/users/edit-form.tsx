import { useState } from 'preact/hooks'
import type { Delivery, User } from '../../../src/admin/contract.gen.ts'
import { shortTitle } from '../../parts/api-name.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act } from '../../state/actions.ts'
import { withCaused } from './caused.tsx'
import { problemsByField, textOf } from './people.ts'

type Field = NonNullable<User['fields']>[number]

/** The fields that an update of the API accepts; it sends those that were changed. */
export function EditForm({
  user,
  onDone,
}: {
  readonly user: User
  readonly onDone: (changed: User, deliveries: readonly Delivery[]) => void
}) {
  const { api, id } = user
  // The fields are read once, so that changes by other clients do not change the form.
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
        { refused: (refusal) => setProblems(problemsByField(refusal, names)) },
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

/** The form's content for a field without a value. */
function emptyOf({ type }: Field): unknown {
  return type === 'boolean' ? false : ''
}

/**
 * Converts an entered text to the type of its field. A text that cannot be converted is sent as it
 * is, and the server refuses it.
 */
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
