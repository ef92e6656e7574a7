import type { Call } from '../core/call.ts'
import type { Reply, Task } from '../core/api.ts'
import { html as format } from '../core/formats/text.ts'
import { isLoopback } from '../core/http/hosts.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import { preferredType } from '../core/request/negotiation.ts'
import type { Problem } from '../core/problem.ts'
import type { RedactedRecord } from '../core/request-log/redacted-record.ts'
import { Slices } from '../core/slices.ts'
import type { FrontPage } from './contract.gen.ts'
import { curlsFor } from './curls.ts'
import { PAGE_HEADERS, pageFor, refusalPage } from './front-page-html.ts'
import type { SandboxPort, ServerPort } from './ports.ts'

/** Number of requests on the page. */
const MAX_REQUESTS = 10

/** Handler of `/`: an overview of the sandbox with links, as JSON or as an HTML page. */
export function frontTasks(sandbox: SandboxPort, server: ServerPort): Record<'getFrontPage', Task> {
  return {
    getFrontPage: async (call) => {
      const body = frontPageBody(call, sandbox, server)
      if (!wantsHtml(call)) return { status: 200, body, headers: { Vary: 'Accept' } }
      call.answerType = format.mediaType
      const { requests, secrets } = sandbox
      const slices = new Slices(call.signal)
      const records: RedactedRecord[] = []
      for (const entry of [...requests.after()].slice(-MAX_REQUESTS)) {
        records.push(await slices.run(requests.redactions.recordSteps(entry, secrets)))
      }
      const curls = curlsFor(body.url, sandbox)
      const page = pageFor({ front: body, curls, newest: records.toReversed() })
      return { status: 200, body: page, headers: PAGE_HEADERS }
    },
  }
}

/** Answers a refused front page with HTML if a browser requested it; else returns undefined. */
export function refusedPage(problem: Problem, call: Call): Reply | undefined {
  if (!/^(GET|HEAD)$/.test(call.method) || call.path !== '/' || !wantsHtml(call)) return undefined
  const needsToken = problem.reason.startsWith('admin.token-')
  const text = refusalPage(problem.message, needsToken ? originOf(call) : undefined)
  const page = { contentType: format.contentType, text }
  return { status: problem.status, body: undefined, headers: PAGE_HEADERS, page }
}

function frontPageBody(
  call: Call,
  { settings, vendors }: SandboxPort,
  { version, folder }: ServerPort,
): FrontPage {
  const { name } = settings
  // A header selects the sandbox for one request only; links need its path prefix.
  const isByHeader = call.base === '' && call.headers['standin-sandbox'] !== undefined
  const url = `${originOf(call)}${isByHeader ? sandboxPath(name) : call.base}`
  const adminUrl = `${url}/_standin`
  return {
    name: 'Standin',
    version,
    sandbox: name,
    ...(isLoopback(call.address)
      ? { process: { pid: process.pid, ...(folder === undefined ? {} : { folder }) } }
      : {}),
    url,
    apis: vendors.map(({ api, contract }) => ({
      name: api.name,
      title: api.title,
      url: `${url}${contract.prefix}`,
    })),
    links: {
      health: `${adminUrl}/health`,
      requests: `${adminUrl}/requests`,
      explain: `${adminUrl}/requests/{id}/explain`,
      events: `${adminUrl}/events`,
      users: `${adminUrl}/users`,
      faults: `${adminUrl}/faults`,
      deliveries: `${adminUrl}/deliveries`,
      inbox: `${adminUrl}/inbox/default`,
      credentials: `${adminUrl}/credentials`,
      sandboxes: `${adminUrl}/sandboxes`,
      metrics: `${adminUrl}/metrics`,
    },
  }
}

/** The origin as the caller reached it; the guard has checked the Host header. */
function originOf({ headers }: Call): string {
  return `http://${headers.host || 'localhost'}`
}

/** Returns true if the Accept header prefers HTML to JSON, as a browser's does. */
function wantsHtml(call: Call): boolean {
  const { accept } = call.headers
  return preferredType(accept, ['application/json', format.mediaType]) === format.mediaType
}
