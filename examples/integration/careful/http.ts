// One call over HTTP, with everything that can become of it as a value.

/** Milliseconds that an API may take to answer. */
const TIMEOUT = Number(process.env['API_TIMEOUT_MS'] ?? 1000)

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

/** An answer that was read to its end, or the reason why there is none: then nothing is known. */
export type Answer =
  | { readonly status: number; readonly body: unknown; readonly retryAfter: number | undefined }
  | { readonly status: 'unknown'; readonly why: string }

export async function send({ method, url, headers, body }: Call): Promise<Answer> {
  try {
    const answer = await fetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(TIMEOUT), // covers the body too
    })
    const text = await answer.text()
    const { status } = answer
    // The body of a failure may be the page of a gateway, and its status is enough. A success whose
    // body cannot be read tells nothing about what was stored.
    const parsed: unknown = status >= 300 || text === '' ? undefined : JSON.parse(text)
    return { status, body: parsed, retryAfter: secondsIn(answer.headers.get('Retry-After')) }
  } catch (error) {
    return { status: 'unknown', why: error instanceof Error ? error.message : String(error) }
  }
}

function secondsIn(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined
}
