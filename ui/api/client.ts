import { signal } from '@preact/signals'
import type { Problem } from '../../src/admin/contract.gen.ts'
import { ROUTES, type Answers } from '../../src/client/routes.gen.ts'

// The client of the admin API. The dashboard makes no other calls, besides those of vendors' APIs
// that the user sends.

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

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

/** Path of the page without `/_standin` and a slash at the end: empty, or such as `/~checkout`. */
export const BASE = location.pathname.replace(/\/_standin\/?$/i, '').replace(/\/$/, '')

/** Path of the server: empty, unless a reverse proxy serves it below a path. */
export const SERVER_BASE = BASE.replace(/\/~[^/]*$/, '')

/** URL of the page of a sandbox. */
export function sandboxUrl(name: string): string {
  return name === 'default' ? `${SERVER_BASE}/` : `${SERVER_BASE}/~${encodeURIComponent(name)}/`
}

const TOKEN_KEY = 'standin-admin-token'

/** True while the admin API refuses calls because they lack its token. */
export const needsToken = signal(false)

/** The token that the user entered; it is kept for this tab only, and no cookie has it. */
export function adminToken(): string | undefined {
  return sessionStorage.getItem(TOKEN_KEY) ?? undefined
}

export function setAdminToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token)
  needsToken.value = false
}

/** Headers of every call of the admin API. */
export function adminHeaders(): Record<string, string> {
  const token = adminToken()
  return token === undefined ? {} : { 'Standin-Admin-Token': token }
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
  const token = adminToken()
  const init: RequestInit = {
    method,
    headers: { Accept: 'application/json, text/plain', ...headers, ...adminHeaders() },
    ...(body === undefined ? {} : { body }),
    ...(abort === undefined ? {} : { signal: abort }),
  }
  const response = await reached(fetch(url, init), abort)
  if (response.ok) {
    const isJson = response.headers.get('Content-Type')?.startsWith('application/json')
    return (await (isJson ? response.json() : response.text())) as Answers[Id] // the contract says so
  }
  throw await refusalOf(response, token)
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

/**
 * The refusal in an answer of the admin API; notes that the token is missing or wrong.
 *
 * @param token the token that the request had
 */
export async function refusalOf(response: Response, token: string | undefined): Promise<Refusal> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem> // by the contract
  const { reason = 'unknown', detail = `The server answered ${response.status}` } = problem
  // The user may have entered another token meanwhile.
  if (reason.startsWith('admin.token-') && token === adminToken()) needsToken.value = true
  return new Refusal(response.status, reason, detail)
}
