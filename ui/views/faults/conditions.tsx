import type { NewFault } from '../../../src/admin/contract.gen.ts'
import { Icon } from '../../parts/icon.tsx'

type Part = 'user' | 'fields' | 'headers' | 'query' | 'params' | 'credential'

/** A condition on the request, as it is entered. */
export interface Condition {
  readonly id: number
  readonly part: Part
  readonly name: string
  readonly how: 'is' | 'matches' | 'exists' | 'absent'
  readonly value: string
}

const PART_TITLES: Readonly<Record<Part, string>> = {
  user: 'user',
  fields: 'body field',
  headers: 'header',
  query: 'query parameter',
  params: 'path parameter',
  credential: 'credential',
}

let conditionCount = 0

export function newCondition(part: Part): Condition {
  const value = part === 'user' ? 'ada@example.test' : ''
  return { id: ++conditionCount, part, name: '', how: 'is', value }
}

/** The fields of one condition. */
export function ConditionRow({
  condition,
  hasUser,
  onChange,
  onRemove,
}: {
  readonly condition: Condition
  readonly hasUser: boolean
  readonly onChange: (changes: Partial<Condition>) => void
  readonly onRemove: () => void
}) {
  const { part, name, how, value } = condition
  const isNamed = part !== 'user' && part !== 'credential'
  const parts = (Object.keys(PART_TITLES) as Part[]).filter((one) => one !== 'user' || hasUser) // its own keys
  return (
    <div class="compose-line condition-row">
      <select
        class="field"
        aria-label="Part of the request"
        value={part}
        onChange={(event) => onChange({ part: event.currentTarget.value as Part })} // one of the options
      >
        {parts.map((one) => (
          <option key={one} value={one}>
            {PART_TITLES[one]}
          </option>
        ))}
      </select>
      {isNamed && (
        <input
          type="text"
          class="field"
          aria-label="Name"
          placeholder={part === 'headers' ? 'user-agent' : 'name'}
          value={name}
          {...(part === 'fields' ? { list: 'fault-fields' } : {})}
          required
          onInput={(event) => onChange({ name: event.currentTarget.value })}
        />
      )}
      <select
        class="field how"
        aria-label="Comparison"
        value={how}
        onChange={(event) => onChange({ how: event.currentTarget.value as Condition['how'] })} // one of the options
      >
        <option value="is">is</option>
        <option value="matches">matches</option>
        <option value="exists">is there</option>
        <option value="absent">is absent</option>
      </select>
      {(how === 'is' || how === 'matches') && (
        <input
          class="field"
          aria-label="Value"
          placeholder={how === 'matches' ? 'regular expression' : 'value'}
          value={value}
          required
          onInput={(event) => onChange({ value: event.currentTarget.value })}
        />
      )}
      <button type="button" class="bare" aria-label="Remove the condition" onClick={onRemove}>
        <Icon name="close" />
      </button>
    </div>
  )
}

/** Returns the conditions in the form of a fault's definition. */
export function matchOf(
  conditions: readonly Condition[],
  userField = 'email',
): Pick<NewFault, 'match'> {
  const match: Record<string, unknown> = {}
  for (const { part, name, how, value } of conditions) {
    const wanted =
      how === 'exists' || how === 'absent'
        ? { exists: how === 'exists' }
        : how === 'matches'
          ? { regex: value }
          : valueOf(part, value)
    if (part === 'credential') {
      match['credential'] = wanted
      continue
    }
    const [to, key] = part === 'user' ? ['fields', userField] : [part, name]
    if (key !== '') match[to] = { ...(match[to] as object | undefined), [key]: wanted } // set above
  }
  return Object.keys(match).length === 0 ? {} : { match }
}

/**
 * Reads an entered value. In a body, `1` and `"1"` differ: numbers, true and false are entered
 * without quotes, and a text that looks like one of them in quotes.
 */
function valueOf(part: Part, entered: string): unknown {
  if (part !== 'fields') return entered
  if (/^(true|false|-?\d+(\.\d+)?)$/.test(entered)) return JSON.parse(entered) as unknown
  return /^".*"$/.test(entered) ? entered.slice(1, -1) : entered
}
