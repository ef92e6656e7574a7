import { useEffect, useState } from 'preact/hooks'
import type { Delivery, Explanation, RecordedRequest } from '../../../src/admin/contract.gen.ts'
import { callAdmin, httpCall } from '../../api/client.ts'
import { shortTitle } from '../../parts/api-name.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Plain } from '../../parts/plain.tsx'
import { Status } from '../../parts/status.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { messageOf, send } from '../../state/actions.ts'
import { useKeys } from '../../state/keys.ts'
import { hrefOf, parameter, setParameters } from '../../state/location.ts'
import { refreshCount } from '../../state/overview.ts'
import { shortName } from '../../state/requests.ts'
import { Headers, MessageBody } from './message.tsx'
import { MakeFail } from './make-fail.tsx'
import { repeatOf } from './repeat.ts'
import { timeOf } from './filter.ts'
import { Why } from './why.tsx'

interface Loaded {
  readonly record: RecordedRequest
  readonly explanation: Explanation
}

/** One request: why it was answered as it was, and all of it. */
export function Detail({ id }: { readonly id: string }) {
  const [loaded, setLoaded] = useState<Loaded>()
  const [problem, setProblem] = useState('')
  const [isFailing, setFailing] = useState(false)
  useKeys([{ key: 'f', run: () => setFailing(true) }])
  useEffect(() => {
    const stop = new AbortController()
    const params = { id }
    Promise.all([
      callAdmin({ operation: 'getRequest', params }, stop.signal),
      callAdmin({ operation: 'explainRequest', params }, stop.signal),
    ]).then(
      ([record, explanation]) => setLoaded({ record, explanation }),
      (error: unknown) => {
        if (!stop.signal.aborted) setProblem(messageOf(error))
      },
    )
    return () => stop.abort()
  }, [id])
  const back = (
    <button
      type="button"
      class="bare back"
      aria-label="Close the request"
      onClick={() => setParameters({ open: '', tab: '' }, true)}
    >
      <Icon name="back" />
    </button>
  )
  if (!loaded) {
    return (
      <section class="detail" aria-label={`Request ${id}`}>
        {back}
        <p class="loading">{problem}</p>
      </section>
    )
  }
  const { record, explanation } = loaded
  const { api, method, path, query, line, time, answer, problem: refusal, deliveries = [] } = record
  const tab = parameter('tab') || 'why'
  const target =
    method === undefined
      ? (line ?? '')
      : `${method} ${path}${query === undefined ? '' : `?${query}`}`
  const canFail = api !== undefined
  return (
    <section class="detail" aria-label={`Request ${id}`}>
      <div class="detail-head">
        {back}
        <h2 tabIndex={-1}>
          <Status status={answer.status} />{' '}
          <Plain text={refusal?.message ?? headlineOf(record)} max={300} />
        </h2>
        <p class="detail-call">
          <code>
            <Plain text={target} max={500} />
          </code>{' '}
          · {api === undefined ? 'no API' : shortTitle(api)} · {id} · {timeOf(time, 12)}
          {record.user?.email === undefined ? null : (
            <>
              {' · '}
              <a href={hrefOf('users', { open: record.user.email })}>User</a>
            </>
          )}
        </p>
        <div class="buttons">
          {canFail && (
            <button
              type="button"
              class="button fail"
              aria-haspopup="dialog"
              onClick={() => setFailing(true)}
            >
              <span aria-hidden="true">⚡</span> Make this fail
            </button>
          )}
          <SendAgain record={record} />
          <CopyButton text={() => curlOfRequest(id)} label="Copy as curl" />
        </div>
        {isFailing && canFail && <MakeFail record={record} onClose={() => setFailing(false)} />}
      </div>
      <Tabs
        label="Parts of the request"
        tabs={[
          { id: 'why', title: 'Why' },
          { id: 'request', title: 'Request' },
          { id: 'response', title: 'Response' },
          {
            id: 'webhooks',
            title: 'Webhooks',
            ...(deliveries.length === 0 ? {} : { count: deliveries.length }),
          },
        ]}
        current={tab}
        onSelect={(next) => setParameters({ tab: next === 'why' ? '' : next })}
      >
        {tab === 'why' && <Why explanation={explanation} record={record} />}
        {tab === 'request' && (
          <>
            <Headers headers={record.headers} />
            <MessageBody body={record.body} headers={record.headers} />
          </>
        )}
        {tab === 'response' && (
          <>
            <Headers headers={answer.headers} />
            <MessageBody body={answer.body} headers={answer.headers} />
          </>
        )}
        {tab === 'webhooks' && <Webhooks id={id} />}
      </Tabs>
    </section>
  )
}

/** The outcome of a request that was not refused. */
function headlineOf({ user, operation, answer, faults = [] }: RecordedRequest): string {
  if (faults.length > 0) {
    const names = faults.map(({ fault }) => shortName(fault)).join(', ')
    return user?.email === undefined
      ? `The fault ${names} fired`
      : `${user.email} met the fault ${names}`
  }
  if (answer.status === 0) return 'The connection ended without an answer'
  if (user) return `${user.email ?? user.id} was created`
  return `${operation ?? 'The request'} was answered`
}

async function curlOfRequest(id: string): Promise<string> {
  const call = httpCall({ operation: 'getRequest', params: { id }, query: { format: 'curl' } })
  const answer = await fetch(call.url, { headers: { Accept: 'text/plain' } })
  return await answer.text()
}

function SendAgain({ record }: { readonly record: RecordedRequest }) {
  const [isSending, setSending] = useState(false)
  const again = async () => {
    setSending(true)
    const call = repeatOf(record, await callAdmin({ operation: 'getCredentials' }))
    const note = call.usesCredentials ? ', with the credentials of the sandbox' : ''
    const id = await send(
      call,
      (status, requestId) => `Sent again${note}: ${status}, ${requestId ?? ''}`,
    )
    setSending(false)
    if (id !== undefined) setParameters({ open: id, tab: '' })
  }
  const { method, body } = record
  const reason =
    method === undefined
      ? 'No client can send a request that is not valid HTTP'
      : body?.cut
        ? 'Only the first 64 KiB of the body were logged'
        : body?.encoding !== undefined
          ? 'The body is no text'
          : /^(?:GET|HEAD)$/.test(method) && body !== undefined && body.size > 0
            ? `A browser cannot send a ${method} with a body`
            : undefined
  return (
    <button
      type="button"
      class="button"
      disabled={isSending || reason !== undefined}
      title={reason}
      onClick={() => void again()}
    >
      Send again
    </button>
  )
}

function Webhooks({ id }: { readonly id: string }) {
  const [deliveries, setDeliveries] = useState<readonly Delivery[]>()
  const changed = refreshCount.value
  useEffect(() => {
    const stop = new AbortController()
    callAdmin({ operation: 'listDeliveries', query: { requestId: id } }, stop.signal).then(
      (page) => setDeliveries(page.deliveries),
      () => {},
    )
    return () => stop.abort()
  }, [id, changed])
  if (!deliveries) return null
  if (deliveries.length === 0) return <p class="quiet">This request caused no webhook.</p>
  return (
    <ul class="deliveries">
      {deliveries.map(({ id: delivery, event, url, state, attempts, nextAt, reason, body }) => (
        <li key={delivery}>
          <p class="delivery-head">
            <b>{event}</b>{' '}
            <span
              class={`status ${{ delivered: 'ok', failed: 'bad', dropped: 'bad', pending: '' }[state]}`}
            >
              {state}
            </span>
          </p>
          <p class="quiet">
            <code>
              <Plain text={url} max={300} />
            </code>{' '}
            · <a href={hrefOf('webhooks', { open: delivery })}>{delivery}</a>
          </p>
          <ol class="attempts">
            {attempts.map(({ number, at, status, error, message, ms, faults = [] }) => (
              <li key={number}>
                <span class="time">{timeOf(at)}</span>{' '}
                {status === undefined ? (
                  <Plain text={message ?? error ?? 'no answer'} max={300} />
                ) : (
                  <Status status={status} />
                )}{' '}
                <span class="quiet">
                  attempt {number}, {Math.round(ms)} ms
                </span>{' '}
                {faults.map((fault) => (
                  <span class="tag fault" key={fault}>
                    <span aria-hidden="true">⚡</span> {fault}
                  </span>
                ))}
              </li>
            ))}
          </ol>
          {nextAt !== undefined && (
            <p class="quiet">Next attempt at {timeOf(nextAt)} of the sandbox's clock</p>
          )}
          {reason !== undefined && <p class="quiet">{reason}</p>}
          <MessageBody body={{ text: body, size: body.length }} headers={{}} />
        </li>
      ))}
    </ul>
  )
}
