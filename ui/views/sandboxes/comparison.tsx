import { useEffect, useState } from 'preact/hooks'
import type { Difference } from '../../../src/admin/contract.gen.ts'
import { callAdmin } from '../../api/client.ts'
import { Plain } from '../../parts/plain.tsx'
import { messageOf } from '../../state/actions.ts'
import { refreshCount } from '../../state/overview.ts'

type Row = Readonly<Record<string, unknown>>

const MAX_ROWS = 20

/** The differences of a snapshot from the current state, or from another snapshot. */
export function Comparison({
  name,
  others,
}: {
  readonly name: string
  readonly others: readonly string[]
}) {
  const [other, setOther] = useState('')
  const [found, setFound] = useState<Difference>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    const query = other === '' ? {} : { with: other }
    const load = async () => {
      setFound(await callAdmin({ operation: 'diffSnapshot', params: { snapshot: name }, query }))
      setProblem('')
    }
    load().catch((error: unknown) => setProblem(messageOf(error)))
  }, [name, other, refreshCount.value])
  const tables = Object.entries(found ?? {})
  const target = other === '' ? 'now' : other
  return (
    <div class="comparison">
      <label class="line">
        <span class="quiet">From {name} to</span>
        <select
          class="field"
          value={other}
          onChange={(event) => setOther(event.currentTarget.value)}
        >
          <option value="">the current state</option>
          {others.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {problem && <p class="problem">{problem}</p>}
      {found && tables.length === 0 && <p class="quiet">Nothing differs.</p>}
      {tables.map(([table, { added, removed, changed }]) => (
        <section key={table} aria-label={table}>
          <h3>
            {table}{' '}
            <span class="quiet">
              {[
                [added.length, 'added'],
                [removed.length, 'removed'],
                [changed.length, 'changed'],
              ]
                .filter(([count]) => count !== 0)
                .map(([count, word]) => `${count} ${word}`)
                .join(', ')}
            </span>
          </h3>
          <ul>
            {added.slice(0, MAX_ROWS).map((row, i) => (
              <li key={`added ${i}`} class="added">
                <details>
                  <summary>
                    <span aria-label="added">+</span> <Plain text={titleOf(row)} max={120} />
                  </summary>
                  <pre class="code">
                    <Plain text={JSON.stringify(row, null, 2)} max={2000} />
                  </pre>
                </details>
              </li>
            ))}
            {removed.slice(0, MAX_ROWS).map((row, i) => (
              <li key={`removed ${i}`} class="removed">
                <details>
                  <summary>
                    <span aria-label="removed">−</span> <Plain text={titleOf(row)} max={120} />
                  </summary>
                  <pre class="code">
                    <Plain text={JSON.stringify(row, null, 2)} max={2000} />
                  </pre>
                </details>
              </li>
            ))}
            {changed.slice(0, MAX_ROWS).map(({ before, after }, i) => (
              <li key={`changed ${i}`} class="changed">
                <span aria-label="changed">~</span> <Plain text={titleOf(after)} max={120} />
                <ul class="changes">
                  {changesOf(before, after).map(([field, old, next]) => (
                    <li key={field}>
                      <code>
                        <Plain text={field} />
                      </code>{' '}
                      <del>
                        <Plain text={old} max={200} />
                      </del>{' '}
                      →{' '}
                      <ins>
                        <Plain text={next} max={200} />
                      </ins>
                    </li>
                  ))}
                </ul>
              </li>
            ))}
          </ul>
          {Math.max(added.length, removed.length, changed.length) > MAX_ROWS && (
            <p class="quiet small">Only the first {MAX_ROWS} of each kind are shown.</p>
          )}
        </section>
      ))}
      <p class="hidden" role="status">
        {found ? `${tables.length} tables differ between ${name} and ${target}` : ''}
      </p>
    </div>
  )
}

/** A readable name of a row: its address, its name or its id. */
function titleOf(row: object): string {
  const entries = Object.entries(row as Row)
  const found =
    entries.find(([, value]) => typeof value === 'string' && /^[^\s@]+@[^\s@]+$/.test(value)) ??
    entries.find(([name]) => /^(user)?name$/i.test(name)) ??
    entries.find(([name]) => /^id$/i.test(name))
  return found === undefined ? JSON.stringify(row) : String(found[1])
}

function changesOf(before: object, after: object): readonly (readonly [string, string, string])[] {
  const [old, next] = [before as Row, after as Row]
  const names = [...new Set([...Object.keys(old), ...Object.keys(next)])]
  return names.flatMap((name) => {
    const [one, two] = [old[name], next[name]].map((value) => JSON.stringify(value) ?? 'absent')
    return one === two ? [] : [[name, one!, two!] as const] // two values
  })
}
