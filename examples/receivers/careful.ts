// A receiver that handles webhooks safely: a message may arrive twice, late, in the wrong order,
// truncated, or from another sender. Compare naive.ts.
//
//   WEBHOOK_SECRET=… npx tsx examples/receivers/careful.ts [port]
//
// POST to any path: a webhook. GET /users: the stored users and the addresses of sent welcomes.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

const SECRET = process.env['WEBHOOK_SECRET'] ?? ''
/** Largest age of a signed timestamp, in seconds; the same limit holds for the future. */
const TOLERANCE = Number(process.env['WEBHOOK_TOLERANCE'] ?? 300)
/** Size limit in bytes, before and after decompression. */
const LARGEST_BODY = 4 * 1024 * 1024
/** Time limit for receiving a request, in milliseconds. */
const SLOWEST_BODY = 15_000
const MOST_REMEMBERED = 100_000

interface User {
  readonly id: string
  readonly [field: string]: unknown
}

/** Answer other than success. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const users = new Map<string, User>()
/** Time of the newest event of each user, in a form that sorts as text. */
const newest = new Map<string, string>()
/** Deleted users. They stay deleted, even if an earlier event arrives late. */
const deleted = new Set<string>()
const seen = new Set<string>()
const welcomed = new Map<string, unknown>()

/** Applies a verified webhook. Repeated or reordered webhooks lead to the same state. */
function applyWebhook(text: string): void {
  const { event, data, triggeredAt } = readWebhook(text)
  // The same event may arrive under another delivery id, so its content identifies it.
  const identity = `${event} ${data.id} ${triggeredAt}`
  if (seen.has(identity)) return
  switch (event) {
    case 'reseller.user.created':
    case 'reseller.user.updated':
      if (deleted.has(data.id)) break
      if ((newest.get(data.id) ?? '') < sortable(triggeredAt)) {
        users.set(data.id, data)
        newest.set(data.id, sortable(triggeredAt))
      }
      if (event === 'reseller.user.created') welcome(data)
      break
    case 'reseller.user.deleted':
      deleted.add(data.id)
      users.delete(data.id)
      break
    default:
      // An unknown event is not an error: the sender would retry an error again and again.
      console.log(`nothing to do for ${JSON.stringify(event)}`)
  }
  seen.add(identity)
  if (seen.size > MOST_REMEMBERED) for (const oldest of seen) return void seen.delete(oldest)
}

/** Slow work runs after the answer, and once for each user. */
function welcome(user: User): void {
  if (welcomed.has(user.id)) return
  welcomed.set(user.id, user['email'])
  setImmediate(() => console.log(`welcome sent to ${user.id}`))
}

function readWebhook(text: string): { event: string; data: User; triggeredAt: string } {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    throw new Refusal(400, 'The body is not JSON')
  }
  const { event, data, triggeredAt } = (read ?? {}) as Record<string, unknown> // checked below
  const id: unknown = typeof data === 'object' && data !== null && 'id' in data ? data.id : ''
  if (typeof event !== 'string' || typeof triggeredAt !== 'string' || typeof id !== 'string') {
    throw new Refusal(400, 'The body is not a webhook')
  }
  if (event.startsWith('reseller.user.') && id === '') throw new Refusal(400, 'The user is missing')
  // Unknown fields are kept: an additional field is not an error.
  return { event, data: { ...(data as object), id }, triggeredAt }
}

/** Pads `…:34.69Z` to seven decimal digits, so that times compare as text. */
function sortable(time: string): string {
  const [, seconds = time, fraction = ''] = /^([^.Z]*)(?:\.(\d+))?Z$/.exec(time) ?? []
  return `${seconds}.${fraction.padEnd(7, '0')}`
}

/** Verifies the raw bytes. A compressed body may have been signed before or after compression. */
function verify(headers: IncomingHttpHeaders, bodies: readonly Buffer[]): void {
  const given = headers['webhook-signature']
  if (typeof given !== 'string') throw new Refusal(401, 'The signature is missing')
  const matches = given.includes('v1,')
    ? matchesStandard(headers, given, bodies)
    : bodies.some((body) => equal(given, hmac(SECRET, body)))
  if (!matches) throw new Refusal(401, 'The signature is wrong')
}

/** Standard Webhooks also signs the id and the time, which prevents replays. */
function matchesStandard(
  headers: IncomingHttpHeaders,
  given: string,
  bodies: readonly Buffer[],
): boolean {
  const [id, time] = [headers['webhook-id'], headers['webhook-timestamp']]
  const age = Math.abs(Date.now() / 1000 - Number(time))
  if (!(age <= TOLERANCE)) throw new Refusal(401, 'The timestamp is too old or too new')
  const key = SECRET.startsWith('whsec_') ? Buffer.from(SECRET.slice(6), 'base64') : SECRET
  return bodies.some((body) => {
    const expected = `v1,${hmac(key, `${String(id)}.${String(time)}.`, body)}`
    return given.split(' ').some((one) => equal(one, expected))
  })
}

function hmac(key: string | Buffer, ...parts: readonly (string | Buffer)[]): string {
  const digest = createHmac('sha256', key)
  for (const part of parts) digest.update(part)
  return digest.digest('base64')
}

/** Compares in constant time. */
function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= LARGEST_BODY) chunks.push(chunk)
      else reject(new Refusal(413, 'The body is too large'))
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => reject(new Error('The body is incomplete')))
  })
}

async function decompress(body: Buffer, encoding = 'identity'): Promise<Buffer> {
  if (encoding === 'identity') return body
  if (encoding !== 'gzip') throw new Refusal(415, `Content-Encoding ${encoding} is not supported`)
  try {
    return await promisify(gunzip)(body, { maxOutputLength: LARGEST_BODY })
  } catch (error) {
    const tooLarge = error instanceof RangeError // stops a decompression bomb
    throw new Refusal(tooLarge ? 413 : 400, 'The body does not decompress within the size limit')
  }
}

async function receive(request: IncomingMessage): Promise<void> {
  const raw = await readBody(request)
  const body = await decompress(raw, request.headers['content-encoding']?.toLowerCase())
  verify(request.headers, raw === body ? [raw] : [raw, body])
  applyWebhook(body.toString('utf8'))
}

const server = createServer({ requestTimeout: SLOWEST_BODY }, (request, response) => {
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ users: [...users.values()], welcomed: [...welcomed.values()] }))
    return
  }
  receive(request).then(
    () => response.writeHead(204).end(),
    (error: unknown) => {
      // The sender closed the connection and will retry, so there is no answer.
      if (request.destroyed && !request.complete) return
      const refusal = error instanceof Refusal ? error : new Refusal(500, String(error))
      console.error(`refused with ${refusal.status}: ${refusal.message}`)
      response.writeHead(refusal.status, { Connection: 'close' }).end(refusal.message)
    },
  )
})

if (SECRET === '') {
  console.error('WEBHOOK_SECRET must be set: without it, anybody could send webhooks')
  process.exit(1)
}
server.listen(Number(process.argv[2] ?? process.env['PORT'] ?? 0), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // it listens on a port
  console.log(`ready http://127.0.0.1:${port}`)
})
