import { useState } from 'preact/hooks'
import type { RecordedBody, RecordedHeaders } from '../../../src/admin/contract.gen.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Plain } from '../../parts/plain.tsx'
import { prettyOf } from './pretty.ts'

/** Headers of a message, as they were sent. */
export function Headers({ headers }: { readonly headers: RecordedHeaders }) {
  const list = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  )
  if (list.length === 0) return <p class="quiet">No headers.</p>
  return (
    <table class="headers">
      <caption class="hidden">Headers</caption>
      <tbody>
        {list.map(([name, value], i) => (
          <tr key={i}>
            <th scope="row">
              <Plain text={name} max={200} />
            </th>
            <td>
              <Plain text={value} max={500} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** A body, pretty-printed where its format is known; raw on demand. */
export function MessageBody({
  body,
  headers,
}: {
  readonly body: RecordedBody | undefined
  readonly headers: RecordedHeaders
}) {
  const [isRaw, setRaw] = useState(false)
  if (!body || body.size === 0) return <p class="quiet body-note">No body.</p>
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  const pretty = prettyOf(body, [type ?? ''].flat()[0] ?? '')
  const isPretty = pretty !== undefined && !isRaw
  const raw = body.encoding === undefined ? 'Raw' : 'Base64'
  return (
    <div class="body">
      <div class="body-head">
        <span class="quiet">
          {isPretty ? pretty.format : body.encoding === undefined ? 'Text' : 'Base64'},{' '}
          {body.size.toLocaleString('en')} bytes
          {body.cut ? '; only the first 64 KiB were logged' : ''}
        </span>
        <span class="spacer" />
        {pretty !== undefined && (
          <button type="button" class="link" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
            {isRaw ? pretty.format : raw}
          </button>
        )}
        <CopyButton class="link" text={isPretty ? pretty.text : body.text} />
      </div>
      <pre class="code">
        <Plain text={isPretty ? pretty.text : body.text} />
      </pre>
    </div>
  )
}
