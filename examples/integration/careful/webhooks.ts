// The receiver of Cryptlex' webhooks: checks first, answers at once, and handles each event once.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** Events that are remembered, to handle none twice. */
const MOST_REMEMBERED = 10_000

export interface WebhookEvent {
  readonly event: string
  readonly email: string
}

export class Receiver {
  readonly #secret: string
  readonly #handle: (event: WebhookEvent) => void
  readonly #seen = new Set<string>()

  constructor(secret: string, handle: (event: WebhookEvent) => void) {
    this.#secret = secret
    this.#handle = handle
  }

  /** Returns the status of the answer; the work is done after it. */
  receive(body: Buffer, signature: string | undefined): 204 | 400 | 401 {
    if (!this.#isSigned(body, signature)) return 401
    const webhook = read(body)
    if (webhook === undefined) return 400
    const { event, id, email, triggeredAt } = webhook
    // A webhook that is sent twice has the same content, and not always the same delivery id.
    const identity = `${event} ${id} ${triggeredAt}`
    if (this.#seen.has(identity)) return 204
    this.#seen.add(identity)
    if (this.#seen.size > MOST_REMEMBERED) this.#seen.delete([...this.#seen][0]!) // it has one
    setImmediate(() => this.#handle({ event, email }))
    return 204
  }

  #isSigned(body: Buffer, signature = ''): boolean {
    const expected = createHmac('sha256', this.#secret).update(body).digest()
    const given = Buffer.from(signature, 'base64')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

function read(body: Buffer) {
  try {
    const { event, data, triggeredAt } = JSON.parse(body.toString()) as Record<string, unknown>
    const { id, email } = data as Record<string, unknown> // throws for null, which is caught
    const isWebhook = [event, triggeredAt, id, email].every((one) => typeof one === 'string')
    return isWebhook
      ? {
          event: String(event),
          triggeredAt: String(triggeredAt),
          id: String(id),
          email: String(email),
        }
      : undefined
  } catch {
    return undefined
  }
}
