import { useEffect, useState } from 'preact/hooks'
import type { NewSandbox, Sandbox, Snapshot } from '../../../src/admin/contract.gen.ts'
import { callAdmin, sandboxUrl } from '../../api/client.ts'
import { ApiName, shortTitle } from '../../parts/api-name.tsx'
import { ClockControls, clockText } from '../../parts/clock-controls.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act, messageOf } from '../../state/actions.ts'
import { overview, refreshCount } from '../../state/overview.ts'
import { Comparison } from './comparison.tsx'
import './sandboxes.css'
import { BEFORE_RESET, BEFORE_RESTORE, restore, undoable } from './undo.ts'

/** The clock, the sandboxes of the server, and the snapshots and the reset of this sandbox. */
export function Sandboxes() {
  const current = overview.value?.front.sandbox
  const own = overview.value?.sandboxes.find(({ name }) => name === current)
  const [snapshots, setSnapshots] = useState<readonly Snapshot[]>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    const load = async () => {
      const answer = await callAdmin({ operation: 'listSnapshots' })
      setSnapshots(answer.snapshots.toReversed())
      setProblem('')
    }
    load().catch((error: unknown) => setProblem(messageOf(error)))
  }, [refreshCount.value])
  return (
    <main class="sandbox-view">
      <h1>Clock and sandboxes</h1>
      {problem && <p class="problem">{problem}</p>}
      <div class="sandbox-columns">
        <div>
          <section class="box" aria-label="Clock">
            <h2>
              Clock of <Plain text={current ?? '…'} />
            </h2>
            <ClockControls />
          </section>
          <section class="box" aria-label="Reset">
            <h2>Reset</h2>
            <p class="quiet">
              Back to the fixtures: the users, the webhooks and the clock of a new sandbox.
            </p>
            <div class="line">
              <Confirm
                label="Reset to the fixtures"
                action={`Reset ${current ?? ''}`}
                onConfirm={() =>
                  void undoable(
                    BEFORE_RESET,
                    { operation: 'resetSandbox' },
                    ({ name }) => `${name} is reset to its fixtures`,
                  )
                }
              >
                Removes {own ? usersText(own.users) : 'all users'}, the deliveries and the request
                log, and disarms the faults. The snapshot <code>{BEFORE_RESET}</code> is saved
                first, and Undo restores users, webhooks and clock from it; the request log and the
                faults do not come back.
              </Confirm>
            </div>
          </section>
          <Snapshots snapshots={snapshots} users={own?.users} />
        </div>
        <div>
          <SandboxList />
          <NewSandboxForm />
        </div>
      </div>
    </main>
  )
}

type Users = Sandbox['users']

function usersText(users: Users): string {
  const count = Object.values(users).reduce((sum, one) => sum + one, 0)
  return count === 1 ? '1 user' : `${count} users`
}

function UserCounts({ users }: { readonly users: Users }) {
  return (
    <span class="user-counts">
      {Object.entries(users).map(([api, count]) => (
        <span key={api} title={`${count} users at ${shortTitle(api)}`}>
          <ApiName name={api} title={String(count)} />
          <span class="hidden"> users at {shortTitle(api)}</span>
        </span>
      ))}
    </span>
  )
}

function SandboxList() {
  const shown = overview.value
  const current = shown?.front.sandbox
  return (
    <section class="box" aria-label="Sandboxes">
      <h2>Sandboxes</h2>
      <p class="quiet">
        Each has its own users, credentials, faults, webhooks, request log and clock.
      </p>
      <ul class="rows">
        {shown?.sandboxes.map((sandbox) => {
          const { name, users, seed, profile, kept, expiresAt, prefix } = sandbox
          return (
            <li key={name}>
              <div class="row-line">
                <b>{name}</b>
                {name === current && <span class="tag here">this page</span>}
                {kept && <span class="tag">kept</span>}
                <UserCounts users={users} />
                <span class="spacer" />
                {name !== current && (
                  <a
                    class="button"
                    href={`${sandboxUrl(name)}#/sandboxes`}
                    aria-label={`Switch to ${name}`}
                  >
                    Switch
                  </a>
                )}
                {name !== 'default' && (
                  <Confirm
                    label="Remove"
                    name={`Remove ${name}`}
                    action={`Remove ${name}`}
                    onConfirm={() => void remove(name, name === current)}
                  >
                    {usersText(users)}, the request log, faults, webhooks and snapshots of {name}{' '}
                    are lost for good. Clients of <code>{prefix}</code> get a 404.
                  </Confirm>
                )}
              </div>
              <p class="quiet small">
                <code>{prefix === '' ? '/' : `${prefix}/`}</code> · seed {seed} · {profile}
                {expiresAt === undefined
                  ? ''
                  : ` · removed at ${clockText(Date.parse(expiresAt)).slice(11)} UTC unless it is used`}
              </p>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

async function remove(name: string, isCurrent: boolean): Promise<void> {
  const removed = await act(
    { operation: 'deleteSandbox', params: { name } },
    () => `Removed the sandbox ${name}`,
  )
  if (removed && isCurrent) location.assign(`${sandboxUrl('default')}#/sandboxes`)
}

function NewSandboxForm() {
  const [isStrict, setStrict] = useState(false)
  const hasFolder = overview.value?.front.process?.folder !== undefined
  const create = async (form: HTMLFormElement) => {
    const entered = new FormData(form)
    const text = (name: string) => {
      const value = entered.get(name)
      return typeof value === 'string' ? value.trim() : ''
    }
    const body: NewSandbox = {
      ...(text('name') === '' ? {} : { name: text('name') }),
      ...(text('seed') === '' ? {} : { seed: Number(text('seed')) }),
      ...(isStrict ? { profile: 'strict' } : {}),
      ...(text('ttl') === '' ? {} : { ttl: text('ttl') }),
      ...(entered.get('kept') === null ? {} : { kept: true }),
    }
    const made = await act(
      { operation: 'createSandbox', body },
      ({ name, prefix }) => `Created the sandbox ${name}, at ${prefix}/`,
    )
    if (made) form.reset()
    if (made) setStrict(false)
  }
  return (
    <section class="box" aria-label="Create a sandbox">
      <h2>Create a sandbox</h2>
      <form
        class="new-sandbox"
        onSubmit={(event) => {
          event.preventDefault()
          void create(event.currentTarget)
        }}
      >
        <label>
          <span>Name</span>
          <input
            type="text"
            class="field"
            name="name"
            placeholder="checkout-42; generated if empty"
            pattern="[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?"
            title="At most 63 of a-z, 0-9 and -, without - at the ends"
            autocomplete="off"
          />
        </label>
        <label>
          <span>Seed</span>
          <input type="number" class="field" name="seed" placeholder="the server's" step="1" />
        </label>
        <label>
          <span>Remove after</span>
          <input
            type="text"
            class="field"
            name="ttl"
            placeholder="never; 10m without use"
            pattern="\d+(\.\d+)?(ms|s|m|h|d)"
            title="A number with s, m, h or d, such as 10m"
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isStrict}
            onChange={(event) => setStrict(event.currentTarget.checked)}
          />
          <span>Strict: also refuse what is assumed</span>
        </label>
        {hasFolder && (
          <label class="check">
            <input type="checkbox" name="kept" />
            <span>Kept: it survives a restart of the server</span>
          </label>
        )}
        <button type="submit" class="button primary">
          Create
        </button>
      </form>
    </section>
  )
}

const NOTES: Readonly<Record<string, string>> = {
  [BEFORE_RESET]: 'saved before the last reset',
  [BEFORE_RESTORE]: 'saved before the last restore',
}

function Snapshots({
  snapshots,
  users,
}: {
  readonly snapshots: readonly Snapshot[] | undefined
  readonly users: Users | undefined
}) {
  const [name, setName] = useState('')
  const [compared, setCompared] = useState('')
  const exists = snapshots?.some((one) => one.name === name) === true
  return (
    <section class="box" aria-label="Snapshots">
      <h2>Snapshots</h2>
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault()
          void act({ operation: 'saveSnapshot', params: { snapshot: name } }, (saved) => {
            setName('')
            return `Saved the snapshot ${saved.name}`
          })
        }}
      >
        <input
          type="text"
          class="field"
          aria-label="Name of the snapshot"
          placeholder="Name, such as two-users"
          required
          autocomplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="button">
          {exists ? 'Replace it' : 'Save a snapshot'}
        </button>
      </form>
      {exists && (
        <p class="small warn-text">There is a snapshot of this name; saving replaces it.</p>
      )}
      {snapshots?.length === 0 && (
        <p class="quiet">
          Saved states appear here, to restore them later or to see what has changed since.
        </p>
      )}
      <ul class="rows">
        {snapshots?.map((snapshot) => (
          <li key={snapshot.name}>
            <div class="row-line">
              <b>
                <Plain text={snapshot.name} />
              </b>
              <UserCounts users={snapshot.users} />
            </div>
            <p class="quiet small">
              {clockText(Date.parse(snapshot.savedAt))} of the sandbox
              {snapshot.name in NOTES ? ` · ${NOTES[snapshot.name]}` : ''}
            </p>
            <div class="row-line">
              <button
                type="button"
                class="button"
                aria-expanded={compared === snapshot.name}
                aria-label={`Compare ${snapshot.name}`}
                onClick={() => setCompared(compared === snapshot.name ? '' : snapshot.name)}
              >
                Compare
              </button>
              <Confirm
                label="Restore"
                name={`Restore ${snapshot.name}`}
                action={`Restore ${snapshot.name}`}
                tone="primary"
                onConfirm={() => void restoreOver(snapshot.name)}
              >
                Replaces {users ? usersText(users) : 'the users'}, the webhooks and the clock by
                those of {snapshot.name} ({usersText(snapshot.users)}).
                {snapshot.name === BEFORE_RESTORE ? (
                  ' The current state is not saved first.'
                ) : (
                  <>
                    {' '}
                    The snapshot <code>{BEFORE_RESTORE}</code> is saved first, and Undo restores it.
                  </>
                )}
              </Confirm>
              <Confirm
                label="Delete"
                name={`Delete ${snapshot.name}`}
                action={`Delete ${snapshot.name}`}
                onConfirm={() => {
                  // An open comparison would fetch a snapshot that no longer exists.
                  if (compared === snapshot.name) setCompared('')
                  void act(
                    { operation: 'deleteSnapshot', params: { snapshot: snapshot.name } },
                    () => `Deleted the snapshot ${snapshot.name}`,
                  )
                }}
              >
                The saved state with {usersText(snapshot.users)} is lost for good.
              </Confirm>
            </div>
            {compared === snapshot.name && (
              <Comparison
                name={snapshot.name}
                others={snapshots.map((one) => one.name).filter((one) => one !== snapshot.name)}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Restores a snapshot after saving the current state, unless it would replace that snapshot. */
function restoreOver(name: string): Promise<void> {
  const done = `The state is that of ${name}`
  if (name === BEFORE_RESTORE) return restore(name, done)
  return undoable(
    BEFORE_RESTORE,
    { operation: 'restoreSnapshot', params: { snapshot: name } },
    () => done,
  )
}
