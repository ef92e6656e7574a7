import { useEffect, useState } from 'preact/hooks'
import type { Fault } from '../../../src/admin/contract.gen.ts'
import { callAdmin } from '../../api/client.ts'
import { ApiName } from '../../parts/api-name.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import type { ListedFault } from '../../parts/fault-choice.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act, messageOf } from '../../state/actions.ts'
import { hrefOf, parameter, setParameters } from '../../state/location.ts'
import { overview, refreshCount } from '../../state/overview.ts'
import { Composer } from './composer.tsx'
import './faults.css'
import { conditionsOf, effectOf, effectText, timesText, timeText } from './words.ts'

/** Armed faults as cards, and a form that arms one. */
export function Faults() {
  const [faults, setFaults] = useState<readonly Fault[]>()
  const [brought, setBrought] = useState<readonly Fault[]>([])
  const [catalogue, setCatalogue] = useState<readonly ListedFault[]>([])
  const [problem, setProblem] = useState('')
  const apis = overview.value?.front.apis ?? []
  const names = apis.map(({ name }) => name).join(' ')
  useEffect(() => {
    const load = async () => {
      const { faults: all } = await callAdmin({ operation: 'listFaults', query: { all: true } })
      const isRequested = ({ origin }: Fault) => origin === 'header' || origin === 'magic'
      const own = all.filter((one) => !isRequested(one))
      setFaults([...own.filter((one) => one.live), ...own.filter((one) => !one.live)])
      setBrought(all.filter(isRequested).toReversed())
      setProblem('')
    }
    load().catch((error: unknown) => setProblem(messageOf(error)))
  }, [refreshCount.value])
  useEffect(() => {
    const load = async () => {
      const lists = await Promise.all(
        names
          .split(' ')
          .map((api) =>
            callAdmin({ operation: 'getFaultCatalogue', query: { api } }).then((one) => one.faults),
          ),
      )
      setCatalogue(lists.flat())
    }
    if (names !== '') load().catch((error: unknown) => setProblem(messageOf(error)))
  }, [names])
  const isNew = parameter('new') !== ''
  const live = faults?.filter((one) => one.live).length ?? 0
  return (
    <main class={`fault-view ${isNew ? 'has-new' : ''}`}>
      <section class="fault-cards" aria-label="Armed faults">
        <div class="view-head">
          <h1>Faults</h1>
          <span class="quiet">{faults === undefined ? '' : `${live} armed`}</span>
          <span class="spacer" />
          {faults !== undefined && faults.length > 0 && (
            <button
              type="button"
              class="button fail narrow-only"
              onClick={() => setParameters({ new: '1' }, true)}
            >
              Arm a fault
            </button>
          )}
          {faults !== undefined && faults.length > 0 && (
            <Confirm
              label="Disarm all"
              action={`Disarm ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`}
              onConfirm={() =>
                void act({ operation: 'clearFaults' }, () => 'All faults are disarmed')
              }
            >
              Requests are answered as usual again. The faults and their counts are lost.
            </Confirm>
          )}
        </div>
        {problem && <p class="problem">{problem}</p>}
        {faults?.length === 0 && (
          <div class="empty">
            <p>
              No fault is armed, so every request is answered as the vendor would. Armed faults
              appear here, with the requests for which they fired.
            </p>
            <button
              type="button"
              class="button fail"
              onClick={() => {
                setParameters({ new: '1' }, true)
                document.querySelector<HTMLElement>('.composer .fault-search')?.focus()
              }}
            >
              <Icon name="bolt" /> Arm a fault
            </button>
          </div>
        )}
        <ul>
          {faults?.map((fault) => (
            <FaultCard key={fault.id} fault={fault} catalogue={catalogue} />
          ))}
        </ul>
        {brought.length > 0 && <Brought faults={brought} catalogue={catalogue} />}
      </section>
      <section class="composer" aria-label="Arm a fault">
        <div class="view-head">
          <button
            type="button"
            class="bare back"
            aria-label="Back to the faults"
            onClick={() => setParameters({ new: undefined })}
          >
            <Icon name="back" />
          </button>
          {isNew ? <h1>Arm a fault</h1> : <h2>Arm a fault</h2>}
        </div>
        <Composer onArmed={() => setParameters({ new: undefined })} />
      </section>
    </main>
  )
}

function FaultCard({
  fault,
  catalogue,
}: {
  readonly fault: Fault
  readonly catalogue: readonly ListedFault[]
}) {
  const { id, definition, live, fired, eligible, nearestMiss, firings, origin, expiresAt } = fault
  const { api, operation, times, note } = definition
  const text = effectText(fault, catalogue)
  const effect = effectOf(fault)
  const conditions = conditionsOf(definition)
  const last = firings.at(-1)
  const isHidden = JSON.stringify(definition.match ?? {}).includes('(hidden)')
  return (
    <li class={`fault-card ${live ? '' : 'done'}`} aria-label={`${id}: ${text}`}>
      <div class="fault-head">
        <h2>
          <Plain text={text} max={200} />
        </h2>
        <span class={`tag ${live ? 'fault' : ''}`}>
          {live ? 'armed' : times !== undefined && fired >= times ? 'finished' : 'expired'}
        </span>
      </div>
      <p class="fault-what">
        <code>{id}</code>
        {effect !== text && (
          <code>
            <Plain text={effect} max={200} />
          </code>
        )}
        {origin === 'admin' ? '' : <span class="tag">from {ORIGINS[origin]}</span>}
        {note === undefined ? '' : <Plain text={note} max={200} />}
      </p>
      <dl>
        <div>
          <dt>When</dt>
          <dd>
            {api === undefined ? 'any API' : <ApiName name={api} />}
            {operation === undefined ? (
              api === undefined ? (
                ''
              ) : (
                ', every operation'
              )
            ) : (
              <>
                , <Plain text={operation} />
              </>
            )}
            {conditions.map((one) => (
              <div key={one} class="condition">
                <Plain text={one} max={300} />
              </div>
            ))}
          </dd>
        </div>
        <div>
          <dt>How often</dt>
          <dd>
            {timesText(definition)}
            {expiresAt !== undefined && live ? `, until ${timeText(expiresAt)}` : ''}
          </dd>
        </div>
        <div>
          <dt>Fired</dt>
          <dd>
            <FiredMeter fired={fired} times={times} />
            {eligible > fired && <span class="quiet">; {eligible} requests matched</span>}
          </dd>
        </div>
        {last && (
          <div>
            <dt>Last</dt>
            <dd>
              <a href={hrefOf('requests', { open: last.requestId })}>{last.requestId}</a> at{' '}
              {timeText(last.at).slice(11)}
              {last.about === undefined ? (
                ''
              ) : (
                <>
                  , <Plain text={last.about} max={120} />
                </>
              )}
              <div class="quiet">Client since then: {last.next}</div>
            </dd>
          </div>
        )}
        {fired === 0 && (
          <div>
            <dt>Nearest miss</dt>
            <dd>
              {nearestMiss ? (
                <>
                  <a href={hrefOf('requests', { open: nearestMiss.requestId })}>
                    {nearestMiss.requestId}
                  </a>{' '}
                  <span class="miss">
                    <Plain text={nearestMiss.why} max={400} />
                  </span>
                </>
              ) : (
                <span class="quiet">No request has come near it since it was armed</span>
              )}
            </dd>
          </div>
        )}
      </dl>
      <div class="fault-buttons">
        {!live && !isHidden && (
          <button
            type="button"
            class="button"
            aria-label={`Arm again: ${id}`}
            onClick={() =>
              void act(
                { operation: 'putFault', params: { fault: id }, body: definition },
                () => `Armed ${id} again; its counts start at 0`,
              )
            }
          >
            Arm again
          </button>
        )}
        <button
          type="button"
          class="button"
          aria-label={live ? `Disarm ${id}` : `Remove ${id}`}
          onClick={() =>
            void act({ operation: 'deleteFault', params: { fault: id } }, () =>
              live ? `Disarmed ${id}: ${effect}` : `Removed ${id}: ${effect}`,
            )
          }
        >
          {live ? 'Disarm' : 'Remove'}
        </button>
      </div>
    </li>
  )
}

const ORIGINS: Readonly<Record<Exclude<Fault['origin'], 'admin'>, string>> = {
  config: 'the configuration',
  code: 'a program',
  header: 'a header',
  magic: 'a magic address',
}

const MAX_MARKS = 12

/** The number of firings, with small marks if they are few. */
function FiredMeter({
  fired,
  times,
}: {
  readonly fired: number
  readonly times: number | undefined
}) {
  const marks = times !== undefined && times <= MAX_MARKS ? times : 0
  return (
    <span class="fired">
      {marks > 0 && (
        <svg class="marks" width={marks * 12} height="10" aria-hidden="true">
          {Array.from({ length: marks }, (_, i) => (
            <rect
              key={i}
              x={i * 12 + 1}
              y="1"
              width="8"
              height="8"
              rx="2"
              class={i < fired ? 'met' : 'open'}
            />
          ))}
        </svg>
      )}
      <b>{fired}</b> {times === undefined ? (fired === 1 ? 'time' : 'times') : `of ${times}`}
    </span>
  )
}

const MAX_BROUGHT = 20

/** Faults that requests asked for themselves. */
function Brought({
  faults,
  catalogue,
}: {
  readonly faults: readonly Fault[]
  readonly catalogue: readonly ListedFault[]
}) {
  return (
    <details class="brought">
      <summary>
        {faults.length} {faults.length === 1 ? 'fault' : 'faults'} that a request asked for itself
      </summary>
      <ul>
        {faults.slice(0, MAX_BROUGHT).map((fault) => {
          const last = fault.firings.at(-1)
          return (
            <li key={fault.id}>
              <code>{fault.id}</code> <Plain text={effectText(fault, catalogue)} max={200} />{' '}
              <span class="quiet">
                by {ORIGINS[fault.origin as 'header' | 'magic']}
                {last ? ', ' : ', did not fire'}
              </span>
              {last && <a href={hrefOf('requests', { open: last.requestId })}>{last.requestId}</a>}
            </li>
          )
        })}
      </ul>
    </details>
  )
}
