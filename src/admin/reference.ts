import type { Reply, Task } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import { html as format } from '../core/formats/text.ts'
import { Problem } from '../core/problem.ts'
import { DASHBOARD_HEADERS, REFERENCE_HEADERS, referencePage } from '../dashboard/dashboard.ts'
import { PAGE_HEADERS, textPage } from './front-page-html.ts'
import { dashboardOf, originOf, OWN_PREFIX, wantsHtml } from './front-page.ts'
import type { OpenapiDocument, ServerPort } from './ports.ts'

const OWN_NAME = 'standin'

/** Handlers of `/docs` and of the documents that it shows. */
export function referenceTasks(
  server: ServerPort,
): Record<'getReference' | 'getOpenapiDocument', Task> {
  return {
    getReference: (call) => {
      const page = referencePage(pathOf(call), OWN_PREFIX)
      const [text, headers] =
        page === undefined
          ? [textPage('The reference is not built: run npm run build', undefined), PAGE_HEADERS]
          : [page, REFERENCE_HEADERS]
      return {
        status: 200,
        body: undefined,
        headers,
        page: { contentType: format.contentType, text },
      }
    },
    getOpenapiDocument: async (call) => {
      const file = call.params['document']!
      const [, name = '', extension] = /^(.*)\.(json|yaml)$/.exec(file) ?? []
      const document = server.document(name)
      if (!document) throw unknownDocument(server)
      const url = serverUrl(document, call)
      const [contentType, text] =
        extension === 'json'
          ? [
              'application/json; charset=utf-8',
              `${JSON.stringify(withServer(document, url), null, 2)}\n`,
            ]
          : ['application/yaml; charset=utf-8', await yamlText(name, document, url, server)]
      return { status: 200, body: undefined, headers: HEADERS, page: { contentType, text } }
    },
  }
}

const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/**
 * Answers a request for the reference that was refused only because the admin token is missing. The
 * answer is the dashboard, which asks for the token.
 */
export function refusedReference(problem: Problem, call: Call): Reply | undefined {
  if (!/^(GET|HEAD)$/.test(call.method) || call.path !== '/docs' || !wantsHtml(call)) {
    return undefined
  }
  const text = problem.reason.startsWith('admin.token-') ? dashboardOf(call) : undefined
  if (text === undefined) return undefined
  const page = { contentType: format.contentType, text }
  return { status: problem.status, body: undefined, headers: DASHBOARD_HEADERS, page }
}

function pathOf({ url }: Call): string {
  return url.replace(/[?#].*$/, '')
}

function unknownDocument({ apis }: ServerPort): Problem {
  const names = [...apis, OWN_NAME].join(', ')
  const message = `The documents are ${names}, each with .json or .yaml`
  return new Problem(404, 'document.unknown', message)
}

/** Returns the URL of an API in this sandbox. The first server of a contract is the API's path. */
function serverUrl({ servers }: OpenapiDocument, call: Call): string {
  const [{ url }] = servers as readonly [{ readonly url: string }] // by OpenAPI
  return `${originOf(call)}${call.base}${url}`
}

/**
 * Returns the document with this sandbox as its only server, so that no client calls the vendor by
 * mistake.
 */
function withServer(document: OpenapiDocument, url: string): OpenapiDocument {
  return { ...document, servers: [{ url, description: 'This sandbox' }] }
}

/** Placeholder for the server's URL in the cached documents. */
const MARK = '{{server}}'

/** Cache of the documents as YAML text, because writing YAML takes long. */
const written = new WeakMap<ServerPort, Map<string, string>>()

async function yamlText(
  name: string,
  document: OpenapiDocument,
  url: string,
  server: ServerPort,
): Promise<string> {
  const known = written.get(server) ?? new Map<string, string>()
  written.set(server, known)
  let text = known.get(name)
  if (text === undefined) {
    const { dump } = await import('js-yaml')
    text = dump(withServer(document, MARK), { noRefs: true, lineWidth: 100 })
    known.set(name, text)
  }
  return text.replace(`'${MARK}'`, () => JSON.stringify(url))
}
