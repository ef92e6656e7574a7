import { get, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Caller } from './caller.ts'

export interface Recorded {
  readonly id: string
  readonly time: string
  readonly api?: string
  readonly operation?: string
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: { readonly text: string; readonly size: number; readonly cut?: true }
  readonly answer: {
    readonly status: number
    readonly headers: Readonly<Record<string, string | string[]>>
    readonly body: { readonly text: string; readonly encoding?: string }
  }
  readonly ms: number
  readonly stage: string
  readonly problem?: { readonly reason: string; readonly violations: readonly object[] }
  readonly warnings: readonly { readonly code: string }[]
  readonly user?: { readonly api: string; readonly id: string; readonly email?: string }
}

export interface RecordedPage {
  readonly requests: readonly Recorded[]
  readonly total: number
  readonly next?: string
}

/** Returns a page of the request log. */
export async function requestsOf(caller: Caller, query = '', base = ''): Promise<RecordedPage> {
  const answer = await caller.get(`${base}/_standin/requests?${query}`)
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.json<RecordedPage>()
}

/** Opens a stream of server-sent events; it is closed when the test ends. */
export async function createReader(
  url: string,
  headers: Record<string, string> = {},
): Promise<{
  readonly response: IncomingMessage
  /** Resolves with the received text once it holds this many events. */
  readonly events: (count: number) => Promise<{ id: string; data: Recorded }[]>
  readonly text: () => string
  readonly ended: Promise<void>
}> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(url, { headers, agent: false }, resolve)
    request.on('error', reject)
    onTestFinished(() => void request.destroy())
  })
  response.setEncoding('utf8')
  let text = ''
  let more = () => {}
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'error', 'close']) response.on(event, () => resolve())
  })
  response.on('data', (chunk: string) => {
    text += chunk
    more()
  })
  const read = () =>
    [...text.matchAll(/^id: (.*)\nevent: request\ndata: (.*)\n\n/gm)].map(([, id, data]) => ({
      id: id!,
      data: JSON.parse(data!) as Recorded,
    }))
  return {
    response,
    ended,
    text: () => text,
    events: async (count) => {
      while (read().length < count) {
        await new Promise<void>((resolve) => {
          more = resolve
        })
      }
      return read()
    },
  }
}
