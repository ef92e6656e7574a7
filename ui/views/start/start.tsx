import { useEffect, useState } from 'preact/hooks'
import type { Credentials, Examples } from '../../../src/admin/contract.gen.ts'
import { BASE, callAdmin } from '../../api/client.ts'
import { curlOf } from '../../code/code.ts'
import { ApiName } from '../../parts/api-name.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Plain } from '../../parts/plain.tsx'
import { messageOf, send } from '../../state/actions.ts'
import { hrefOf } from '../../state/location.ts'
import { overview } from '../../state/overview.ts'
import './start.css'

type Example = Examples['calls'][number]

/** Base URLs, credentials, and a form per API that creates a user. */
export function Start() {
  const [calls, setCalls] = useState<readonly Example[]>([])
  const [credentials, setCredentials] = useState<Credentials>({})
  const [problem, setProblem] = useState('')
  const load = async () => {
    try {
      const [found, known] = await Promise.all([
        callAdmin({ operation: 'getExamples' }),
        callAdmin({ operation: 'getCredentials' }),
      ])
      setCalls(found.calls)
      setCredentials(known)
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  useEffect(() => void load(), [])
  const apis = overview.value?.front.apis ?? []
  const count = overview.value?.requests ?? 0
  return (
    <main class="start">
      <h1>Start</h1>
      <p class="lead">
        {count === 0
          ? 'No request has arrived yet. Point your client at one of these URLs, or create a user here: each request appears in the list as it is answered.'
          : 'Point your client at one of these URLs, or create a user here.'}{' '}
        <a href={hrefOf('requests')}>
          {count === 0 ? 'Open the request list' : `See ${count} requests`}
        </a>
        , or read the <a href={`${BASE}/_standin/docs`}>API reference</a>.
      </p>
      {problem && <p class="problem">{problem}</p>}
      <div class="cards">
        {apis.map(({ name, title, url }) => {
          const call = calls.find(({ api }) => api === name)
          return (
            <section class="card" key={name} aria-label={title}>
              <h2>
                <ApiName name={name} title={title} />
              </h2>
              <h3>Base URL</h3>
              <Value text={url} />
              <h3>Credentials</h3>
              {Object.entries((credentials as Record<string, object>)[name] ?? {}).map(
                ([field, value]) => (
                  <Value key={field} label={field} text={String(value)} />
                ),
              )}
              {call && <CreateForm key={JSON.stringify(call.body)} call={call} onSent={load} />}
            </section>
          )
        })}
      </div>
      {calls.length > 0 && <h2>The same on the command line</h2>}
      {calls.map((call) => {
        const code = curlOf(requestOf(call, call.body), false)
        return (
          <section class="curl" key={call.api} aria-label={`curl for ${call.title}`}>
            <div class="curl-head">
              <h3>
                <ApiName name={call.api} title={call.title} />
              </h3>
              <CopyButton text={code} />
            </div>
            <pre class="code">
              <Plain text={code} />
            </pre>
          </section>
        )
      })}
    </main>
  )
}

function Value({ label, text }: { readonly label?: string; readonly text: string }) {
  return (
    <div class="value">
      {label === undefined ? '' : <span class="label">{label}</span>}
      <code>
        <Plain text={text} max={400} />
      </code>
      <CopyButton text={text} class="link" />
    </div>
  )
}

function requestOf({ method, path, headers }: Example, body: object) {
  return { method, url: `${location.origin}${path}`, headers, body: JSON.stringify(body) }
}

/** A form with the fields of a create call; it sends the vendor's call. */
function CreateForm({
  call,
  onSent,
}: {
  readonly call: Example
  readonly onSent: () => Promise<void>
}) {
  const given = Object.entries<unknown>(call.body)
  const [isSending, setSending] = useState(false)
  const submit = async (form: HTMLFormElement) => {
    const entered = new FormData(form)
    const body = Object.fromEntries(
      given.map(([name, value]) => [name, typedAs(value, entered.get(name))]),
    )
    setSending(true)
    const done = (status: number, id: string | null) =>
      `${call.title} answered ${status}${id === null ? '' : ` to ${id}`}`
    await send(requestOf(call, body), done)
    setSending(false)
    await onSent()
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void submit(event.currentTarget)
      }}
    >
      <h3>Create a user</h3>
      <div class="fields">
        {given.map(([name, value]) => (
          <label key={name} class={typeof value === 'boolean' ? 'check' : ''}>
            <span>{name}</span>
            {typeof value === 'boolean' ? (
              <input type="checkbox" name={name} defaultChecked={value} />
            ) : (
              <input type="text" name={name} defaultValue={String(value)} autocomplete="off" />
            )}
          </label>
        ))}
      </div>
      <button type="submit" class="button primary" disabled={isSending}>
        Create a user
      </button>
    </form>
  )
}

/** An entered text in the type of the field's first value. */
function typedAs(first: unknown, entered: FormDataEntryValue | null): unknown {
  if (typeof first === 'boolean') return entered !== null
  const text = typeof entered === 'string' ? entered : ''
  return typeof first === 'number' && /^-?\d+$/.test(text) ? Number(text) : text
}
