import { useState } from 'preact/hooks'
import type { Delivery, DeliveryCheck } from '../../../src/admin/contract.gen.ts'
import { Icon } from '../../parts/icon.tsx'
import { Plain } from '../../parts/plain.tsx'
import { Status } from '../../parts/status.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { act } from '../../state/actions.ts'
import { advanceTo, sandboxNow, waitOf } from '../../state/advance.ts'
import { useFetched } from '../../state/fetched.ts'
import { useKeys } from '../../state/keys.ts'
import { closeItem } from '../../state/list-keys.ts'
import { hrefOf, parameter, setParameters } from '../../state/location.ts'
import { Headers, MessageBody } from '../requests/message.tsx'
import { timeOf } from '../requests/filter.ts'
import { BreakWebhook } from './break-webhook.tsx'
import { emailIn, isAccepted, STATES, TONES } from './deliveries.ts'
import { Marks } from './marks.tsx'
import { headersOf, Signature } from './signature.tsx'

export function BackButton({ label }: { readonly label: string }) {
  return (
    <button type="button" class="bare back" aria-label={label} onClick={closeItem}>
      <Icon name="back" />
    </button>
  )
}

/** One delivery: its signature step by step, its attempts and its request. */
export function DeliveryDetail({ id }: { readonly id: string }) {
  const params = { delivery: id }
  const { data: delivery, problem } = useFetched({ operation: 'getDelivery', params })
  const check = useFetched({ operation: 'checkDelivery', params })
  const [isBreaking, setBreaking] = useState(false)
  useKeys([{ key: 'f', run: () => setBreaking(true) }])
  if (!delivery) {
    return (
      <section class="detail" aria-label={`Delivery ${id}`}>
        <BackButton label="Close the delivery" />
        <p class="loading">{problem}</p>
      </section>
    )
  }
  const { event, url, state, createdAt, nextAt, requestId, userId, attempts, reason } = delivery
  const email = emailIn(delivery.body)
  const tab = parameter('tab') || 'signature'
  const again = () => act({ operation: 'redeliver', params }, () => `${id} is sent again`)
  return (
    <section class="detail" aria-label={`Delivery ${id}`}>
      <div class="detail-head">
        <BackButton label="Close the delivery" />
        <h2 tabIndex={-1}>
          <span class={`status ${TONES[state]}`}>{STATES[state]}</span>{' '}
          <Plain text={email === undefined ? event : `${email}: ${event}`} max={300} />
        </h2>
        <p class="detail-call">
          <code>
            <Plain text={`POST ${url}`} max={500} />
          </code>{' '}
          · {id} · {timeOf(createdAt, 12)}
        </p>
        <p class="detail-links">
          <Marks delivery={delivery} />
          {requestId !== undefined && (
            <a href={hrefOf('requests', { open: requestId })}>Request {requestId}</a>
          )}
          {userId !== undefined && email !== undefined && (
            <a href={hrefOf('users', { open: email })}>User</a>
          )}
          <a href={hrefOf('webhooks', { part: 'subscriptions' })}>Subscription</a>
        </p>
        {reason !== undefined && (
          <p class="detail-note">
            <Plain text={reason} max={500} />
          </p>
        )}
        {delivery.waitsFor !== undefined && (
          <p class="detail-note">It waits until the user is deleted.</p>
        )}
        {nextAt !== undefined && <NextAttempt nextAt={nextAt} />}
        <div class="buttons">
          <button
            type="button"
            class="button fail"
            aria-haspopup="dialog"
            onClick={() => setBreaking(true)}
          >
            <span aria-hidden="true">⚡</span> Send again, broken
          </button>
          <button type="button" class="button" onClick={() => void again()}>
            Send again
          </button>
        </div>
        {isBreaking && (
          <BreakWebhook
            title="Send again, broken"
            callFor={(fault) => ({ operation: 'redeliver', params, body: { fault } })}
            onClose={() => setBreaking(false)}
          />
        )}
      </div>
      <Tabs
        label="Parts of the delivery"
        tabs={[
          { id: 'signature', title: 'Signature' },
          { id: 'attempts', title: 'Attempts', count: attempts.length },
          { id: 'request', title: 'Headers and body' },
        ]}
        current={tab}
        onSelect={(next) => setParameters({ tab: next === 'signature' ? '' : next })}
      >
        {tab === 'signature' && (
          <SignatureCheck check={check.data} problem={check.problem} delivery={delivery} />
        )}
        {tab === 'attempts' && <Attempts delivery={delivery} />}
        {tab === 'request' && (
          <SentRequest check={check.data} problem={check.problem} delivery={delivery} />
        )}
      </Tabs>
    </section>
  )
}

function NextAttempt({ nextAt }: { readonly nextAt: string }) {
  const wait = Date.parse(nextAt) - sandboxNow()
  if (Number.isNaN(wait)) return null
  if (wait <= 0) return <p class="detail-note">An attempt is running.</p>
  return (
    <p class="detail-note next">
      <span>
        The next attempt is due at <b class="mono">{timeOf(nextAt)}</b>, {waitOf(wait)}
      </span>
      <button type="button" class="link" onClick={() => void advanceTo(nextAt)}>
        Advance the clock to it
      </button>
    </p>
  )
}

interface Parts {
  readonly check: DeliveryCheck | undefined
  readonly problem: string
  readonly delivery: Delivery
}

function SignatureCheck({ check, problem, delivery }: Parts) {
  if (!check) return problem === '' ? null : <p class="quiet">{problem}</p>
  const { attempt, signature } = check
  const fired = delivery.attempts.at(-1)?.faults ?? []
  if (!signature) return <p class="quiet">Nothing was sent, so there is no signature to check.</p>
  return (
    <>
      <p class="summary">
        {attempt === undefined ? 'The first attempt will be' : `Attempt ${attempt} was`} signed so
        that a receiver {signature.verified ? 'accepts' : 'refuses'} it.{' '}
        {fired.map((fault) => (
          <span class="tag fault" key={fault}>
            <span aria-hidden="true">⚡</span> {fault}
          </span>
        ))}
      </p>
      <Signature verdict={signature} />
    </>
  )
}

/** Texts for the causes of an attempt other than the outcome of the previous attempt. */
const CAUSES: Readonly<Record<string, string>> = {
  event: 'Sent for the event',
  redelivery: 'Sent again on request',
  restart: 'Sent again after a restart',
}

function Attempts({ delivery }: { readonly delivery: Delivery }) {
  const { attempts, nextAt, state } = delivery
  if (attempts.length === 0) return <p class="quiet">No attempt was made yet.</p>
  return (
    <ol class="attempt-list">
      {attempts.map((one) => {
        const { number, at, why, status, error, message, ms, faults = [], headers, excerpt } = one
        const fields = headers ?? {}
        return (
          <li key={number}>
            <span class={`attempt-mark ${isAccepted(one) ? 'ok' : 'bad'}`} aria-hidden="true" />
            <div>
              <p class="attempt-head">
                <b>Attempt {number}</b>
                {status === undefined ? (
                  <span class="status bad">{error ?? 'no answer'}</span>
                ) : (
                  <Status status={status} />
                )}
                {faults.map((fault) => (
                  <span class="tag fault" key={fault}>
                    <span aria-hidden="true">⚡</span> {fault}
                  </span>
                ))}
                <span class="spacer" />
                <span class="time">{timeOf(at)}</span>
                <span class="ms">{Math.round(ms)} ms</span>
              </p>
              <p class="quiet">
                <Plain text={CAUSES[why] ?? `Retry after: ${why}`} max={200} />
                {message === undefined ? '' : '. '}
                {message === undefined ? '' : <Plain text={message} max={500} />}
              </p>
              {(Object.keys(fields).length > 0 || (excerpt ?? '') !== '') && (
                <details>
                  <summary>Answer of the receiver</summary>
                  <Headers headers={fields} />
                  {excerpt === undefined || excerpt === '' ? null : (
                    <pre class="code">
                      <Plain text={excerpt} />
                    </pre>
                  )}
                </details>
              )}
            </div>
          </li>
        )
      })}
      {state === 'pending' && (
        <li>
          <span class="attempt-mark due" aria-hidden="true" />
          <p class="quiet">
            {nextAt === undefined
              ? 'The next one is due'
              : `The next one is due at ${timeOf(nextAt)}`}
          </p>
        </li>
      )}
    </ol>
  )
}

function SentRequest({ check, problem, delivery }: Parts) {
  const { body } = delivery
  if (!check) {
    if (problem === '') return null
    return (
      <>
        <p class="quiet">{problem}</p>
        <MessageBody body={{ text: body, size: body.length }} headers={{}} />
      </>
    )
  }
  if (check.headers.length === 0) return <p class="quiet">Nothing was sent.</p>
  const headers = headersOf(check.headers)
  return (
    <>
      <Headers headers={headers} />
      <MessageBody body={bodyOf(check)} headers={headers} />
    </>
  )
}

/** Returns the body of a webhook in the form of the request log. */
export function bodyOf({ body, bytes }: { readonly body: string; readonly bytes: number }) {
  const isCut = body.length >= 64 * 1024 && bytes > body.length
  return { text: body, size: bytes, ...(isCut ? { cut: true as const } : {}) }
}
