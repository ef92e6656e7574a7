import type { CellVerdict } from '../model.ts'
import type { Score } from '../score.ts'

/** Verdicts as people read them. */
export const VERDICTS: Readonly<Record<CellVerdict, string>> = {
  survived: 'survived',
  'survived-with-findings': 'findings',
  broke: 'broke',
  'not-met': 'not met',
}

export function percentOf({ percent }: Score): string {
  return percent === undefined ? 'no score' : `${percent} %`
}

/** `12 survived, 3 with findings, 20 broke, 2 not met`. */
export function countsOf({ survived, findings, broke, notMet }: Score): string {
  return `${survived} survived, ${findings} with findings, ${broke} broke, ${notMet} not met`
}

/** `1 cell`, `12 cells`. */
export function cellsIn(count: number): string {
  return count === 1 ? '1 cell' : `${count} cells`
}

/** `0.4 s`, `42 s` or `3 min 5 s`. */
export function timeOf(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** The first paragraph of an explanation after its title, as one line. */
export function summaryOf(explanation: string): string {
  return (explanation.split('\n\n')[1] ?? '').replaceAll('\n', ' ')
}

/** Class of a verdict in the style sheet. */
export function classOf(verdict: CellVerdict): string {
  return verdict === 'survived-with-findings' ? 'findings' : verdict
}

/** A text as a sentence of its own; a name of code at its start stays as it is. */
export function sentence(text: string): string {
  return `${text}.`
}
