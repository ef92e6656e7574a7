import { isDeepStrictEqual } from 'node:util'
import type { Answer } from './client.ts'
import type { Body, Vendor } from './vendors.ts'

/** The kept users of a sandbox as `GET /_standin/users` shows them. */
export interface Listed {
  readonly api: string
  readonly id: string
  readonly email?: string
  readonly user: Body
}

/**
 * What is known about a user that was asked for: `kept`, an answer or a listing relied on it;
 * `refused`, an answer or a listing ruled it out; `unknown`, the connection ended before.
 */
type Fate = 'kept' | 'refused' | 'unknown'

export interface Wanted {
  readonly sandbox: string
  readonly vendor: Vendor
  readonly word: string
  readonly body: Body
  fate: Fate
  id?: string
  why: string
  /** When it was refused, counted in answers. */
  refusedAt?: number
}

/** Everything that was asked of one data folder, over all restarts, and what came of it. */
export class Ledger {
  readonly #wanted = new Map<string, Wanted>()
  readonly #lastGood = new Map<string, number>()
  /** Promises that were broken, in words. */
  readonly failures: string[] = []
  #tick = 0
  #names = 0
  acknowledged = 0
  refusedWrites = 0

  want(sandbox: string, vendor: Vendor, filler: string, incomplete = false): Wanted {
    const word = `user-${++this.#names}`
    const body = { ...vendor.body(word, filler) }
    if (incomplete) delete body[vendor.required]
    const wanted = { sandbox, vendor, word, body, fate: 'unknown', why: 'never answered' } as const
    this.#wanted.set(keyOf(sandbox, vendor.api, `${word}@example.test`), wanted)
    return wanted
  }

  get size(): number {
    return this.#wanted.size
  }

  all(fate: Fate): Wanted[] {
    return [...this.#wanted.values()].filter((wanted) => wanted.fate === fate)
  }

  find(sandbox: string, api: string, email: string): Wanted | undefined {
    return this.#wanted.get(keyOf(sandbox, api, email))
  }

  now(): number {
    return ++this.#tick
  }

  /** Notes what one or more requests for the same user, sent at the same time, were answered. */
  settle(wanted: Wanted, answers: readonly (Answer | undefined)[], sentAt: number): void {
    const good = answers.filter((answer) => answer && answer.status < 300)
    const taken = answers.find((answer) => answer?.reason === 'user.duplicate')
    const failed = answers.find((answer) => answer?.reason === 'state.write-failed')
    const what = `${wanted.sandbox} ${wanted.vendor.api} ${wanted.word}`
    for (const answer of answers) {
      if (answer && answer.status >= 500 && answer.reason !== 'state.write-failed') {
        this.failures.push(`${what}: ${answer.status} ${answer.reason}`)
      }
    }
    if (good.length > 1) this.failures.push(`${what}: created twice`)
    wanted.why = answers.map((answer) => `${answer?.status} ${answer?.reason ?? ''}`).join(', ')
    if (good[0]) {
      const id = plain(wanted.vendor.idIn(good[0].body))
      if (id === '') this.failures.push(`${what}: acknowledged without an id`)
      wanted.id = id
      this.#keep(wanted)
      this.#lastGood.set(wanted.sandbox, Math.max(sentAt, this.#lastGood.get(wanted.sandbox) ?? 0))
    } else if (taken) {
      // Nobody else asks for it, so the one that it is a duplicate of is this one.
      if (failed) this.failures.push(`${what}: a duplicate of a user that could not be written`)
      else this.#keep(wanted)
    } else if (answers.includes(undefined)) {
      wanted.fate = 'unknown'
    } else {
      wanted.fate = 'refused'
    }
    if (!failed) return
    this.refusedWrites++
    wanted.refusedAt = this.now()
  }

  /**
   * A disk that neither takes a line nor takes it back may show it at the next start, unless
   * something was written since; only then is a refusal certain after a kill.
   */
  doubtLastRefusals(): void {
    for (const wanted of this.all('refused')) {
      const { refusedAt, sandbox } = wanted
      if (refusedAt !== undefined && refusedAt > (this.#lastGood.get(sandbox) ?? 0)) {
        wanted.fate = 'unknown'
      }
    }
  }

  /** Compares a sandbox with what its callers were told; what they were not told is known then. */
  compare(sandbox: string, listed: readonly Listed[]): void {
    const ids = new Set<string>()
    const seen = new Set<Wanted>()
    for (const { api, id, email = '', user } of listed) {
      const what = `${sandbox} ${api} ${email} ${id}`
      const wanted = this.find(sandbox, api, email)
      if (ids.has(`${api} ${id}`)) this.failures.push(`${what}: the id is there twice`)
      ids.add(`${api} ${id}`)
      if (!wanted) {
        this.failures.push(`${what}: nobody asked for it`)
        continue
      }
      if (seen.has(wanted)) this.failures.push(`${what}: is there twice`)
      seen.add(wanted)
      if (wanted.fate === 'refused') {
        this.failures.push(`${what}: was refused (${wanted.why}) and is there`)
      }
      if (wanted.id !== undefined && wanted.fate === 'kept' && wanted.id !== plain(id)) {
        this.failures.push(`${what}: was acknowledged as ${wanted.id}`)
      }
      const fault = faultIn(wanted, user)
      if (fault) this.failures.push(`${what}: ${fault}`)
      wanted.id = plain(id)
      wanted.fate = 'kept'
    }
    for (const wanted of this.#wanted.values()) {
      if (wanted.sandbox !== sandbox || seen.has(wanted)) continue
      if (wanted.fate === 'kept') {
        this.failures.push(
          `${sandbox} ${wanted.vendor.api} ${wanted.word}: LOST, it was answered ${wanted.why}`,
        )
      }
      if (wanted.fate === 'unknown') wanted.why = 'not there at a restart'
      wanted.fate = 'refused'
    }
  }

  #keep(wanted: Wanted): void {
    if (wanted.fate !== 'kept') this.acknowledged++
    wanted.fate = 'kept'
  }
}

/** What is not whole about a user. */
function faultIn({ vendor, body }: Wanted, user: Body): string | undefined {
  for (const [field, value] of Object.entries(vendor.kept(body))) {
    if (!isDeepStrictEqual(user[field], value)) {
      return `${field} is ${JSON.stringify(user[field])}, not ${JSON.stringify(value)}`
    }
  }
  for (const field of vendor.made) {
    if (typeof user[field] !== 'string' || user[field] === '') return `${field} is missing`
  }
  for (const field of vendor.times) {
    if (Number.isNaN(Date.parse(String(user[field])))) return `${field} is no time`
  }
  return undefined
}

function keyOf(sandbox: string, api: string, email: string): string {
  return `${sandbox} ${api} ${email}`
}

/** Forms On Fire answers ids without dashes. */
function plain(id: unknown): string {
  return typeof id === 'string' ? id.replaceAll('-', '') : ''
}
