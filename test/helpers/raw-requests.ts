import http from 'node:http'
import net from 'node:net'
import { expect } from 'vitest'
import type { Server } from '../../src/server/server.ts'
import { CRYPTLEX, fixture, FORMSONFIRE, MYKAARMA } from './sandbox.ts'

/** An answer as the caller received it. */
export interface Seen {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

export interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string | Buffer
  readonly chunked?: boolean
}

/** An API in one of its formats, with a good request from which bad ones are derived. */
export interface Endpoint {
  readonly name: string
  readonly api: 'mykaarma' | 'cryptlex' | 'formsonfire'
  /** Includes credentials that are not in a header, so that only the body is invalid. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly created: number
  /** Format of its refusals. */
  readonly answers: 'json' | 'xml'
}

const IN_QUERY = '?CompanyId=1815&IntegrationKey=0123456789abcdef0123456789abcdef'

export const endpoints: readonly Endpoint[] = [
  {
    name: 'mykaarma',
    api: 'mykaarma',
    path: MYKAARMA,
    headers: {
      Authorization: `Basic ${Buffer.from('partner:partner-secret').toString('base64')}`,
      'Content-Type': 'application/json',
    },
    body: fixture('mykaarma.json'),
    created: 200,
    answers: 'json',
  },
  {
    name: 'cryptlex',
    api: 'cryptlex',
    path: CRYPTLEX,
    headers: { Authorization: 'Bearer standin-token', 'Content-Type': 'application/json' },
    body: fixture('cryptlex.json'),
    created: 201,
    answers: 'json',
  },
  {
    name: 'formsonfire in JSON',
    api: 'formsonfire',
    path: FORMSONFIRE + IN_QUERY,
    headers: { 'Content-Type': 'application/json' },
    body: fixture('formsonfire.json'),
    created: 200,
    answers: 'json',
  },
  {
    name: 'formsonfire in XML',
    api: 'formsonfire',
    path: FORMSONFIRE + IN_QUERY,
    headers: {},
    body: fixture('formsonfire.xml'),
    created: 200,
    answers: 'xml',
  },
]

export const jsonEndpoints = endpoints.filter(({ answers }) => answers === 'json')
export const xmlEndpoint = endpoints.find(({ answers }) => answers === 'xml')!

/** Sends a request without encoding or adding anything, and follows no redirect. */
export function send(server: Server, endpoint: Endpoint, sent: Sent = {}): Promise<Seen> {
  const { method = 'POST', path = endpoint.path, body = '', chunked = false } = sent
  const given = { ...endpoint.headers, ...sent.headers }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) if (value !== undefined) headers[name] = value
  if (chunked) headers['Transfer-Encoding'] = 'chunked'
  else headers['Content-Length'] = String(Buffer.byteLength(body))
  return new Promise((resolve, reject) => {
    const options = { port: server.port, method, path, headers, agent: false }
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Sends bytes on a socket and returns everything received until the server closes it. */
export function raw(server: Server, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => (text += chunk.toString()))
    // The connection may be reset after the answer.
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })
}

/** Parses the answer that a socket received, after a 100 Continue. */
export function parsed(text: string): Seen {
  const [head = '', ...rest] = text.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, '').split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  return { status: Number(first.split(' ')[1]), headers, text: rest.join('\r\n\r\n') }
}

/** Maps a status to the one of the API: Forms On Fire uses only a few. */
export function statusAt(endpoint: Endpoint, status: number): number {
  if (endpoint.api !== 'formsonfire') return status
  return status === 404 ? 405 : status === 413 || status === 415 ? 400 : status
}

/** Expects a refusal in the vendor's format, with its reason and without the secrets. */
export function expectRefusal(
  endpoint: Endpoint,
  seen: Seen,
  status: number,
  reason: string,
  secrets: readonly string[] = [],
): void {
  expect([seen.status, seen.headers['standin-reason']]).toEqual([
    statusAt(endpoint, status),
    reason,
  ])
  for (const secret of secrets) {
    expect(seen.text).not.toContain(secret)
    expect(JSON.stringify(seen.headers)).not.toContain(secret)
  }
  expect(seen.text.length).toBeLessThan(30_000)
  if (endpoint.answers === 'xml') {
    expect(seen.headers['content-type']).toBe('application/xml')
    expect(seen.text).toMatch(
      /^<\?xml .*<ResponseStatus><ErrorCode>\w+<\/ErrorCode><Message>[^<]+<\/Message>/,
    )
    return
  }
  expect(seen.headers['content-type']).toBe('application/json; charset=utf-8')
  const body: unknown = JSON.parse(seen.text)
  const text = expect.stringMatching(/\S/) as string
  const shapes = {
    mykaarma: {
      errors: expect.arrayContaining([
        { errorCode: expect.any(Number) as number, errorTitle: text, errorMessage: text },
      ]) as unknown[],
      warnings: [],
      apiRequestId: text,
    },
    cryptlex: { message: text, code: text },
    formsonfire: {
      ResponseStatus: { ErrorCode: text, Message: text, Errors: expect.any(Array) as unknown[] },
    },
  }
  expect(body).toEqual(shapes[endpoint.api])
}

/** Expects that a good request still succeeds and creates the only user. */
export async function expectItStillServes(server: Server, endpoint: Endpoint): Promise<void> {
  expect(usersOf(server, endpoint)).toEqual([])
  const seen = await send(server, endpoint, { body: endpoint.body })
  expect([seen.status, seen.text]).toEqual([endpoint.created, expect.stringMatching(/id/i)])
  expect(usersOf(server, endpoint)).toHaveLength(1)
}

export function usersOf(server: Server, endpoint: Endpoint): readonly object[] {
  return server.sandbox.store.collection(`${endpoint.api}.users`).all()
}
