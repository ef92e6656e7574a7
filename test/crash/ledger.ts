import { isDeepStrictEqual } from 'node:util'
import type { Answer } from './client.ts'
import type { Body, Vendor } from './vendors.ts'

/** A user of a sandbox as `GET /_standin/users` lists it. */
export interface Listed {
  readonly api: string
  readonly id: string
  readonly email?: string
  readonly user: Body
}

/**
 * The outcome of a create: `stored`, an answer or a listing confirmed the user; `refused`, an answer
 * or a listing ruled it out; `unknown`, the connection ended before an answer.
 */
type Outcome = 'stored' | 'refused' | 'unknown'

/** A requested user with the outcome of its create. */
export interface RequestedUser {
  readonly sandbox: string
  readonly vendor: Vendor
  readonly word: string
  readonly body: Body
  outcome: Outcome
  id?: string
  /** The answers, for messages. */
  why: string
  /** The tick at which the create was refused. */
  refusedAt?: number
}

/** All creates on one data folder with their outcomes, over all restarts. */
export class Ledger {
  readonly #requested = new Map<string, RequestedUser>()
  readonly #lastGood = new Map<string, number>()
  /** Descriptions of the broken promises. */
  readonly failures: string[] = []
  #tick = 0
  #names = 0
  acknowledged = 0
  refusedWrites = 0

  request(sandbox: string, vendor: Vendor, filler: string, incomplete = false): RequestedUser {
    const word = `user-${++this.#names}`
    const body = { ...vendor.body(word, filler) }
    if (incomplete) delete body[vendor.required]
    const requested = {
      sandbox,
      vendor,
      word,
      body,
      outcome: 'unknown',
      why: 'never answered',
    } as const
    this.#requested.set(keyOf(sandbox, vendor.api, `${word}@example.test`), requested)
    return requested
  }

  get size(): number {
    return this.#requested.size
  }

  all(outcome: Outcome): RequestedUser[] {
    return [...this.#requested.values()].filter((requested) => requested.outcome === outcome)
  }

  find(sandbox: string, api: string, email: string): RequestedUser | undefined {
    return this.#requested.get(keyOf(sandbox, api, email))
  }

  now(): number {
    return ++this.#tick
  }

  /** Records the answers to simultaneous requests for one user. */
  settle(requested: RequestedUser, answers: readonly (Answer | undefined)[], sentAt: number): void {
    const good = answers.filter((answer) => answer && answer.status < 300)
    const taken = answers.find((answer) => answer?.reason === 'user.duplicate')
    const failed = answers.find((answer) => answer?.reason === 'state.write-failed')
    const what = `${requested.sandbox} ${requested.vendor.api} ${requested.word}`
    for (const answer of answers) {
      if (answer && answer.status >= 500 && answer.reason !== 'state.write-failed') {
        this.failures.push(`${what}: ${answer.status} ${answer.reason}`)
      }
    }
    if (good.length > 1) this.failures.push(`${what}: created twice`)
    requested.why = answers.map((answer) => `${answer?.status} ${answer?.reason ?? ''}`).join(', ')
    if (good[0]) {
      const id = plain(requested.vendor.idIn(good[0].body))
      if (id === '') this.failures.push(`${what}: acknowledged without an id`)
      requested.id = id
      this.#confirm(requested)
      this.#lastGood.set(
        requested.sandbox,
        Math.max(sentAt, this.#lastGood.get(requested.sandbox) ?? 0),
      )
    } else if (taken) {
      // The name is requested only here, so the duplicate is of this very user.
      if (failed) this.failures.push(`${what}: a duplicate of a user that could not be written`)
      else this.#confirm(requested)
    } else if (answers.includes(undefined)) {
      requested.outcome = 'unknown'
    } else {
      requested.outcome = 'refused'
    }
    if (!failed) return
    this.refusedWrites++
    requested.refusedAt = this.now()
  }

  /**
   * Marks refusals as uncertain that no later write followed: when a disk could neither complete nor
   * truncate a line, the line may reappear after a kill.
   */
  doubtLastRefusals(): void {
    for (const requested of this.all('refused')) {
      const { refusedAt, sandbox } = requested
      if (refusedAt !== undefined && refusedAt > (this.#lastGood.get(sandbox) ?? 0)) {
        requested.outcome = 'unknown'
      }
    }
  }

  /** Compares the users of a sandbox with the answers; unknown outcomes become known. */
  compare(sandbox: string, listed: readonly Listed[]): void {
    const ids = new Set<string>()
    const seen = new Set<RequestedUser>()
    for (const { api, id, email = '', user } of listed) {
      const what = `${sandbox} ${api} ${email} ${id}`
      const requested = this.find(sandbox, api, email)
      if (ids.has(`${api} ${id}`)) this.failures.push(`${what}: the id is a duplicate`)
      ids.add(`${api} ${id}`)
      if (!requested) {
        this.failures.push(`${what}: it was never requested`)
        continue
      }
      if (seen.has(requested)) this.failures.push(`${what}: is listed twice`)
      seen.add(requested)
      if (requested.outcome === 'refused') {
        this.failures.push(`${what}: was refused (${requested.why}) and is listed`)
      }
      if (
        requested.id !== undefined &&
        requested.outcome === 'stored' &&
        requested.id !== plain(id)
      ) {
        this.failures.push(`${what}: was acknowledged as ${requested.id}`)
      }
      const defect = defectIn(requested, user)
      if (defect) this.failures.push(`${what}: ${defect}`)
      requested.id = plain(id)
      requested.outcome = 'stored'
    }
    for (const requested of this.#requested.values()) {
      if (requested.sandbox !== sandbox || seen.has(requested)) continue
      if (requested.outcome === 'stored') {
        this.failures.push(
          `${sandbox} ${requested.vendor.api} ${requested.word}: LOST, although it was answered ${requested.why}`,
        )
      }
      if (requested.outcome === 'unknown') requested.why = 'not listed after a restart'
      requested.outcome = 'refused'
    }
  }

  #confirm(requested: RequestedUser): void {
    if (requested.outcome !== 'stored') this.acknowledged++
    requested.outcome = 'stored'
  }
}

/** The first field of a stored user that is wrong or missing. */
function defectIn({ vendor, body }: RequestedUser, user: Body): string | undefined {
  for (const [field, value] of Object.entries(vendor.stored(body))) {
    if (!isDeepStrictEqual(user[field], value)) {
      return `${field} is ${JSON.stringify(user[field])}, not ${JSON.stringify(value)}`
    }
  }
  for (const field of vendor.generated) {
    if (typeof user[field] !== 'string' || user[field] === '') return `${field} is missing`
  }
  for (const field of vendor.times) {
    if (Number.isNaN(Date.parse(String(user[field])))) return `${field} is not a time`
  }
  return undefined
}

function keyOf(sandbox: string, api: string, email: string): string {
  return `${sandbox} ${api} ${email}`
}

/** An id without dashes, as Forms On Fire answers it. */
function plain(id: unknown): string {
  return typeof id === 'string' ? id.replaceAll('-', '') : ''
}
