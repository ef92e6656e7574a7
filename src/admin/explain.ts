import type { Call } from '../core/call.ts'
import type { Task } from '../core/api.ts'
import { text as plain } from '../core/formats/text.ts'
import { mediaTypeOf } from '../core/http/content-type.ts'
import { scrubbed } from './hints.ts'
import { entryOf } from './requests.ts'
import type { SandboxPort } from './ports.ts'

/** Why a request was answered as it was. */
export function explainTasks(world: SandboxPort): Record<'explainRequest', Task> {
  return {
    explainRequest: async (call) => {
      const entry = entryOf(call, world)
      // Loaded with the first question: it reads the contracts once more, prose and all.
      const { explain, inText } = await import('../core/explain/explain.ts')
      const { status, headers } = entry.answer
      const question = { ...entry.context, call: entry.call, sandbox: world.settings.name }
      const mediaType = mediaTypeOf(String(headers['Content-Type'] ?? ''))
      const explanation = explain({ ...question, status, mediaType })
      const body = scrubbed(explanation, entry, world.secrets)
      if (!isText(call)) return { status: 200, body }
      call.answerType = plain.mediaType
      return { status: 200, body: inText(body) }
    },
  }
}

/** The query parameter wins over the Accept header, as a link in a browser has only the one. */
function isText({ query, headers }: Call): boolean {
  const format = query.get('format')
  if (format !== null) return format === 'text'
  const accept = headers.accept ?? ''
  return accept.includes('text/plain') && !accept.includes('application/json')
}
