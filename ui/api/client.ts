import { signal } from '@preact/signals'
import type { Problem } from '../../src/admin/contract.gen.ts'
import { ROUTES, type Answers } from '../../src/client/routes.gen.ts'

// The client of the admin API. All calls of the dashboard go through it, except the calls of
// vendors' APIs that the user sends.

export type OperationId = keyof typeof ROUTES

type QueryValue = string | number | boolean | undefined

/** One call of the admin API, as data: it can be sent and shown as code. */
export interface AdminCall<Id extends OperationId = OperationId> {
  readonly operation: Id
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly body?: unknown
}

/** One HTTP request. */
export interface HttpCall {
  readonly method: string
  /** Complete URL. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A refusal by the server, or a failure to reach it (status 0). */
export class Refusal extends Error {
  readonly status: number
  readonly reason: string
  readonly violations: NonNullable<Problem['violations']>

  constructor(
    status: number,
    reason: string,
    message: string,
    violations: Problem['violations'] = [],
  ) {
    super(message)
    this.status = status
    this.reason = reason
    this.violations = violations
  }
}

/** Path of the page without a final `/_standin` or slash: empty, or for example `/~checkout`. */
export const BASE = location.pathname.replace(/\/_standin(?:\/docs)?\/?$/i, '').replace(/\/$/, '')

/** Path of the server: empty, unless a reverse proxy serves it below a path. */
export const SERVER_BASE = BASE.replace(/\/~[^/]*$/, '')

/** URL of the page of a sandbox. */
export function sandboxUrl(name: string): string {
  return name === 'default' ? `${SERVER_BASE}/` : `${SERVER_BASE}/~${encodeURIComponent(name)}/`
}

/** True while the admin API refuses calls because they lack its token. */
export const needsToken = signal(false)

/**
 * Counts the sessions of this page, so that a refusal of a call from an earlier session is ignored.
 */
let sessions = 0

/**
 * Path of the session of the whole server. The cookie of a sandbox's session is valid in that
 * sandbox only.
 */
const ROOT_SESSION = `${SERVER_BASE}/_standin/session`

/**
 * Exchanges the admin token for the cookie of a session.
 *
 * @throws Refusal
 */
export async function openSession(token: string): Promise<void> {
  // A cookie is valid below its path. The session of the whole server can be extended to other
  // sandboxes.
  for (const base of new Set([SERVER_BASE, BASE])) {
    await changed(`${base}/_standin/session`, 'POST', { token })
  }
  sessions++
  needsToken.value = false
}

/** Ends the session; the page asks for the token then. */
export async function closeSession(): Promise<void> {
  for (const base of new Set([BASE, SERVER_BASE])) {
    await changed(`${base}/_standin/session`, 'DELETE').catch(() => undefined) // it may have ended
  }
  needsToken.value = true
}

/**
 * Extends the session of the whole server to the sandbox of this page. Returns false if there is
 * none.
 */
async function extendSession(): Promise<boolean> {
  const sandbox = /\/~([^/]*)$/.exec(BASE)?.[1]
  if (sandbox === undefined) return false
  try {
    await changed(ROOT_SESSION, 'POST', { sandbox: decodeURIComponent(sandbox) })
    const { url, method } = httpCall({ operation: 'getClock' })
    return (await fetch(url, { method })).ok // fails behind a proxy that changes paths
  } catch {
    return false
  }
}

async function changed(url: string, method: string, body?: object): Promise<void> {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' }
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await reached(fetch(url, init))
  if (!response.ok) throw await refusalIn(response)
}

let extending: Promise<boolean> | undefined

/** Asks for the token, unless the session of another sandbox extends to this one. */
async function requireToken(): Promise<void> {
  extending ??= extendSession()
  if (await extending) sessions++
  else needsToken.value = true
  extending = undefined
}

/** The request of a call, without the token. */
export function httpCall({ operation, params = {}, query = {}, body }: AdminCall): HttpCall {
  const [method = '', template = ''] = ROUTES[operation].split(' ')
  const path = template.replaceAll(/{(\w+)}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  return {
    method,
    url: `${location.origin}${BASE}/_standin${path}${search}`,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }
}

/**
 * Calls the admin API.
 *
 * @throws Refusal
 */
export async function callAdmin<Id extends OperationId>(
  call: AdminCall<Id>,
  abort?: AbortSignal,
): Promise<Answers[Id]> {
  const { url, method, headers, body } = httpCall(call)
  const session = sessions
  const init: RequestInit = {
    method,
    headers: { Accept: 'application/json, text/plain', ...headers },
    ...(body === undefined ? {} : { body }),
    ...(abort === undefined ? {} : { signal: abort }),
  }
  const response = await reached(fetch(url, init), abort)
  if (response.ok) {
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
    return (await (isJson ? response.json() : response.text())) as Answers[Id] // the contract says so
  }
  throw await refusalOf(response, session)
}

/** @throws Refusal if the server cannot be reached */
export async function reached(answer: Promise<Response>, abort?: AbortSignal): Promise<Response> {
  try {
    return await answer
  } catch (error) {
    if (abort?.aborted) throw error
    throw new Refusal(0, 'server.unreachable', 'The server cannot be reached')
  }
}

/** The session that calls belong to now. */
export const currentSession = (): number => sessions

/**
 * Returns the refusal in an answer of the admin API. If the token is missing, the page then asks
 * for it.
 *
 * @param session the session of the request
 */
export async function refusalOf(response: Response, session: number): Promise<Refusal> {
  const refusal = await refusalIn(response)
  // A refusal of an earlier session is ignored: the user may have entered the token since.
  if (refusal.reason.startsWith('admin.token-') && session === sessions) await requireToken()
  return refusal
}

async function refusalIn(response: Response): Promise<Refusal> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem> // by the contract
  const { reason = 'unknown', detail = `The server answered ${response.status}` } = problem
  return new Refusal(response.status, reason, detail, problem.violations)
}
