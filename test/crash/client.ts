import * as http from 'node:http'
import type { Change, Ledger, Listed, RequestedUser } from './ledger.ts'
import type { Program } from './program.ts'
import type { Body, UserCall } from './vendors.ts'

/** The sandboxes of the campaign; the second has a folder below the first's. */
export const SANDBOXES = ['default', 'second'] as const

/** Sends requests over keep-alive connections and records the answers in the ledger. */
export class Client {
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 30 })
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Sends the same create so many times at once. */
  async create(
    program: Program,
    requested: RequestedUser,
    times = 1,
  ): Promise<(Answer | undefined)[]> {
    const { vendor, body } = requested
    const call = { method: 'POST', path: vendor.path, body } as const
    return this.#carryOut(program, requested, { kind: 'create', body }, call, times)
  }

  /** Changes several fields of a stored user, and its address where `moves` is true. */
  async change(
    program: Program,
    requested: RequestedUser,
    filler: string,
    moves: boolean,
  ): Promise<Answer | undefined> {
    const { vendor, word, body, id } = requested
    const number = ++requested.changes
    const address = moves ? `${word}.${number}@example.test` : undefined
    const changes = vendor.changes(`${number} ${filler}`, address)
    const change = { kind: 'change', body: { ...body, ...changes } } as const
    const call = vendor.change(id!, changes) // a stored user has one
    const [answer] = await this.#carryOut(program, requested, change, call)
    return answer
  }

  /** Deletes a stored user; at a vendor without such a call it changes the user. */
  async remove(program: Program, requested: RequestedUser): Promise<Answer | undefined> {
    const { vendor, body, id } = requested
    if (!vendor.delete) return this.change(program, requested, '', false)
    const call = vendor.delete(id!) // a stored user has one
    const [answer] = await this.#carryOut(program, requested, { kind: 'delete', body }, call)
    return answer
  }

  /** Deletes a user that is deleted already. @returns the reason of the refusal */
  async removeAgain(program: Program, requested: RequestedUser): Promise<string | undefined> {
    const { vendor, id, sandbox } = requested
    const { method, path, body } = vendor.delete!(id!) // it was deleted by this call
    const answer = await this.#send(
      `${baseOf(program, sandbox)}${path}`,
      vendor.headers,
      body,
      method,
    )
    return answer?.reason
  }

  async makeSecondSandbox({ url }: Program): Promise<void> {
    const sandbox = { name: SANDBOXES[1], kept: true }
    const answer = await this.#send(`${url}/_standin/sandboxes`, {}, sandbox)
    if (answer?.status !== 201) throw new Error(`No second sandbox: ${JSON.stringify(answer)}`)
  }

  /** Compares the users of the sandboxes with the ledger. */
  async compare(program: Program, sandboxes: readonly string[], when: string): Promise<void> {
    const { failures } = this.#ledger
    const before = failures.length
    for (const sandbox of sandboxes) {
      this.#ledger.compare(sandbox, await this.#list(program, sandbox))
    }
    if (failures.length > before) failures.push(`that was ${when}; it printed:\n${program.output}`)
  }

  /** Waits until all deliveries of a sandbox are finished. */
  async settle({ url }: Program, sandbox: string): Promise<void> {
    const answer = await this.#send(`${url}/~${sandbox}/_standin/settle`, {}, { timeout: '2m' })
    const { settled, pending } = (answer?.body ?? {}) as { settled?: boolean; pending?: unknown[] }
    if (settled) return
    this.#ledger.failures.push(`${sandbox}: never settled, ${JSON.stringify(pending?.slice(0, 3))}`)
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy()
  }

  async #carryOut(
    program: Program,
    requested: RequestedUser,
    change: Change,
    { method, path, body }: UserCall | { method: 'POST'; path: string; body: Body },
    times = 1,
  ): Promise<(Answer | undefined)[]> {
    const { sandbox, vendor } = requested
    const target = `${baseOf(program, sandbox)}${path}`
    requested.busy = true
    const sentAt = this.#ledger.now()
    const answers = await Promise.all(
      Array.from({ length: times }, () => this.#send(target, vendor.headers, body, method)),
    )
    this.#ledger.settle(requested, change, answers, sentAt)
    requested.busy = false
    return answers
  }

  async #list({ url }: Program, sandbox: string): Promise<Listed[]> {
    const all: Listed[] = []
    let after: string | undefined
    do {
      const query = `limit=1000${after === undefined ? '' : `&after=${after}`}`
      const answer = await this.#send(`${url}/~${sandbox}/_standin/users?${query}`, {})
      if (answer?.status !== 200) throw new Error(`No list of users: ${JSON.stringify(answer)}`)
      const page = answer.body as { users: Listed[]; next?: string } // as its contract says
      all.push(...page.users)
      after = page.next
    } while (after !== undefined)
    return all
  }

  /** @returns the complete answer; undefined when the connection ended before */
  #send(
    url: string,
    headers: Readonly<Record<string, string>>,
    body?: Body,
    method = body === undefined ? 'GET' : 'POST',
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const type = text === undefined ? {} : { 'Content-Type': 'application/json' }
      const request = http.request(url, {
        agent: this.#agent,
        method,
        headers: { ...headers, ...type, 'Content-Length': Buffer.byteLength(text ?? '') },
      })
      request.on('response', (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', () => {})
        response.on('close', () => {
          const reason = response.headers['standin-reason']
          const answer = {
            status: response.statusCode!, // a response has one
            reason: typeof reason === 'string' ? reason : undefined,
            body: parsed(Buffer.concat(parts).toString()),
          }
          resolve(response.complete ? answer : undefined)
        })
      })
      request.on('error', () => resolve(undefined))
      request.end(text)
    })
  }
}

export interface Answer {
  readonly status: number
  readonly reason: string | undefined
  readonly body: unknown
}

function baseOf({ url }: Program, sandbox: string): string {
  return `${url}${sandbox === 'default' ? '' : `/~${sandbox}`}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
