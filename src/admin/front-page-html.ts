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
/** In one piece: the policy below names the hash of what is between its tags. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`)
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** A page that runs nothing, loads nothing, sends nothing and stands in no frame. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  Vary: 'Accept',
}

/** What each link leads to. */
const LINKS: readonly (readonly [name: keyof FrontPage['links'], text: string])[] = [
  ['requests', 'what the APIs were asked, and what they answered'],
  ['users', 'who was created'],
  ['faults', 'what goes wrong on purpose'],
  ['deliveries', 'webhooks that were sent, and each attempt'],
  ['inbox', 'webhooks that came in here'],
  ['credentials', 'a credential that is accepted, for each API'],
  ['sandboxes', 'all sandboxes of this server'],
  ['events', 'requests as they are answered: a stream'],
  ['health', 'that the server is up'],
  ['metrics', 'what the server has counted'],
]

/** Longer ones tell no more. */
const LONGEST_PATH = 150

/** What a person sees who opens a sandbox in a browser. */
export function pageFor(shown: {
  readonly front: FrontPage
  readonly curls: readonly string[]
  /** The newest requests first; secrets are taken out of them. */
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
        Version ${front.version}, sandbox <strong>${front.sandbox}</strong>. It answers as three
        vendors' APIs for creating users would.
      </p>
      <h2>The APIs</h2>
      <table>
        ${apis}
      </table>
      <h2>Create a user at each</h2>
      <pre>${curls.join('\n\n')}</pre>
      <p>
        With <code>-H 'Standin-Fault: 500'</code> a request fails;
        <code>standin fault --help</code> has more.
      </p>
      <h2>The newest requests</h2>
      ${requests}
      <h2>Look into it</h2>
      <ul>
        ${links}
      </ul>
      <p>Scripts get this in JSON: ask without <code>Accept: text/html</code>.</p>`,
  )
}

function rowFor(request: RedactedRecord, { links }: FrontPage): Html {
  const { id, method, path, line, answer, problem } = request
  const why = `${pathOf(links.requests)}/${id}/explain?format=text`
  const asked = path ?? line ?? ''
  const shown = asked.length > LONGEST_PATH ? `${asked.slice(0, LONGEST_PATH)}…` : asked
  const status = answer.status === 0 ? 'none' : answer.status
  return html`<tr>
    <td><a href="${pathOf(links.requests)}/${id}">${id}</a></td>
    <td>${method === undefined ? shown : `${method} ${shown}`}</td>
    <td>${status} ${problem?.reason ?? ''}</td>
    <td><a href="${why}">why</a></td>
  </tr> `
}

/** What a person sees instead where it is refused: the name and the refusal alone. */
export function refusalPage(message: string, origin: string | undefined): string {
  const how =
    origin === undefined
      ? html``
      : html`<pre>curl -H "Standin-Admin-Token: $STANDIN_ADMIN_TOKEN" ${origin}/</pre>`
  return documentOf(
    html`<h1>Standin</h1>
      <p>${message}.</p>
      ${how}`,
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

/** A link that stays on the origin that the page came from, whatever is in front of the server. */
function pathOf(url: string): string {
  return new URL(url).pathname
}
