import { useState } from 'preact/hooks'
import type { NewSubscription, Subscription } from '../../../src/admin/contract.gen.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act } from '../../state/actions.ts'
import { useFetched } from '../../state/fetched.ts'
import { hrefOf, open, parameter } from '../../state/location.ts'
import { BreakWebhook } from './break-webhook.tsx'
import { PartLinks } from './part-links.tsx'

const TONES = { Healthy: 'ok', Unhealthy: 'warn', Suspended: 'bad' } as const

/** The subscriptions, and a form that adds one. */
export function Subscriptions() {
  const { data, problem } = useFetched({ operation: 'listSubscriptions' })
  const words = parameter('q').toLowerCase().split(/\s+/).filter(Boolean)
  const items = (data?.webhooks ?? []).filter(({ id, name, url, events }) =>
    words.every((word) => [id, name, url, ...events].join('\n').toLowerCase().includes(word)),
  )
  return (
    <>
      <section class="list" aria-label="Subscription list">
        <PartLinks />
        {problem && <p class="empty problem">{problem}</p>}
        {data && items.length === 0 && (
          <p class="empty">
            {data.webhooks.length === 0
              ? 'Subscriptions appear here: add a receiver to get webhooks.'
              : `None of ${data.webhooks.length} subscriptions passes the filter.`}
          </p>
        )}
        <ul class="items">
          {items.map((one) => (
            <Item key={one.id} subscription={one} />
          ))}
        </ul>
      </section>
      <section class="detail" aria-label="Add a subscription">
        <AddForm />
      </section>
    </>
  )
}

function Item({ subscription }: { readonly subscription: Subscription }) {
  const { id, name, url, active, events, status, failures } = subscription
  const [isBreaking, setBreaking] = useState(false)
  const [isRemoving, setRemoving] = useState(false)
  const body = { subscription: id }
  const test = async () => {
    const sent = await act(
      { operation: 'testWebhook', body },
      (one) => `${one.id} is sent as a test`,
    )
    if (sent) open('webhooks', { open: sent.id })
  }
  const change = (isActive: boolean) =>
    act(
      { operation: 'updateSubscription', params: { webhook: id }, body: { active: isActive } },
      () => (isActive ? `${name} gets webhooks again` : `${name} is paused`),
    )
  const remove = () =>
    act({ operation: 'deleteSubscription', params: { webhook: id } }, () => `${name} is removed`)
  return (
    <li class="subscription" aria-label={name}>
      <p class="row-title">
        <bdi class="person">
          <Plain text={name} max={100} />
        </bdi>
        <span class="spacer" />
        <span class={`status ${active ? TONES[status] : status === 'Suspended' ? 'bad' : ''}`}>
          {active || status === 'Suspended' ? status.toLowerCase() : 'paused'}
        </span>
      </p>
      {url === name ? null : (
        <p>
          <code class="quiet">
            <Plain text={url} max={300} />
          </code>
        </p>
      )}
      <p class="quiet">
        {events.includes('*') ? 'All events' : <Plain text={events.join(', ')} max={300} />}
        {failures > 0 ? ` · ${failures} failed in a row` : ''} ·{' '}
        <a href={hrefOf('webhooks', { q: id })}>Deliveries</a>
      </p>
      <div class="buttons">
        <button type="button" class="button" onClick={() => void test()}>
          Send a test
        </button>
        <button
          type="button"
          class="button broken"
          aria-haspopup="dialog"
          onClick={() => setBreaking(true)}
        >
          <span aria-hidden="true">⚡</span> Send a broken test
        </button>
        <button type="button" class="button" onClick={() => void change(!active)}>
          {active ? 'Pause' : 'Continue'}
        </button>
        {isRemoving ? (
          <>
            <button type="button" class="button danger" onClick={() => void remove()}>
              Remove it
            </button>
            <button type="button" class="button" onClick={() => setRemoving(false)}>
              Keep it
            </button>
          </>
        ) : (
          <button type="button" class="button" onClick={() => setRemoving(true)}>
            Remove
          </button>
        )}
      </div>
      {isBreaking && (
        <BreakWebhook
          title="Send a broken test"
          callFor={(fault) => ({ operation: 'testWebhook', body: { ...body, fault } })}
          onClose={(sent) => {
            setBreaking(false)
            if (sent) open('webhooks', { open: sent.id })
          }}
        />
      )}
    </li>
  )
}

function AddForm() {
  const [problem, setProblem] = useState('')
  const [token, setToken] = useState('')
  const add = async (form: HTMLFormElement) => {
    const entered = new FormData(form)
    const text = (name: string) => {
      const value = entered.get(name)
      return typeof value === 'string' ? value.trim() : ''
    }
    const [first, ...events] = text('events')
      .split(/[\s,]+/)
      .filter(Boolean)
    const body: NewSubscription = {
      url: text('url'),
      ...(text('name') === '' ? {} : { name: text('name') }),
      ...(text('token') === '' ? {} : { token: text('token') }),
      ...(first === undefined ? {} : { events: [first, ...events] }),
    }
    setProblem('')
    setToken('')
    const made = await act(
      { operation: 'createSubscription', body },
      ({ name }) => `${name} gets webhooks from now on`,
      { refused: ({ message }) => setProblem(message) },
    )
    if (!made) return
    setToken(made.token ?? '')
    form.reset()
  }
  return (
    <form
      class="add-form"
      onSubmit={(event) => {
        event.preventDefault()
        void add(event.currentTarget)
      }}
    >
      <h2>Add a subscription</h2>
      <label>
        <span>URL of the receiver</span>
        <input
          name="url"
          class="field"
          required
          autocomplete="off"
          placeholder="http://localhost:3000/webhooks"
          aria-describedby="url-note"
        />
      </label>
      <p class="quiet" id="url-note">
        Or an inbox of this sandbox: <code>/_standin/inbox/mine</code>; one that fails twice:{' '}
        <code>/_standin/inbox/shaky?status=503&amp;times=2</code>
      </p>
      <label>
        <span>Name</span>
        <input name="name" class="field" autocomplete="off" placeholder="the URL, if empty" />
      </label>
      <label>
        <span>Events</span>
        <input name="events" class="field" autocomplete="off" placeholder="all, if empty" />
      </label>
      <label>
        <span>Secret</span>
        <input name="token" class="field" autocomplete="off" placeholder="generated, if empty" />
      </label>
      {problem && (
        <p class="problem" role="alert">
          <Plain text={problem} max={500} />
        </p>
      )}
      {token && (
        <div class="made-token">
          <p>The generated secret is shown only now:</p>
          <p>
            <code>{token}</code> <CopyButton text={token} class="link" />
          </p>
        </div>
      )}
      <button type="submit" class="button primary">
        Add a subscription
      </button>
    </form>
  )
}
