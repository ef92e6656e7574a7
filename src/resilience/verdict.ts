import type { FaultCounts, Ending, Finding, CellVerdict } from './model.ts'

/** Judges one cell: its verdict, and the reason as one sentence. */
export function verdictOf(
  { exitCode, timedOut, ms }: Omit<Ending, 'output'>,
  faultCounts: FaultCounts,
  findings: readonly Finding[],
): { readonly verdict: CellVerdict; readonly why: string } {
  const failed = timedOut || exitCode !== 0
  if (faultCounts.fired === 0) {
    const also = failed
      ? ' The command failed nevertheless: it sometimes fails without a fault.'
      : ''
    return { verdict: 'not-met', why: `${notMet(faultCounts)}${also}` }
  }
  if (timedOut) {
    return { verdict: 'broke', why: `The command did not end within ${seconds(ms)}.` }
  }
  if (exitCode === null) return { verdict: 'broke', why: 'The command was ended by a signal.' }
  if (failed) return { verdict: 'broke', why: `The command failed with exit code ${exitCode}.` }
  if (findings.length > 0) {
    const ids = [...new Set(findings.map(({ id }) => id))].join(', ')
    return { verdict: 'survived-with-findings', why: `The command passed, but left ${ids}.` }
  }
  return {
    verdict: 'survived',
    why: 'The command passed, and request log and state show nothing wrong.',
  }
}

function notMet({ removed, nearestMiss }: FaultCounts): string {
  if (removed) {
    return 'The command removed the fault, for example by a reset; it must not reset the sandbox that it gets.'
  }
  if (nearestMiss === undefined) return 'The fault never fired: no request came near it.'
  return `The fault never fired; ${nearestMiss.requestId} came nearest: ${nearestMiss.why}.`
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
