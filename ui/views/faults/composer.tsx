import { useEffect, useState } from 'preact/hooks'
import type { Examples, FaultCatalogue, NewFault } from '../../../src/admin/contract.gen.ts'
import { callAdmin, type AdminCall } from '../../api/client.ts'
import { ApiName } from '../../parts/api-name.tsx'
import { CallCode } from '../../parts/call-code.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { FaultPicker, TimesChoice } from '../../parts/fault-choice.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act, madeCall, messageOf } from '../../state/actions.ts'
import { overview } from '../../state/overview.ts'
import { ConditionRow, matchOf, newCondition, type Condition } from './conditions.tsx'

type Which = 'all' | 'nth' | 'every' | 'random'
type Until = 'no' | 'for' | 'until'

/**
 * Form to choose a fault with its conditions and to arm it. It shows the call as code in every
 * language.
 */
export function Composer({ onArmed }: { readonly onArmed: () => void }) {
  const apis = overview.value?.front.apis ?? []
  const [api, setApi] = useState('')
  const [operation, setOperation] = useState<string>()
  const [catalogue, setCatalogue] = useState<FaultCatalogue>({ operations: [], faults: [] })
  const [examples, setExamples] = useState<Examples['calls']>([])
  const [problem, setProblem] = useState('')
  const [chosen, choose] = useState('commit-500')
  const [times, setTimes] = useState<number | undefined>(1)
  const [conditions, setConditions] = useState<readonly Condition[]>([])
  const [which, setWhich] = useState<Which>('all')
  const [whichNumber, setWhichNumber] = useState('2')
  const [until, setUntil] = useState<Until>('no')
  const [duration, setDuration] = useState('10m')
  const [end, setEnd] = useState('')
  const current = api === '' ? (apis.find(({ name }) => name === 'cryptlex') ?? apis[0])?.name : api
  const example = examples.find((one) => one.api === current)
  const target = operation ?? example?.operation ?? ''
  useEffect(() => {
    callAdmin({ operation: 'getExamples' }).then(
      ({ calls }) => setExamples(calls),
      (error: unknown) => setProblem(messageOf(error)),
    )
  }, [])
  useEffect(() => {
    if (current === undefined || examples.length === 0) return undefined
    const query = { api: current, operation: target === '' ? undefined : target }
    let isCurrent = true
    const load = async () => {
      const found = await callAdmin({ operation: 'getFaultCatalogue', query })
      if (!isCurrent) return
      setCatalogue(found)
      setProblem('')
    }
    load().catch((error: unknown) => setProblem(messageOf(error)))
    return () => void (isCurrent = false)
  }, [current, target, examples.length])
  const fields = Object.keys(example?.body ?? {})
  const userField = userFieldOf(example)
  const number = Number(whichNumber)
  const definition: NewFault = {
    fault: chosen,
    ...(current === undefined ? {} : { api: current as NonNullable<NewFault['api']> }), // the server's own list
    ...(target === '' ? {} : { operation: target }),
    ...matchOf(conditions, userField),
    ...(which === 'nth' && number > 1 ? { skip: number - 1 } : {}),
    ...(which === 'every' && number > 1 ? { every: number } : {}),
    ...(which === 'random' && number > 0 ? { probability: Math.min(number, 100) / 100 } : {}),
    ...(times === undefined ? {} : { times }),
    ...(until === 'for' && duration !== '' ? { expiresIn: duration } : {}),
    ...(until === 'until' && end !== '' ? { until: utcOf(end) } : {}),
  }
  const short = shortFormOf(definition)
  const call: AdminCall<'addFault'> = { operation: 'addFault', body: definition }
  const arm = async () => {
    const armed = await act(call, ({ id }) => `Armed ${id}: ${chosen}`)
    if (armed) onArmed()
  }
  const change = (id: number, changes: Partial<Condition>) =>
    setConditions(conditions.map((one) => (one.id === id ? { ...one, ...changes } : one)))
  const add = () => {
    const part = userField !== undefined && conditions.length === 0 ? 'user' : 'fields'
    setConditions([...conditions, newCondition(part)])
  }
  return (
    <form
      class="compose"
      onSubmit={(event) => {
        event.preventDefault()
        void arm()
      }}
    >
      <fieldset>
        <legend>For</legend>
        <div class="compose-line" role="radiogroup" aria-label="API">
          {apis.map(({ name }) => (
            <label key={name} class={`chip radio ${name === current ? 'on' : ''}`}>
              <input
                type="radio"
                name="api"
                checked={name === current}
                onChange={() => {
                  setApi(name)
                  setOperation(undefined)
                }}
              />
              <ApiName name={name} />
            </label>
          ))}
        </div>
        <select
          class="field"
          aria-label="Operation"
          value={target}
          onChange={(event) => setOperation(event.currentTarget.value)}
        >
          <option value="">Every operation</option>
          {catalogue.operations.map((one) => (
            <option key={one.operation} value={one.operation}>
              {one.operation} · {one.method} {one.path}
            </option>
          ))}
        </select>
      </fieldset>
      <fieldset>
        <legend>What happens</legend>
        <FaultPicker
          faults={catalogue.faults}
          chosen={chosen}
          onChoose={choose}
          problem={problem}
          isGrouped
        />
      </fieldset>
      <fieldset>
        <legend>Only for requests where</legend>
        {conditions.map((one) => (
          <ConditionRow
            key={one.id}
            condition={one}
            hasUser={userField !== undefined}
            onChange={(changes) => change(one.id, changes)}
            onRemove={() => setConditions(conditions.filter(({ id }) => id !== one.id))}
          />
        ))}
        <datalist id="fault-fields">
          {fields.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div class="compose-line">
          {conditions.length === 0 && <span class="quiet">No condition: every such request.</span>}
          <button type="button" class="link" onClick={add}>
            Add a condition
          </button>
        </div>
      </fieldset>
      <fieldset>
        <legend>How often</legend>
        <TimesChoice onChange={setTimes} />
        <div class="compose-line">
          <select
            class="field"
            aria-label="Which matching requests"
            value={which}
            onChange={(event) => setWhich(event.currentTarget.value as Which)} // one of the options below
          >
            <option value="all">each matching request</option>
            <option value="nth">from the n-th matching request on</option>
            <option value="every">every n-th matching request</option>
            <option value="random">matching requests at random, %</option>
          </select>
          {which !== 'all' && (
            <input
              type="number"
              class="field number"
              aria-label={which === 'random' ? 'Percent' : 'n'}
              min="1"
              max={which === 'random' ? '100' : '1000000'}
              value={whichNumber}
              onInput={(event) => setWhichNumber(event.currentTarget.value)}
            />
          )}
        </div>
        <div class="compose-line">
          <select
            class="field"
            aria-label="Until when"
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value as Until)} // one of the options below
          >
            <option value="no">without an end in time</option>
            <option value="for">for a time after arming</option>
            <option value="until">until a time of the sandbox</option>
          </select>
          {until === 'for' && (
            <input
              class="field number"
              aria-label="Duration, such as 10m"
              value={duration}
              pattern="\d+(\.\d+)?(ms|s|m|h|d)"
              onInput={(event) => setDuration(event.currentTarget.value)}
            />
          )}
          {until === 'until' && (
            <input
              type="datetime-local"
              class="field"
              step="1"
              aria-label="End, in UTC"
              value={end}
              onInput={(event) => setEnd(event.currentTarget.value)}
            />
          )}
        </div>
      </fieldset>
      <div class="compose-foot">
        <div class="short-form">
          <span class="quiet">Short form</span>
          <code>
            <Plain text={short} max={400} />
          </code>
          <CopyButton text={short} class="link" />
        </div>
        {conditions.length > 0 && (
          <p class="quiet short-note">Conditions have no short form; the other forms have them.</p>
        )}
        <CallCode
          call={madeCall(call)}
          more={{
            JSON: JSON.stringify(definition, null, 2),
            Header: `Standin-Fault: ${chosen}\n\n# On one request: no arming, and no conditions`,
          }}
          actions={
            <>
              <span class="spacer" />
              <button type="submit" class="button fail" disabled={chosen === ''}>
                <Icon name="bolt" /> Arm
              </button>
            </>
          }
        />
      </div>
    </form>
  )
}

/** The field with the user's address in the body of a create call. */
function userFieldOf(example: Examples['calls'][number] | undefined): string | undefined {
  return Object.entries<unknown>(example?.body ?? {}).find(
    ([, value]) => typeof value === 'string' && value.includes('@'),
  )?.[0]
}

/** A time that was entered as UTC. */
const utcOf = (entered: string): string => `${entered.length === 16 ? `${entered}:00` : entered}Z`

/** The short form of a definition, as far as it has one. */
function shortFormOf({ fault = '', api: _api, match: _match, ...others }: NewFault): string {
  const parts = Object.entries(others).map(
    ([name, value]) =>
      `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${String(value)}`,
  )
  return [fault, ...parts].filter(Boolean).join(';')
}
