import { createHash } from 'node:crypto'
import { Html, html } from './html.ts'

const STYLE = `
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
pre { background: #8882; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere }
`
/** Built once: the policy below contains the hash of exactly the text between these tags. */
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

/** A page with one message, for a refused request or a dashboard that is not built. */
export function textPage(message: string, origin: string | undefined): string {
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
