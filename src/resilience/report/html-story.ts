import { stripVTControlCharacters } from 'node:util'
import { html, type Html } from '../../admin/html.ts'
import type { CellResult, CalledRequest, WebhookDelivery, Report } from '../model.ts'
import { repeatCommand } from './repeat.ts'
import { classOf, sentence, timeOf, VERDICTS } from './words.ts'

/**
 * Returns the section of a cell: the armed fault, the requests and webhooks, and the command that
 * repeats it.
 */
export function storyOf(result: CellResult, report: Report, program: string): Html {
  const { cell, verdict, why, ending, findings, exchanges, omitted, decisive } = result
  return html`<article class="story" id="${anchorOf(cell.id)}" aria-label="${cell.id}">
    <div class="top">
      <span
        ><span class="word ${classOf(verdict)}">${VERDICTS[verdict]}</span>
        <span class="second">${timeOf(ending.ms)}</span></span
      >
      <a class="close" href="#close">Close</a>
    </div>
    <h2>${sentence(cell.text)}</h2>
    <p>${why}</p>
    ${findings.length === 0 ? [] : findingsOf(result)}
    <h3>Repeat it</h3>
    <pre>${repeatCommand(program, cell.id, report)}</pre>
    <h3>Fault that was armed</h3>
    <pre>${JSON.stringify(cell.definition)}</pre>
    ${requestsOf(exchanges, omitted)} ${deliveriesOf(result.deliveries)}
    ${
      decisive === undefined
        ? []
        : [
            html`<details open>
              <summary>Explanation of ${decisive.id}</summary>
              <pre>${decisive.explanation.trim()}</pre>
            </details>`,
          ]
    }
    ${
      ending.output.trim() === ''
        ? []
        : [
            html`<details>
              <summary>Output of the command</summary>
              <pre>${stripVTControlCharacters(ending.output).trim()}</pre>
            </details>`,
          ]
    }
  </article>`
}

/** Name of a story within the page. */
export function anchorOf(id: string): string {
  return `cell-${id.replaceAll(/[^\w.-]/g, '_')}`
}

function findingsOf({ findings }: CellResult): readonly Html[] {
  const items = findings.map(({ id, text }) => html`<li><b>${id}</b><br />${text}</li>`)
  return [
    html`<h3>Findings</h3>
      <ul class="found">
        ${items}
      </ul>`,
  ]
}

function requestsOf(exchanges: readonly CalledRequest[], omitted: number): Html {
  const items = exchanges.map((exchange) => {
    const { id, at, ms, method, path, status, reason, retryAfter, faulty, user } = exchange
    const notes = [
      id,
      `${ms} ms`,
      ...(reason === undefined ? [] : [reason]),
      ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
      ...(user ? [`created ${user.email ?? user.id}`] : []),
    ]
    return html`<li class="${faulty ? 'faulty' : 'plain'}">
      <span class="when">+${at} ms</span>
      <span class="status ${status >= 200 && status <= 399 ? 'good' : 'bad'}"
        >${status === 0 ? 'none' : status}</span
      >
      <span>${method} <code>${path}</code></span>
      <span class="note"
        >${faulty ? [html`<span class="fault">the fault fired</span> · `] : []}${notes.join(
          ' · ',
        )}</span
      >
    </li>`
  })
  const more = omitted === 0 ? '' : `; ${omitted} in the middle are left out`
  return html`<h3>Requests in their order${more}</h3>
    <ol class="requests">
      ${items}
    </ol>`
}

function deliveriesOf(deliveries: readonly WebhookDelivery[]): readonly Html[] {
  if (deliveries.length === 0) return []
  const items = deliveries.map(({ id, event, requestId, attempts }) => {
    const ends = attempts.map(({ status, error = 'no answer', faults }) => {
      const fault = faults.length === 0 ? '' : ` (${faults.join(', ')})`
      return `${status ?? error}${fault}`
    })
    const last = attempts.at(-1)?.status ?? 0
    return html`<li class="plain">
      <span class="when">${requestId ?? ''}</span>
      <span class="status ${last >= 200 && last <= 299 ? 'good' : 'bad'}"
        >${last === 0 ? 'none' : last}</span
      >
      <span>${event}</span>
      <span class="note">${id} · ${ends.length === 0 ? 'not sent' : ends.join(', then ')}</span>
    </li>`
  })
  return [
    html`<h3>Webhooks</h3>
      <ol class="requests">
        ${items}
      </ol>`,
  ]
}
