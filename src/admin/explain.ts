import type { Call } from '../core/call.ts'
import type { Task } from '../core/api.ts'
import { explanationText } from '../core/explain/text.ts'
import { text as plainText } from '../core/formats/text.ts'
import { mediaTypeOf } from '../core/http/content-type.ts'
import { preferredType } from '../core/request/negotiation.ts'
import { callOf } from '../core/request-log/entry.ts'
import { Slices } from '../core/slices.ts'
import { entryOf } from './requests.ts'
import type { SandboxPort } from './ports.ts'

/** The admin call that explains the answer of a recorded request. */
export function explainTasks(sandbox: SandboxPort): Record<'explainRequest', Task> {
  return {
    explainRequest: async (call) => {
      const entry = entryOf(call, sandbox)
      // Loaded at first use, since it reads the contracts again, with their descriptions.
      const { explain } = await import('../core/explain/explain.ts')
      const { status, answerHeaders } = entry
      const mediaType = mediaTypeOf(String(answerHeaders['Content-Type'] ?? '')) ?? ''
      const input = { ...entry.context, call: callOf(entry), sandbox: sandbox.settings.name }
      const explanation = explain({ ...input, status, mediaType })
      const { redactions } = sandbox.requests
      const body = await new Slices(call.signal).run(
        redactions.scrubSteps(explanation, entry, sandbox.secrets),
      )
      if (!wantsText(call)) return { status: 200, body }
      call.answerType = plainText.mediaType
      return { status: 200, body: explanationText(body) }
    },
  }
}

/**
 * Returns true if the caller wants plain text. The query parameter takes precedence over the Accept
 * header, because a link in a browser can set only the query.
 */
export function wantsText({ query, headers }: Call): boolean {
  const format = query.get('format')
  if (format !== null) return format === 'text'
  const preferred = preferredType(headers.accept, ['application/json', plainText.mediaType])
  return preferred === plainText.mediaType
}
