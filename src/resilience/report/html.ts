import { Html, html } from '../../admin/html.ts'
import { classesFor, GROUPS, type FaultClass, type Group } from '../classes.ts'
import type { CalledOperation, CellResult, Report } from '../model.ts'
import { scoreOf, scoresOf, worstOf, type Score } from '../score.ts'
import { anchorOf, storyOf } from './html-story.ts'
import { STYLES } from './html-styles.ts'
import { classOf, percentOf, sentence, timeOf, VERDICTS } from './words.ts'

/** Number of cells in the list to look at first. */
const FIRST = 6

/**
 * Returns the report as one HTML page without scripts or other files. It contains the score, the
 * cells to look at first, the matrix, and a detailed section for each cell, which a link in the
 * matrix opens.
 */
export function htmlReport(report: Report, program: string): string {
  const { all, apis, groups } = scoresOf(report)
  const worst = worstOf(report.results, FIRST)
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Resilience: ${percentOf(all)}</title>
        <style>
          ${new Html(STYLES)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>Resilience of <code>${report.command.join(' ')}</code></h1>
            <span class="second"
              >${report.results.length} cells in ${timeOf(report.ms)} · seed ${report.seed} ·
              Standin ${report.version}</span
            >
          </header>
          ${heroOf(all, report)} ${Object.keys(apis).length > 1 ? [tilesOf(apis)] : []}
          ${tilesOf(groups)} ${baselineFindings(report)}
          ${
            worst.length === 0
              ? []
              : [
                  html`<h2>Look at these first</h2>
                    <ul class="first">
                      ${worst.map(cardOf)}
                    </ul>`,
                ]
          }
          <h2>All cells</h2>
          <div class="matrix">
            ${report.baseline.operations.map((operation) => matrixOf(operation, report))}
          </div>
        </main>
        <a class="shade" href="#close" aria-label="Close" tabindex="-1"></a>
        ${report.results.map((result) => storyOf(result, report, program))}
      </body>
    </html>`
  return `${page.markup}\n`
}

function heroOf(score: Score, { notRun }: Report): Html {
  const { percent, survived, findings, broke, notMet } = score
  const counts = [
    ['survived', survived, 'survived'],
    ['findings', findings, 'survived with findings'],
    ['broke', broke, 'broke'],
    ['not-met', notMet, 'not met'],
    ['not-run', notRun.length, 'not run'],
  ] as const
  return html`<section class="hero card">
    <div class="score">${percent ?? '–'}<small>%</small></div>
    <div>
      ${barOf(score)}
      <ul class="legend">
        ${counts
          .filter(([name, count]) => count > 0 || !name.startsWith('not'))
          .map(([name, count, words]) => html`<li class="${name}"><b>${count}</b>${words}</li>`)}
      </ul>
    </div>
  </section>`
}

function barOf(score: Score): Html {
  const parts = [
    ['survived', score.survived],
    ['findings', score.findings],
    ['broke', score.broke],
  ] as const
  return html`<div class="bar" aria-hidden="true">
    ${parts
      .filter(([, count]) => count > 0)
      .map(([name, count]) => html`<i class="${name}" style="flex-grow:${count}"></i>`)}
  </div>`
}

function tilesOf(scores: Readonly<Record<string, Score>>): Html {
  return html`<ul class="scores">
    ${Object.entries(scores).map(tileOf)}
  </ul>`
}

function tileOf([name, score]: readonly [string, Score]): Html {
  const met = score.survived + score.findings + score.broke
  return html`<li class="card">
    <strong>${percentOf(score)}</strong>${barOf(score)}<span
      >${name}: ${score.survived} of ${met}</span
    >
  </li>`
}

function baselineFindings({ baseline }: Report): readonly Html[] {
  if (baseline.findings.length === 0) return []
  const items = baseline.findings.map(({ id, text }) => html`<li><b>${id}</b> ${text}</li>`)
  return [
    html`<h2>Without any fault</h2>
      <ul>
        ${items}
      </ul>`,
  ]
}

function cardOf({ cell, verdict, why, findings }: CellResult): Html {
  const [finding] = findings
  return html`<li>
    <a class="card ${classOf(verdict)}" href="#${anchorOf(cell.id)}"
      ><span class="word ${classOf(verdict)}">${VERDICTS[verdict]}</span>
      <code class="second">${cell.api}</code>
      <p>${sentence(cell.text)}</p>
      <p class="second">${finding ? `${finding.id}: ${finding.text}` : why}</p></a
    >
  </li>`
}

/** The cells of one operation: a row for each fault, a column for each position. */
function matrixOf({ api, operation, calls }: CalledOperation, report: Report): Html {
  const prefix = `${api}.${operation}/`
  const results = report.results.filter(({ cell }) => cell.id.startsWith(prefix))
  const byId = new Map(results.map((result) => [result.cell.id, result]))
  const ids = [...byId.keys(), ...report.notRun.filter((id) => id.startsWith(prefix))]
  const positions = [...new Set(ids.map((id) => id.split('/')[1]!))].toSorted(
    (a, b) => placeOf(a) - placeOf(b),
  )
  const classes = classesFor(report.baseline.operations).filter(({ id }) =>
    ids.some((one) => one.endsWith(`/${id}`)),
  )
  if (classes.length === 0) return html``
  const row = ({ id, text }: FaultClass) =>
    html`<tr>
      <th scope="row" title="${text}">${id}</th>
      ${positions.map((position) => cellOf(`${prefix}${position}/${id}`, byId, report))}
    </tr>`
  const groups = (Object.keys(GROUPS) as Group[])
    .map((group) => [group, classes.filter((one) => one.group === group)] as const)
    .filter(([, rows]) => rows.length > 0)
  return html`<section class="card">
    <div class="head">
      <div>
        <h3>${operation}</h3>
        <span class="second">${api}, ${calls === 1 ? 'called once' : `called ${calls} times`}</span>
      </div>
      <strong>${percentOf(scoreOf(results))}</strong>
    </div>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th></th>
            ${positions.map((position) => html`<th scope="col">${columnOf(position)}</th>`)}
          </tr>
        </thead>
        ${groups.map(
          ([group, rows]) =>
            html`<tbody class="group">
              <tr>
                <th class="title" colspan="${positions.length + 1}">${GROUPS[group]}</th>
              </tr>
              ${rows.map(row)}
            </tbody>`,
        )}
      </table>
    </div>
  </section>`
}

function cellOf(id: string, byId: ReadonlyMap<string, CellResult>, { notRun }: Report): Html {
  const result = byId.get(id)
  if (result) {
    const { verdict, cell } = result
    return html`<td>
      <a class="word ${classOf(verdict)}" href="#${anchorOf(id)}" title="${sentence(cell.text)}"
        >${VERDICTS[verdict]}</a
      >
    </td>`
  }
  return notRun.includes(id)
    ? html`<td><span class="word not-run">not run</span></td>`
    : html`<td></td>`
}

/** Columns: the first call, later ones by their number, and every call. */
function placeOf(position: string): number {
  if (position === 'first') return 1
  return position === 'every' ? Infinity : Number(position.slice('call-'.length))
}

function columnOf(position: string): string {
  if (position === 'first') return 'first call'
  return position === 'every' ? 'every call' : position.replace('-', ' ')
}
