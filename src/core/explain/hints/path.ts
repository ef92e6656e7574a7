import { nearest, type Nearest } from './nearest.ts'
import { listed, quotable } from '../../words.ts'
import { hint, type HintInput, type HintRule } from './hint-input.ts'

/** What is wrong with the method, the path or the sandbox that is asked for. */
export const pathRules: readonly HintRule[] = [wrongPlace, unknownSandbox, placeholder]

/** The URL as it was sent, without what stands for the sandbox. */
export function urlBelow({ call }: Pick<HintInput, 'call'>): string {
  return call.url.startsWith(call.base) ? call.url.slice(call.base.length) : call.url
}

/** `POST /manage/v2/user/partner`, with the caller's own sandbox before it. */
export function target({ method, path }: Nearest, base: string): string {
  return `${method} ${base}${path}`
}

/** The edits of one operation as a sentence. */
export function inWords({ edits }: Nearest): string {
  return listed(edits.map(({ text }) => text))
}

function wrongPlace(question: HintInput) {
  const { call, all } = question
  const reason = call.problem?.reason
  if (reason !== 'route.unknown' && reason !== 'method.not-allowed') return []
  const [best] = nearest(call.method, urlBelow(question), all)
  if (!best) {
    const bases = all.map(({ contract }) => `${call.base}${contract.prefix}`)
    return [
      hint('path.unknown', `No operation is near this path; the APIs are below ${listed(bases)}.`),
    ]
  }
  const first = best.edits.find(({ kind }) => kind !== 'method')
  const where = target(best, call.base)
  if (first) {
    if (first.kind === 'sandbox') {
      const name = urlBelow(question).split('/')[1]
      const text = `Send ${best.method} /~${name}${best.path}: if ${name} is the name of a sandbox, a ~ goes before it. ${where} is the sandbox default.`
      return [hint('sandbox.no-tilde', text)]
    }
    return [hint(`path.${first.kind}`, `Send ${where}: ${inWords(best)}.`)]
  }
  if (call.method === 'GET' || call.method === 'HEAD') {
    const body = hasBody(call.headers) ? ', with the same body' : ', with the user as its body'
    const code = hasBody(call.headers) ? 'method.get-with-body' : 'method.get'
    const lost = hasBody(call.headers)
      ? ` A ${call.method} has no body: some clients and proxies drop it, and so does Standin.`
      : ` A redirect that a client follows can turn a ${best.method} into a GET.`
    return [hint(code, `Send ${where} instead of ${call.method}${body}.${lost}`)]
  }
  return [hint('method.wrong', `Send ${where} instead of ${call.method}.`)]
}

function hasBody(headers: HintInput['call']['headers']): boolean {
  return Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined
}

function unknownSandbox({ call }: HintInput) {
  if (call.problem?.reason !== 'sandbox.unknown') return []
  const fromHost = /^([^.:]+)\.localhost/i.exec(call.headers.host ?? '')?.[1]
  const named =
    call.base !== ''
      ? `The path begins with ${quotable(call.base.slice(1)) ?? "a sandbox's name"}`
      : call.headers['standin-sandbox']
        ? 'The header Standin-Sandbox names it'
        : `The host begins with ${fromHost === undefined ? 'it' : (quotable(fromHost) ?? 'it')}`
  const text = `${named}, and there is no such sandbox: make it with POST /_standin/sandboxes {"name":"..."}, see which there are with GET /_standin/sandboxes, or leave the name out to use the sandbox default.`
  return [hint('sandbox.unknown', text)]
}

/** `{resellerId}` as the documentation has it, sent as it stands. */
function placeholder({ call }: HintInput) {
  return Object.entries(call.params).flatMap(([name, value]) => {
    if (
      /^(\{+.*\}+|:[a-z]\w*|<.*>|\$\{?\w+\}?|%\w+%|undefined|null|\[object Object\])$/i.test(value)
    ) {
      if (/^\{[\da-f-]{32,36}\}$/i.test(value)) {
        return [hint('guid.braces', `Write the ${name} in the path without braces around it.`)]
      }
      const shown = /^(undefined|null)$/.test(value) ? value : 'a placeholder'
      const text = `Put a real ${name} into the path: it holds ${shown}, which nothing was put in the place of.`
      return [hint('path.placeholder', text)]
    }
    if (value.trim() !== value) {
      return [
        hint('path.parameter-spaces', `Leave out the white space around the ${name} in the path.`),
      ]
    }
    return []
  })
}
