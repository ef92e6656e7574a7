import type {
  Decision,
  Evidence,
  Explanation,
  RecordedRequest,
} from '../../../src/admin/contract.gen.ts'
import { useState } from 'preact/hooks'
import { Plain } from '../../parts/plain.tsx'
import { hrefOf } from '../../state/location.ts'

const STEPS: Readonly<Record<Decision['step'], string>> = {
  sandbox: 'Sandbox',
  arrival: 'Arrival',
  route: 'Operation',
  faults: 'Faults',
  credentials: 'Credentials',
  accept: 'Answer format',
  body: 'Request body',
  contract: 'Contract',
  strict: 'Strict profile',
  operation: 'Rules of the operation',
  saving: 'State',
  webhooks: 'Webhooks',
  answer: 'Answer',
}

const MARKS = { passed: '✓', noted: '!', refused: '✕' } as const
const OUTCOMES = { passed: 'passed', noted: 'passed with a note', refused: 'refused' } as const

/** The explanation step by step, and what to change. */
export function Why({
  explanation,
  record,
}: {
  readonly explanation: Explanation
  readonly record: RecordedRequest
}) {
  const { decisions, hints, nearest, summary } = explanation
  const fired = record.faults ?? []
  return (
    <>
      <p class="summary">
        <Linked text={summary} />
      </p>
      <ol class="steps">
        {decisions.map((decision) => (
          <Step key={decision.step} decision={decision} hasFired={fired.length > 0} />
        ))}
      </ol>
      {(hints.length > 0 || nearest.length > 0) && (
        <section class="change" aria-label="What to change">
          <h3>What to change</h3>
          <ul>
            {hints.map(({ code, text }) => (
              <li key={code}>
                <Linked text={text} />
              </li>
            ))}
            {nearest.map(({ operation, method, path, edits }) => (
              <li key={operation}>
                Nearest: <code>{`${method} ${path}`}</code>
                <br />
                <Plain text={edits.map(({ text }) => text).join('; ')} max={500} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function Step({ decision, hasFired }: { readonly decision: Decision; readonly hasFired: boolean }) {
  const { step, outcome, text, evidence, checks = [] } = decision
  const isFault = step === 'faults' && hasFired
  const tone = isFault ? 'fault' : outcome
  const [isOpen, setOpen] = useState(outcome !== 'passed')
  const notable = checks.filter((one) => one.outcome !== 'passed')
  const passed = checks.filter((one) => one.outcome === 'passed')
  return (
    <li class={`step ${tone}`}>
      <span class="step-mark" role="img" aria-label={isFault ? 'fired' : OUTCOMES[outcome]}>
        {isFault ? '⚡' : MARKS[outcome]}
      </span>
      <div class="step-body">
        <div class="step-head">
          <h3>{STEPS[step]}</h3>
          <Level
            evidence={evidence.length > 0 ? evidence : notable.flatMap((one) => one.evidence)}
            isOpen={isOpen}
            onToggle={() => setOpen(!isOpen)}
          />
        </div>
        <p>
          <Linked text={text} />
        </p>
        {isOpen && <Sources evidence={evidence} />}
        {notable.map((check) => (
          <CheckText key={check.at + check.text} check={check} />
        ))}
        {passed.length > 0 && (
          <details>
            <summary>
              {passed.length} {passed.length === 1 ? 'check' : 'checks'} passed
            </summary>
            {passed.map((check) => (
              <CheckText key={check.at + check.text} check={check} />
            ))}
          </details>
        )}
      </div>
    </li>
  )
}

function CheckText({ check }: { readonly check: NonNullable<Decision['checks']>[number] }) {
  const { at, outcome, text, evidence } = check
  return (
    <div class={`check ${outcome}`}>
      <p>
        <span class="check-mark" role="img" aria-label={OUTCOMES[outcome]}>
          {MARKS[outcome]}
        </span>{' '}
        <code>
          <Plain text={at} max={200} />
        </code>{' '}
        <Linked text={text} />
      </p>
      <Sources evidence={evidence} />
    </div>
  )
}

const LEVELS = ['documented', 'public', 'assumed'] as const

/** A button with the weakest evidence among the rules of a step; it shows and hides the sources. */
function Level({
  evidence,
  isOpen,
  onToggle,
}: {
  readonly evidence: readonly Evidence[]
  readonly isOpen: boolean
  readonly onToggle: () => void
}) {
  const weakest = LEVELS.findLast((level) => evidence.some((one) => one.level === level))
  if (weakest === undefined) return null
  return (
    <button
      type="button"
      class={`level ${weakest}`}
      aria-expanded={isOpen}
      title={isOpen ? 'Hide the source' : 'Show the source'}
      onClick={onToggle}
    >
      {weakest}
    </button>
  )
}

function Sources({ evidence }: { readonly evidence: readonly Evidence[] }) {
  const shown = evidence.filter(({ line, url, note }) => line ?? url ?? note)
  if (shown.length === 0) return null
  const key = ({ line, url, note }: Evidence) => [line, url, note].join('\n')
  const unique = [...new Map(shown.map((one) => [key(one), one])).values()]
  return (
    <ul class="sources">
      {unique.map((one) => (
        <li key={key(one)} class={one.level}>
          {one.line === undefined ? '' : <q>{one.line}</q>} {one.note}{' '}
          {one.url !== undefined && /^https?:/.test(one.url) && (
            <a href={one.url} target="_blank" rel="noreferrer noopener">
              {new URL(one.url).hostname}
            </a>
          )}
        </li>
      ))}
    </ul>
  )
}

/** A text whose ids of requests are links. */
function Linked({ text }: { readonly text: string }) {
  const parts = text.split(/\b((?:req|rejected)-\d{1,9})\b/)
  return (
    <>
      {parts.map((part, i) =>
        i % 2 === 0 ? (
          <Plain text={part} max={2000} />
        ) : (
          <a href={hrefOf('requests', { open: part })}>{part}</a>
        ),
      )}
    </>
  )
}
