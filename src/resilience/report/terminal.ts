import type { Baseline, Cell, CellResult, Report, CellVerdict } from '../model.ts'
import { scoresOf, worstOf, type Score } from '../score.ts'
import { repeatCommand } from './repeat.ts'
import { cellsIn, countsOf, percentOf, summaryOf, timeOf, VERDICTS } from './words.ts'

/** Number of cells that the summary describes. */
const SHOWN = 5
const BAR = 24

const COLORS: Readonly<Record<CellVerdict, number>> = {
  survived: 32,
  'survived-with-findings': 33,
  broke: 31,
  'not-met': 90,
}

export interface TerminalOptions {
  /** True for a terminal: its last line shows the progress. */
  readonly live: boolean
  readonly colors: boolean
  /** The program in the commands that it shows, such as `npx standin`. */
  readonly program: string
  readonly write: (text: string) => void
}

/** Output of a resilience run for people. */
export class Terminal {
  readonly #options: TerminalOptions
  #status = ''

  constructor(options: TerminalOptions) {
    this.#options = options
  }

  /** Prints a line above the progress. */
  line(text = ''): void {
    this.#clear()
    this.#options.write(`${text}\n`)
    this.#options.write(this.#status)
  }

  /** Replaces the last line of a terminal. */
  status(text: string): void {
    if (!this.#options.live) return
    this.#clear()
    this.#status = text
    this.#options.write(text)
  }

  baseline({ operations, ms, findings }: Baseline): void {
    this.line(`Baseline: the command passes in ${timeOf(ms)} and calls`)
    for (const { api, operation, calls, notifies } of operations) {
      const times = calls === 1 ? 'once' : `${calls} times`
      this.line(`  ${api}.${operation} ${times}${notifies ? ', with webhooks' : ''}`)
    }
    for (const { id, text } of findings) this.line(`  Without any fault: ${id}: ${text}`)
  }

  plan(cells: readonly Cell[], jobs: number, ms: number): void {
    const estimate = (cells.length * ms) / Math.min(jobs, Math.max(1, cells.length))
    this.line(
      `Plan: ${cellsIn(cells.length)}, ${jobs} at a time, about ${timeOf(estimate)} if nothing waits`,
    )
  }

  cells(cells: readonly Cell[]): void {
    const width = Math.max(...cells.map(({ id }) => id.length))
    for (const { id, text } of cells) this.line(`  ${id.padEnd(width)}  ${text}`)
  }

  result(result: CellResult, done: number, total: number, elapsed: number, width: number): void {
    const { cell, verdict, ending, findings } = result
    const word = this.#colored(VERDICTS[verdict].padEnd(9), verdict)
    const notes = ending.timedOut
      ? 'time limit'
      : [...new Set(findings.map(({ id }) => id))].join(', ')
    this.line(
      `  ${word} ${cell.id.padEnd(width)} ${timeOf(ending.ms).padStart(6)}  ${notes}`.trimEnd(),
    )
    const filled = Math.round((BAR * done) / total)
    const left = done === 0 ? 0 : (elapsed / done) * (total - done)
    this.status(
      `  [${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}] ${done} of ${total}, about ${timeOf(left)} left`,
    )
  }

  /** Prints the score, and the cells to look at first. */
  summary(report: Report): void {
    this.status('')
    const { all, apis, groups } = scoresOf(report)
    this.line()
    this.line(`Score ${percentOf(all)}: ${countsOf(all)}`)
    if (report.notRun.length > 0) this.line(`${cellsIn(report.notRun.length)} did not run`)
    this.line()
    this.#table([...Object.entries(apis), ...Object.entries(groups)])
    const worst = worstOf(report.results, SHOWN)
    if (worst.length === 0) return
    this.line()
    this.line('Look at these first:')
    for (const result of worst) this.#story(result, report)
  }

  #story(result: CellResult, report: Report): void {
    const { cell, verdict, why, findings, decisive } = result
    this.line()
    this.line(`  ${this.#colored(VERDICTS[verdict], verdict)}  ${cell.id}`)
    this.line(`    ${cell.text}. ${why}`)
    for (const { id, text } of findings.slice(0, 3)) this.line(`    ${id}: ${text}`)
    if (decisive) this.line(`    ${decisive.id}: ${summaryOf(decisive.explanation)}`)
    this.line(`    ${repeatCommand(this.#options.program, cell.id, report)}`)
  }

  /** Prints one cell in full. */
  cell(result: CellResult): void {
    const { cell, verdict, why, findings, exchanges, deliveries, decisive, ending } = result
    this.line()
    this.line(`${this.#colored(VERDICTS[verdict], verdict)}  ${cell.id}  ${timeOf(ending.ms)}`)
    this.line(`${cell.text}. ${why}`)
    this.line(`Fault: ${JSON.stringify(cell.definition)}`)
    for (const { id, text } of findings) this.line(`${id}: ${text}`)
    this.line()
    for (const { id, at, method, path, status, faulty, reason = '', ms } of exchanges) {
      const answer = status === 0 ? 'no answer' : String(status)
      this.line(
        `  ${faulty ? '*' : ' '} ${id.padEnd(9)} +${String(at).padStart(5)} ms  ${answer.padEnd(9)} ${method} ${path}  ${reason} (${ms} ms)`,
      )
    }
    for (const { id, event, attempts } of deliveries) {
      const ends = attempts.map(({ status, error = 'no answer', faults }) =>
        [String(status ?? error), ...faults].join(' '),
      )
      this.line(`    ${event} ${id}: ${ends.length === 0 ? 'not sent' : ends.join(', ')}`)
    }
    if (decisive === undefined) return
    this.line()
    this.line(decisive.explanation.trimEnd())
  }

  #table(rows: readonly (readonly [string, Score])[]): void {
    const width = Math.max(...rows.map(([name]) => name.length), 0)
    this.line(`  ${''.padEnd(width)}  score     survived  findings  broke  not met`)
    for (const [name, score] of rows) {
      const { survived, findings, broke, notMet } = score
      this.line(
        `  ${name.padEnd(width)}  ${percentOf(score).padEnd(8)}${String(survived).padStart(10)}${String(findings).padStart(10)}${String(broke).padStart(7)}${String(notMet).padStart(9)}`,
      )
    }
  }

  #colored(text: string, verdict: CellVerdict): string {
    return this.#options.colors ? `\u001B[${COLORS[verdict]}m${text}\u001B[0m` : text
  }

  #clear(): void {
    if (this.#status === '') return
    this.#options.write('\r\u001B[K')
  }
}
