import { computed } from '@preact/signals'
import { parameter } from '../../state/location.ts'
import { rows, type Row } from '../../state/requests.ts'

/** Filter chips other than those of APIs, by the value of the parameter `only`. */
export const ONLY: readonly (readonly [
  value: string,
  title: string,
  fits: (row: Row) => boolean,
])[] = [
  ['refused', 'Refused', ({ status }) => status >= 400 || status === 0],
  ['faults', 'Faults', ({ faults }) => faults.length > 0],
]

/** True if a word of the filter matches: a status such as `409` or `4xx`, or any text. */
function matcherOf(word: string): (row: Row) => boolean {
  const [, hundreds] = /^([1-5])xx$/.exec(word) ?? []
  if (hundreds !== undefined) return ({ status }) => Math.floor(status / 100) === Number(hundreds)
  if (/^[1-5]\d\d$/.test(word)) return ({ status }) => status === Number(word)
  return ({ searched }) => searched.includes(word)
}

/** The rows that pass the filter of the address, the newest first. */
export const shownRows = computed((): readonly Row[] => {
  const api = parameter('api')
  const only = ONLY.find(([value]) => value === parameter('only'))
  const tests = [
    ...(api === '' ? [] : [(row: Row) => row.api === api]),
    ...(only ? [only[2]] : []),
    ...parameter('q').toLowerCase().split(/\s+/).filter(Boolean).map(matcherOf),
  ]
  return tests.length === 0
    ? rows.value
    : rows.value.filter((row) => tests.every((fits) => fits(row)))
})

/** The time of day of a request, in UTC as its sandbox has it. */
export const timeOf = (time: string, digits = 8): string => time.slice(11, 11 + digits)
