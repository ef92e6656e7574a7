import type { Call } from '../core/call.ts'
import type { Reply, Task } from '../core/api.ts'
import { html as format } from '../core/formats/text.ts'
import { isLoopback } from '../core/http/hosts.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import { preferredType } from '../core/request/negotiation.ts'
import type { Problem } from '../core/problem.ts'
import { DASHBOARD_HEADERS, dashboardPage } from '../dashboard/dashboard.ts'
import type { FrontPage } from './contract.gen.ts'
import { PAGE_HEADERS, textPage } from './front-page-html.ts'
import type { SandboxPort, ServerPort } from './ports.ts'

/** Path prefix of the admin API. */
export const OWN_PREFIX = '/_standin'

/** Handler of `/`: an overview of the sandbox with links as JSON, or the dashboard. */
export function frontTasks(sandbox: SandboxPort, server: ServerPort): Record<'getFrontPage', Task> {
  return {
    getFrontPage: (call) => {
      if (!wantsHtml(call)) {
        const body = frontPageBody(call, sandbox, server)
        return { status: 200, body, headers: { Vary: 'Accept' } }
      }
      call.answerType = format.mediaType
      const page = dashboardOf(call)
      if (page !== undefined) return { status: 200, body: page, headers: DASHBOARD_HEADERS }
      const body = textPage('The dashboard is not built: run npm run build', undefined)
      return { status: 200, body, headers: PAGE_HEADERS }
    },
  }
}

/**
 * Answers a refused front page with HTML if a browser requested it; else returns undefined. If only
 * the admin token is missing, the page is the dashboard, which asks for it.
 */
export function refusedPage(problem: Problem, call: Call): Reply | undefined {
  if (!/^(GET|HEAD)$/.test(call.method) || call.path !== '/' || !wantsHtml(call)) return undefined
  const needsToken = problem.reason.startsWith('admin.token-')
  const dashboard = needsToken ? dashboardOf(call) : undefined
  const text = dashboard ?? textPage(problem.message, needsToken ? originOf(call) : undefined)
  const headers = dashboard === undefined ? PAGE_HEADERS : DASHBOARD_HEADERS
  const page = { contentType: format.contentType, text }
  return { status: problem.status, body: undefined, headers, page }
}

export function dashboardOf({ url }: Call): string | undefined {
  return dashboardPage(url.replace(/[?#].*$/, ''), OWN_PREFIX)
}

function frontPageBody(
  call: Call,
  { settings, vendors }: SandboxPort,
  { version, folder, sessions }: ServerPort,
): FrontPage {
  const { name } = settings
  // A header selects the sandbox for one request only; links need its path prefix.
  const isByHeader = call.base === '' && call.headers['standin-sandbox'] !== undefined
  const url = `${originOf(call)}${isByHeader ? sandboxPath(name) : call.base}`
  const adminUrl = `${url}${OWN_PREFIX}`
  return {
    name: 'Standin',
    version,
    sandbox: name,
    ...(isLoopback(call.address)
      ? { process: { pid: process.pid, ...(folder === undefined ? {} : { folder }) } }
      : {}),
    ...(sessions.needsToken ? { needsToken: true } : {}),
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
export function originOf({ headers, scheme }: Call): string {
  return `${scheme}://${headers.host || 'localhost'}`
}

/** Returns true if the Accept header prefers HTML to JSON, as a browser's does. */
export function wantsHtml(call: Call): boolean {
  const { accept } = call.headers
  return preferredType(accept, ['application/json', format.mediaType]) === format.mediaType
}
