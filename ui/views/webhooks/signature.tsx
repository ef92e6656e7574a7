import type { SignatureVerdict } from '../../../src/admin/contract.gen.ts'
import { Plain } from '../../parts/plain.tsx'

const STEPS: Readonly<Record<string, string>> = {
  body: 'Body',
  header: 'Header',
  form: 'Form',
  decode: 'Decoding',
  length: 'Length',
  timestamp: 'Timestamp',
  secret: 'Secret',
  signature: 'Signature',
}

/** A signature check, step by step up to the first that failed. */
export function Signature({ verdict }: { readonly verdict: SignatureVerdict }) {
  return (
    <ol class="steps">
      {verdict.steps.map(({ step, passed, text }) => (
        <li class={`step ${passed ? 'passed' : 'refused'}`} key={step}>
          <span class="step-mark" role="img" aria-label={passed ? 'passed' : 'failed'}>
            {passed ? '✓' : '✕'}
          </span>
          <div class="step-body">
            <div class="step-head">
              <h3>{STEPS[step] ?? step}</h3>
            </div>
            <p>
              <Plain text={text} max={1000} />
            </p>
          </div>
        </li>
      ))}
    </ol>
  )
}

/** Converts pairs of names and values to the form of headers in the request log. */
export function headersOf(
  pairs: readonly (readonly string[])[],
): Readonly<Record<string, string[]>> {
  const headers: Record<string, string[]> = {}
  for (const [name = '', value = ''] of pairs) (headers[name] ??= []).push(value)
  return headers
}
