import { useState } from 'preact/hooks'
import { overview } from '../state/overview.ts'
import { curlOf, fetchOf, pythonOf } from '../code/code.ts'
import type { MadeCall } from '../state/actions.ts'
import { CopyButton } from './copy-button.tsx'
import { Plain } from './plain.tsx'
import { Tabs } from './tabs.tsx'

/** A call as code, in one tab per language, with a button that copies it. */
export function CallCode({
  call,
  more = {},
  actions,
}: {
  readonly call: MadeCall
  /** More tabs, by title. */
  readonly more?: Readonly<Record<string, string>>
  readonly actions?: preact.ComponentChildren
}) {
  const hasToken = call.isAdmin && overview.value?.front.needsToken === true
  const codes: Readonly<Record<string, string>> = {
    ...(call.cli === undefined ? {} : { CLI: call.cli }),
    ...more,
    curl: curlOf(call, hasToken),
    TypeScript: call.typescript ?? fetchOf(call, hasToken),
    Python: pythonOf(call, hasToken),
  }
  const [chosen, choose] = useState('')
  const current = chosen in codes ? chosen : Object.keys(codes)[0]! // curl is always there
  const code = codes[current]! // one of its keys
  return (
    <div class="call-code">
      <Tabs
        label="Call as code"
        tabs={Object.keys(codes).map((title) => ({ id: title, title }))}
        current={current}
        onSelect={choose}
      >
        <pre class="code">
          <Plain text={code} />
        </pre>
      </Tabs>
      <div class="call-actions">
        <CopyButton text={code} label={`Copy as ${current}`} />
        {actions}
      </div>
    </div>
  )
}
