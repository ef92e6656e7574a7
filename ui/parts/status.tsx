/** The status of an answer in its colour; 0 means no answer. */
export function Status({ status }: { readonly status: number }) {
  return <span class={`status ${toneOf(status)}`}>{status === 0 ? 'none' : status}</span>
}

function toneOf(status: number): 'ok' | 'warn' | 'bad' {
  if (status === 0 || status >= 500) return 'bad'
  return status >= 300 ? 'warn' : 'ok'
}
