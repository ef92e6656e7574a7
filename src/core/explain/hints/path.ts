import type { Call } from '../../call.ts'
import { decodeUnreserved } from '../../http/unreserved.ts'
import { nearest } from './nearest.ts'
import { listed, quotable } from '../../words.ts'
import { hint, type HintInput, type HintRule } from './hint-input.ts'

/** Mistakes in the method, the path or the name of the sandbox. */
export const pathRules: readonly HintRule[] = [unknownRoute, unknownSandbox, placeholders]

/** The URL without the prefix of the sandbox (`/~name`); escaped letters and digits are decoded. */
export function urlInSandbox({ url: sent, base }: Call): string {
  const url = decodeUnreserved(sent)
  return url.startsWith(base) ? url.slice(base.length) : url
}

function unknownRoute(input: HintInput) {
  const { call, all } = input
  const reason = call.problem?.reason
  if (reason !== 'route.unknown' && reason !== 'method.not-allowed') return []
  const [best] = nearest(call.method, urlInSandbox(call), all)
  if (!best) {
    const bases = all.map(({ contract }) => `${call.base}${contract.prefix}`)
    return [
      hint('path.unknown', `No operation has a similar path; the APIs are below ${listed(bases)}.`),
    ]
  }
  const first = best.edits.find(({ kind }) => kind !== 'method')
  const target = `${best.method} ${call.base}${best.path}`
  if (first) {
    if (first.kind === 'sandbox') {
      const name = urlInSandbox(call).split('/')[1]
      const text = `Send ${best.method} /~${name}${best.path}: a ~ goes before the name of a sandbox. ${target} selects the sandbox default.`
      return [hint('sandbox.no-tilde', text)]
    }
    return [
      hint(`path.${first.kind}`, `Send ${target}: ${listed(best.edits.map(({ text }) => text))}.`),
    ]
  }
  const allowed = call.problem?.headers['Allow']
  if (best.method !== 'POST' && allowed !== undefined) {
    const text = `Use a method that ${call.base}${best.path} has (${allowed}) instead of ${call.method}.`
    return [hint('method.wrong', text)]
  }
  if (call.method === 'GET' || call.method === 'HEAD') {
    const body = hasBody(call.headers) ? ', with the same body' : ', with the user as its body'
    const code = hasBody(call.headers) ? 'method.get-with-body' : 'method.get'
    const cause = hasBody(call.headers)
      ? ` Some clients and proxies drop the body of a ${call.method}, and so does Standin.`
      : ` A client that follows a redirect may turn a ${best.method} into a GET.`
    return [hint(code, `Send ${target} instead of ${call.method}${body}.${cause}`)]
  }
  return [hint('method.wrong', `Send ${target} instead of ${call.method}.`)]
}

function hasBody(headers: HintInput['call']['headers']): boolean {
  return Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined
}

function unknownSandbox({ call }: HintInput) {
  if (call.problem?.reason !== 'sandbox.unknown') return []
  const fromHost = /^([^.:]+)\.localhost/i.exec(call.headers.host ?? '')?.[1]
  const source =
    call.base !== ''
      ? `the path (${quotable(call.base.slice(1)) ?? '~...'})`
      : call.headers['standin-sandbox']
        ? 'the header Standin-Sandbox'
        : `the host (${quotable(fromHost ?? '') ?? '...'})`
  const text = `Create the sandbox with POST /_standin/sandboxes {"name":"..."}: the one that ${source} names does not exist. GET /_standin/sandboxes lists the sandboxes; without a name, the sandbox default answers.`
  return [hint('sandbox.unknown', text)]
}

/** Path parameters that hold `{resellerId}` or another placeholder instead of a value. */
function placeholders({ call }: HintInput) {
  return Object.entries(call.params).flatMap(([name, value]) => {
    if (
      /^(\{+.*\}+|:[a-z]\w*|<.*>|\$\{?\w+\}?|%\w+%|undefined|null|\[object Object\])$/i.test(value)
    ) {
      if (/^\{[\da-f-]{32,36}\}$/i.test(value)) {
        return [hint('guid.braces', `Write the ${name} in the path without braces.`)]
      }
      const shown = /^(undefined|null)$/.test(value) ? value : 'a placeholder'
      const text = `Put a real ${name} into the path: it holds ${shown}.`
      return [hint('path.placeholder', text)]
    }
    if (value.trim() !== value) {
      return [
        hint('path.parameter-spaces', `Remove the white space around the ${name} in the path.`),
      ]
    }
    return []
  })
}
