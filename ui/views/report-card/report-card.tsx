import type { ReportCard as Card, ReportCardCheck } from '../../../src/admin/contract.gen.ts'
import { shortTitle } from '../../parts/api-name.tsx'
import { Plain } from '../../parts/plain.tsx'
import { act } from '../../state/actions.ts'
import { useFetched } from '../../state/fetched.ts'
import { hrefOf, parameter, setParameters } from '../../state/location.ts'
import { overview } from '../../state/overview.ts'
import './report-card.css'

type Verdict = ReportCardCheck['verdict']

/** Titles of the verdicts, in the order of the list: failed checks come first. */
const VERDICTS = { failed: 'Failed', passed: 'Passed', 'not-seen': 'Not seen' } as const
const SUBJECTS = { client: 'Client of the APIs', receiver: 'Receiver of webhooks' } as const

const NO_CHECKS: readonly ReportCardCheck[] = []

/** Verdicts on the client and the receiver, from what the sandbox has recorded. */
export function ReportCard() {
  const api = parameter('api')
  const verdict = parameter('verdict')
  const query = api === '' ? {} : { api }
  const { data, problem } = useFetched({ operation: 'getReportCard', query })
  const card = typeof data === 'object' ? data : undefined // only a call that asks for text gets text
  const checks = card?.checks ?? NO_CHECKS
  const shown = checks.filter((check) => verdict === '' || check.verdict === verdict)
  return (
    <main class="report-card-view" tabIndex={0}>
      <div class="view-head">
        <h1>Report card</h1>
        <span class="quiet">{card === undefined ? '' : summaryOf(card)}</span>
      </div>
      <Filter checks={checks} />
      {problem && <p class="problem">{problem}</p>}
      {card !== undefined && card.requests + card.deliveries === 0 && (
        <p class="empty">
          Nothing was recorded yet{api === '' ? '' : ` for ${shortTitle(api)}`}. Run the program or
          its tests: each check appears here with the requests that show it.
        </p>
      )}
      {(['client', 'receiver'] as const).map((subject) => {
        const own = shown.filter((check) => check.subject === subject)
        return own.length === 0 ? null : (
          <section key={subject} aria-label={SUBJECTS[subject]}>
            <h2>{SUBJECTS[subject]}</h2>
            <ul class="checks">
              {(Object.keys(VERDICTS) as Verdict[]).flatMap((one) =>
                own
                  .filter((check) => check.verdict === one)
                  .map((check) => <Check key={check.id} check={check} api={api} />),
              )}
            </ul>
          </section>
        )
      })}
    </main>
  )
}

function summaryOf({ requests, deliveries }: Card): string {
  const count = (number: number, one: string, many: string) =>
    `${number.toLocaleString('en')} ${number === 1 ? one : many}`
  return `by ${count(requests, 'request', 'requests')} and ${count(deliveries, 'delivery', 'deliveries')}`
}

function Filter({ checks }: { readonly checks: readonly ReportCardCheck[] }) {
  const api = parameter('api')
  const verdict = parameter('verdict')
  const chip = (title: string, isOn: boolean, changes: Readonly<Record<string, string>>) => (
    <button
      type="button"
      key={title}
      class="chip"
      aria-pressed={isOn}
      onClick={() => setParameters(changes)}
    >
      {title}
    </button>
  )
  const countOf = (one: string) => checks.filter((check) => check.verdict === one).length
  return (
    <div class="chips" role="group" aria-label="Filter">
      {chip('All APIs', api === '', { api: '' })}
      {(overview.value?.front.apis ?? []).map(({ name }) =>
        chip(shortTitle(name), api === name, { api: api === name ? '' : name }),
      )}
      {Object.entries(VERDICTS).map(([one, title]) =>
        chip(`${title} ${countOf(one)}`, verdict === one, { verdict: verdict === one ? '' : one }),
      )}
    </div>
  )
}

const MARKS: Readonly<Record<Verdict, { readonly sign: string; readonly tone: string }>> = {
  failed: { sign: '✕', tone: 'bad' },
  passed: { sign: '✓', tone: 'ok' },
  'not-seen': { sign: '–', tone: '' },
}

function Check({ check, api }: { readonly check: ReportCardCheck; readonly api: string }) {
  const { id, title, verdict, text, requests, deliveries, provoke } = check
  const { sign, tone } = MARKS[verdict]
  return (
    <li class={`check ${tone}`} aria-label={`${id}: ${VERDICTS[verdict]}`}>
      <span class={`check-mark ${tone}`} aria-hidden="true">
        {sign}
      </span>
      <div>
        <h3>{title}</h3>
        <p>
          <span class={`tag ${tone}`}>{VERDICTS[verdict].toLowerCase()}</span> <code>{id}</code>
        </p>
        <p class={verdict === 'not-seen' ? 'quiet' : ''}>
          <Plain text={text} max={600} />
        </p>
        {requests.length + deliveries.length > 0 && (
          <p class="shown-by">
            Shown by{' '}
            {requests.map((one) => (
              <a key={one} href={hrefOf('requests', { open: one })}>
                {one}
              </a>
            ))}
            {deliveries.map((one) => (
              <a key={one} href={hrefOf('webhooks', { open: one })}>
                {one}
              </a>
            ))}
          </p>
        )}
        <p class="quiet provoke">
          {verdict === 'not-seen' ? 'To see it: ' : 'To see it again: '}
          {isFault(provoke) ? <code>{provoke}</code> : provoke}
          {isFault(provoke) && (
            <button
              type="button"
              class="link"
              aria-label={`Arm it: ${provoke}`}
              onClick={() => void arm(provoke, api)}
            >
              Arm it
            </button>
          )}
        </p>
      </div>
    </li>
  )
}

/** Returns true for the short form of a fault. Other advice is a sentence, with spaces. */
function isFault(provoke: string): boolean {
  return !provoke.includes(' ')
}

async function arm(fault: string, api: string): Promise<void> {
  const body = api === '' ? { fault } : { fault, api }
  await act({ operation: 'addFault', body }, ({ id }) => `Armed ${id}: ${fault}`)
}
