import http from 'node:http'
import type { NewFault, ReportCardCheck } from '../../../src/admin/contract.gen.ts'
import type { Standin } from '../../../src/index.ts'
import { creation, named, type Api } from '../../helpers/caller.ts'

export interface Sent {
  readonly method?: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Got {
  /** 0 if the connection ended without an answer. */
  readonly status: number
  readonly text: string
}

/** A scripted client of one sandbox: it behaves as well or as badly as a scenario wants. */
export class Play {
  readonly standin: Standin
  #agent = new http.Agent({ keepAlive: true })

  constructor(standin: Standin) {
    this.standin = standin
  }

  async arm(fault: string | NewFault): Promise<void> {
    await this.standin.faults.add(fault)
  }

  /** Sends a request; the path begins with the prefix of the API. */
  async send(
    { method = 'GET', path, body, headers = {} }: Sent,
    signal?: AbortSignal,
  ): Promise<Got> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    return await new Promise((resolve) => {
      const sending = http.request(`${this.standin.url}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          ...(text === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(text)) }),
          ...(typeof body === 'object' ? { 'Content-Type': 'application/json' } : {}),
          'User-Agent': 'scripted',
          ...headers,
        },
        ...(signal ? { signal } : {}),
      })
      const lost = () => resolve({ status: 0, text: '' })
      sending.on('error', lost)
      sending.on('response', (response) => {
        let answer = ''
        response.on('data', (part: Buffer) => (answer += part.toString('latin1')))
        response.on('error', lost)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: answer }))
      })
      sending.end(text)
    })
  }

  /** Creates the user of this name. */
  async create(api: Api = 'cryptlex', name = 'ada', headers = {}): Promise<Got> {
    const sent = creation(api, named(api, name))
    return await this.send({ ...sent, headers: { ...sent.headers, ...headers } })
  }

  /** Creates a user as often as it takes, or as often as given. */
  async tries(times: number, pause: (n: number) => number = () => 0): Promise<void> {
    for (let n = 0; n < times; n++) {
      if (n > 0) await wait(pause(n))
      if ((await this.create()).status === 201) return
    }
  }

  /** Looks for the user of this name at Cryptlex. */
  async look(name = 'ada'): Promise<Got> {
    const path = `/v3/resellers/reseller-001/users?email=${name}%40example.test`
    return await this.send({ path, headers: creation('cryptlex').headers! })
  }

  /** Closes the connections, as another run of a program does. */
  newConnections(): void {
    this.#agent.destroy()
    this.#agent = new http.Agent({ keepAlive: true })
  }

  /** Ends the test and returns the result of a check. */
  async resultOf(id: string): Promise<ReportCardCheck> {
    await this.standin.faults.clear()
    const { checks } = await this.standin.reportCard()
    return checks.find((check) => check.id === id)!
  }

  close(): void {
    this.#agent.destroy()
  }
}

export const wait = (ms: number): Promise<void> =>
  ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))

/** Behaviour that a check sees: good or bad. */
export interface Scenario {
  readonly good: (play: Play) => Promise<unknown>
  /** Undefined if it cannot be played. */
  readonly bad: ((play: Play) => Promise<unknown>) | undefined
}
