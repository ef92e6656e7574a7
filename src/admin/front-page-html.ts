import { createHash } from 'node:crypto'
import type { RedactedRecord } from '../core/request-log/redacted-record.ts'
import type { FrontPage } from './contract.gen.ts'
import { Html, html } from './html.ts'

const STYLE = `
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 }
h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #8886; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top }
td { overflow-wrap: anywhere }
pre { background: #8882; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere }
`
/** The policy below names the hash of the text between these tags, so it stays in one piece. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`)
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Headers of a page without scripts, external resources, forms or framing. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  Vary: 'Accept',
}

/** The links of the page, with a description of each target. */
const LINKS: readonly (readonly [name: keyof FrontPage['links'], text: string])[] = [
  ['requests', 'the request log: requests to the APIs and their answers'],
  ['users', 'created users'],
  ['faults', 'armed faults'],
  ['deliveries', 'webhook deliveries with their attempts'],
  ['inbox', 'webhooks that the built-in receiver got'],
  ['credentials', 'a valid credential for each API'],
  ['sandboxes', 'all sandboxes of this server'],
  ['events', 'a stream of requests, each as it is answered'],
  ['health', 'health of the server'],
  ['metrics', 'metrics in the text format of Prometheus'],
]

/** Characters of a path that are shown. */
const MAX_PATH = 150

/** The front page of a sandbox. */
export function pageFor(shown: {
  readonly front: FrontPage
  readonly curls: readonly string[]
  /** The newest first, with secrets redacted. */
  readonly newest: readonly RedactedRecord[]
}): string {
  const { front, curls, newest } = shown
  const apis = front.apis.map(
    ({ title, url }) =>
      html`<tr>
        <th>${title}</th>
        <td><code>${url}</code></td>
      </tr> `,
  )
  const links = LINKS.map(
    ([name, text]) => html`<li><a href="${pathOf(front.links[name])}">${name}</a>: ${text}</li> `,
  )
  const requests =
    newest.length === 0
      ? html`<p>None yet.</p>`
      : html`<table>
          <tr>
            <th>Request</th>
            <th></th>
            <th>Answer</th>
            <th></th>
          </tr>
          ${newest.map((record) => rowFor(record, front))}
        </table>`
  return documentOf(
    html`<h1>Standin</h1>
      <p>
        Version ${front.version}, sandbox <strong>${front.sandbox}</strong>. It simulates the
        user-creation APIs of three vendors.
      </p>
      <h2>APIs</h2>
      <table>
        ${apis}
      </table>
      <h2>Create a user</h2>
      <pre>${curls.join('\n\n')}</pre>
      <p>
        To make a request fail, add <code>-H 'Standin-Fault: 500'</code>; see
        <code>standin fault --help</code>.
      </p>
      <h2>Newest requests</h2>
      ${requests}
      <h2>Admin API</h2>
      <ul>
        ${links}
      </ul>
      <p>Requests without <code>Accept: text/html</code> get this page as JSON.</p>`,
  )
}

function rowFor(request: RedactedRecord, { links }: FrontPage): Html {
  const { id, method, path, line, answer, problem } = request
  const why = `${pathOf(links.requests)}/${id}/explain?format=text`
  const full = path ?? line ?? ''
  const shown = full.length > MAX_PATH ? `${full.slice(0, MAX_PATH)}…` : full
  const status = answer.status === 0 ? 'none' : answer.status
  return html`<tr>
    <td><a href="${pathOf(links.requests)}/${id}">${id}</a></td>
    <td>${method === undefined ? shown : `${method} ${shown}`}</td>
    <td>${status} ${problem?.reason ?? ''}</td>
    <td><a href="${why}">why</a></td>
  </tr> `
}

/** The page for a refused request: nothing but the name and the refusal. */
export function refusalPage(message: string, origin: string | undefined): string {
  const command =
    origin === undefined
      ? html``
      : html`<pre>curl -H "Standin-Admin-Token: $STANDIN_ADMIN_TOKEN" ${origin}/</pre>`
  return documentOf(
    html`<h1>Standin</h1>
      <p>${message}.</p>
      ${command}`,
  )
}

function documentOf(body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Standin</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        ${body}
      </body>
    </html> `.markup
}

/** The path of a URL: relative links also work behind a reverse proxy. */
function pathOf(url: string): string {
  return new URL(url).pathname
}
