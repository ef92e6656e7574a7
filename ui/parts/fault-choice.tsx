import { useState } from 'preact/hooks'
import type { FaultCatalogue } from '../../src/admin/contract.gen.ts'
import './fault-choice.css'

export type ListedFault = FaultCatalogue['faults'][number]

const GROUPS: Readonly<Record<ListedFault['group'], string>> = {
  refusal: 'Refusals',
  outcome: 'The answer and what is stored differ',
  time: 'Time',
  connection: 'Connection',
  body: 'Body of the answer',
  webhook: 'Webhook',
}

/** Matches a text in the syntax of a short form, such as `503;delay=1s`. */
const SHORT_FORM = /^[\w.-]+(=[^;\s]+)?(;[\w.-]+(=[^;\s]+)?)*$/

/** A list of faults in plain words, with a search. */
export function FaultPicker({
  faults,
  chosen,
  onChoose,
  problem = '',
  isGrouped = false,
}: {
  readonly faults: readonly ListedFault[]
  /** Short form. */
  readonly chosen: string
  readonly onChoose: (fault: string) => void
  readonly problem?: string
  /** True to show a title for each kind, and to offer a short form that is not in the list. */
  readonly isGrouped?: boolean
}) {
  const [search, setSearch] = useState('')
  const [isAll, setAll] = useState(false)
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = faults.filter(({ fault, text, common }) =>
    words.length === 0
      ? isAll || common || (isGrouped && fault === chosen)
      : words.every((word) => `${text} ${fault}`.toLowerCase().includes(word)),
  )
  const typed = search.trim()
  const isNew = (text: string) => !faults.some(({ fault }) => fault === text)
  const own = [
    ...(isGrouped && SHORT_FORM.test(typed) && /[\d=;.]/.test(typed) && isNew(typed)
      ? [typed]
      : []),
    ...(faults.length > 0 && chosen !== '' && chosen !== typed && isNew(chosen) ? [chosen] : []),
  ]
  const groups = isGrouped && (isAll || words.length > 0) ? Object.entries(GROUPS) : [['', '']]
  return (
    <>
      <input
        type="search"
        class="field fault-search"
        aria-label="Search faults"
        placeholder={
          isGrouped
            ? `Search ${faults.length} faults, or enter a short form`
            : `Search ${faults.length} faults`
        }
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="faults" role="radiogroup" aria-label="Fault">
        {own.map((fault) => (
          <FaultOption
            key={`own ${fault}`}
            fault={fault}
            text="As entered"
            chosen={chosen}
            onChoose={onChoose}
          />
        ))}
        {groups.map(([group, title]) => {
          const members = group === '' ? shown : shown.filter((one) => one.group === group)
          return (
            members.length > 0 && (
              <div key={group}>
                {title !== '' && <p class="fault-group">{title}</p>}
                {members.map(({ fault, text }) => (
                  <FaultOption
                    key={fault + text}
                    fault={fault}
                    text={text}
                    chosen={chosen}
                    onChoose={onChoose}
                  />
                ))}
              </div>
            )
          )
        })}
        {problem && <p class="problem">{problem}</p>}
        {shown.length + own.length === 0 && faults.length > 0 && (
          <p class="quiet">No fault has these words.</p>
        )}
      </div>
      {words.length === 0 && (
        <button type="button" class="link more" onClick={() => setAll(!isAll)}>
          {isAll ? 'Show the common faults' : `Show all ${faults.length} faults`}
        </button>
      )}
    </>
  )
}

function FaultOption({
  fault,
  text,
  chosen,
  onChoose,
}: {
  readonly fault: string
  readonly text: string
  readonly chosen: string
  readonly onChoose: (fault: string) => void
}) {
  return (
    <label class={fault === chosen ? 'chosen' : ''}>
      <input
        type="radio"
        name="fault"
        value={fault}
        checked={fault === chosen}
        onChange={() => onChoose(fault)}
      />
      <span>{text}</span>
      <code>{fault}</code>
    </label>
  )
}

type Kind = 'once' | 'n' | 'until cleared'

/** Once, n times, or until the fault is cleared. */
export function TimesChoice({
  onChange,
  children,
}: {
  /** Receives the number; undefined until the fault is cleared. */
  readonly onChange: (times: number | undefined) => void
  readonly children?: preact.ComponentChildren
}) {
  const [kind, setKind] = useState<Kind>('once')
  const [number, setNumber] = useState('3')
  const change = (next: Kind, count: string) => {
    setKind(next)
    setNumber(count)
    const given = next === 'once' ? 1 : next === 'n' ? Number(count) : 0
    onChange(given > 0 ? given : undefined)
  }
  return (
    <div class="times" role="radiogroup" aria-label="How often">
      {children}
      {(['once', 'n', 'until cleared'] as const).map((one) => (
        <label key={one} class={`chip ${kind === one ? 'on' : ''}`}>
          <input
            type="radio"
            name="times"
            aria-label={one === 'n' ? `${number} times` : one}
            checked={kind === one}
            onChange={() => change(one, number)}
          />
          {one === 'n' ? (
            <>
              <input
                type="number"
                aria-label="Number of times"
                min="1"
                max="1000000"
                value={number}
                onFocus={() => change('n', number)}
                onInput={(event) => change('n', event.currentTarget.value)}
              />{' '}
              times
            </>
          ) : (
            one
          )}
        </label>
      ))}
    </div>
  )
}
