import type { Call } from '../core/call.ts'
import type { Reply, Task } from '../core/api.ts'
import { html as format } from '../core/formats/text.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import { acceptable } from '../core/request/negotiation.ts'
import { Problem } from '../core/problem.ts'
import { recordOf } from '../core/request-log/redacted-record.ts'
import type { FrontPage } from './contract.gen.ts'
import { curlsFor } from './curls.ts'
import { PAGE_HEADERS, pageFor, refusalPage } from './front-page-html.ts'
import type { ServerPort, SandboxPort } from './ports.ts'

/** Requests that the page shows. */
const NEWEST = 10

/** What a sandbox is and where all of it is, for who comes without knowing. */
export function frontTasks(world: SandboxPort, host: ServerPort): Record<'getFrontPage', Task> {
  return {
    getFrontPage: (call) => {
      const body = described(call, world, host)
      if (!wantsHtml(call)) return { status: 200, body, headers: { Vary: 'Accept' } }
      call.answerType = format.mediaType
      const records = [...world.requests.after()]
        .slice(-NEWEST)
        .map((entry) => recordOf(entry, world.secrets))
      const curls = curlsFor(body.url, world)
      const page = pageFor({ front: body, curls, newest: records.toReversed() })
      return { status: 200, body: page, headers: PAGE_HEADERS }
    },
  }
}

/** A refusal as whoever opened the front page in a browser reads it; undefined for others. */
export function refusedPage(problem: Problem, call: Call): Reply | undefined {
  if (call.method !== 'GET' || call.path !== '/' || !wantsHtml(call)) return undefined
  const needsToken = problem.reason.startsWith('admin.token-')
  const text = refusalPage(problem.message, needsToken ? originOf(call) : undefined)
  const page = { contentType: format.contentType, text }
  return { status: problem.status, body: undefined, headers: PAGE_HEADERS, page }
}

function described(
  call: Call,
  { settings, vendors }: SandboxPort,
  { version }: ServerPort,
): FrontPage {
  const { name } = settings
  // A header names the sandbox for one request; a link has to do it by the path.
  const isByHeader = call.base === '' && call.headers['standin-sandbox'] !== undefined
  const url = `${originOf(call)}${isByHeader ? sandboxPath(name) : call.base}`
  const own = `${url}/_standin`
  return {
    name: 'Standin',
    version,
    sandbox: name,
    url,
    apis: vendors.map(({ api, contract }) => ({
      name: api.name,
      title: api.title,
      url: `${url}${contract.prefix}`,
    })),
    links: {
      health: `${own}/health`,
      requests: `${own}/requests`,
      explain: `${own}/requests/{id}/explain`,
      events: `${own}/events`,
      users: `${own}/users`,
      faults: `${own}/faults`,
      deliveries: `${own}/deliveries`,
      inbox: `${own}/inbox/default`,
      credentials: `${own}/credentials`,
      sandboxes: `${own}/sandboxes`,
      metrics: `${own}/metrics`,
    },
  }
}

/** As the caller reached it; the guard has looked at the Host header. */
function originOf({ headers }: Call): string {
  return `http://${headers.host || 'localhost'}`
}

/** Whether a page is wanted more than JSON, as by a browser. */
function wantsHtml(call: Call): boolean {
  try {
    return acceptable(call, ['application/json', format.mediaType]) === format.mediaType
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}
