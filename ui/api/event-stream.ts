import { currentSession, reached, refusalOf } from './client.ts'

/**
 * Reads server-sent events until the connection ends. EventSource is not used, because it reports
 * neither the reason of a refusal nor the arrival of comments.
 *
 * @param onOpen called when the server has accepted the connection
 * @param onEvent called with the name and the data of each event
 * @throws Refusal
 */
export async function readEvents(
  url: string,
  handlers: {
    readonly onOpen: () => void
    readonly onEvent: (name: string, data: string) => void
    readonly onBytes: () => void
  },
  signal: AbortSignal,
): Promise<void> {
  const session = currentSession()
  const headers = { Accept: 'text/event-stream' }
  const response = await reached(fetch(url, { headers, signal, cache: 'no-store' }), signal)
  if (!response.ok || !response.body) throw await refusalOf(response, session)
  handlers.onOpen()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    handlers.onBytes()
    const blocks = `${rest}${value}`.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const lines = block.split('\n')
      const valuesOf = (field: string) =>
        lines.flatMap((line) => (line.startsWith(field) ? [line.slice(field.length)] : []))
      const data = valuesOf('data: ')
      if (data.length > 0) handlers.onEvent(valuesOf('event: ')[0] ?? '', data.join('\n'))
    }
  }
}
