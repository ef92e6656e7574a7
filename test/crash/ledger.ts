import { isDeepStrictEqual } from 'node:util'
import type { Answer } from './client.ts'
import type { Body, Kind, Vendor } from './vendors.ts'

/** A user of a sandbox as `GET /_standin/users` lists it. */
export interface Listed {
  readonly api: string
  readonly id: string
  readonly email?: string
  readonly user: Body
}

/**
 * The state of a user: `stored` or `deleted`, an answer or a listing confirmed it; `refused`, an
 * answer or a listing ruled the create out; `unknown`, a connection ended before an answer.
 */
type Outcome = 'stored' | 'deleted' | 'refused' | 'unknown'

/** A call on a user, with the body of a create call for the user after it. */
export interface Change {
  readonly kind: Kind
  readonly body: Body
}

/** A user with the outcome of the calls on it. */
export interface RequestedUser {
  readonly sandbox: string
  readonly vendor: Vendor
  readonly word: string
  /** The last confirmed state, as the body of a create call; before that, the requested one. */
  body: Body
  outcome: Outcome
  /** The outcome before the call without an answer. */
  before: 'stored' | 'deleted' | 'refused'
  /** The call without an answer, which was carried out as a whole or not at all. */
  open?: Change
  /** The last call that was refused because of the disk, with its tick. */
  failed?: { readonly change: Change; readonly at: number }
  id?: string
  /** The time of the last change, as the vendor answers it. */
  updatedAt?: unknown
  /** A create whose webhook is expected once its id is known. */
  unannounced?: boolean
  /** The calls on the user so far; it makes the values of each change different. */
  changes: number
  /** True while a writer uses it: there is one call on a user at a time. */
  busy: boolean
  /** The answers, for messages. */
  why: string
}

/** A webhook that must arrive. */
export interface ExpectedEvent {
  readonly event: string
  readonly sandbox: string
  readonly word: string
  /** The fields that its user has. */
  readonly user: Body
}

/** All calls on one data folder with their outcomes, over all restarts. */
export class Ledger {
  readonly #requested = new Map<string, RequestedUser>()
  readonly #bySandbox = new Map<string, RequestedUser[]>()
  readonly #lastGood = new Map<string, number>()
  /** The webhooks of all changes that were carried out. */
  readonly events = new Map<string, ExpectedEvent>()
  /** Descriptions of the broken promises. */
  readonly failures: string[] = []
  #tick = 0
  #names = 0
  acknowledged = 0
  changed = 0
  deleted = 0
  refusedWrites = 0

  request(sandbox: string, vendor: Vendor, filler: string, incomplete = false): RequestedUser {
    const word = `user-${++this.#names}`
    const body = { ...vendor.body(word, filler) }
    if (incomplete) delete body[vendor.required]
    const requested: RequestedUser = {
      sandbox,
      vendor,
      word,
      body,
      outcome: 'unknown',
      before: 'refused',
      open: { kind: 'create', body },
      changes: 0,
      busy: true,
      why: 'never answered',
    }
    this.#requested.set(keyOf(sandbox, vendor.api, `${word}@example.test`), requested)
    const users = this.#bySandbox.get(sandbox) ?? []
    this.#bySandbox.set(sandbox, users)
    users.push(requested)
    return requested
  }

  get size(): number {
    return this.#requested.size
  }

  all(outcome: Outcome): RequestedUser[] {
    return [...this.#requested.values()].filter((requested) => requested.outcome === outcome)
  }

  /** @param email the present address or one that a change gave the user */
  find(sandbox: string, api: string, email: string): RequestedUser | undefined {
    return this.#requested.get(keyOf(sandbox, api, email))
  }

  /** True for a row that only the call without an answer can have written. */
  isUnanswered(sandbox: string, api: string, email: string, row: Body): boolean {
    const user = this.find(sandbox, api, email)
    if (user?.open === undefined || user.open.kind === 'delete') return false
    return user.before !== 'stored' || defectIn(user, user.body, row) !== undefined
  }

  /** True if the call without an answer deletes the user with this id. */
  isUnansweredDelete(sandbox: string, api: string, id: string): boolean {
    return (this.#bySandbox.get(sandbox) ?? []).some(
      (user) => user.vendor.api === api && user.id === plain(id) && user.open?.kind === 'delete',
    )
  }

  /** A stored user without a call in progress; undefined if a few tries find none. */
  free(
    sandbox: string,
    pick: (list: readonly RequestedUser[]) => RequestedUser,
  ): RequestedUser | undefined {
    const users = this.#bySandbox.get(sandbox) ?? []
    for (let i = 0; i < 5 && users.length > 0; i++) {
      const user = pick(users)
      const isFree = user.outcome === 'stored' && !user.busy && user.id !== undefined
      if (isFree && !this.#isDoubtful(user)) return user
    }
    return undefined
  }

  now(): number {
    return ++this.#tick
  }

  /** Records the answers to simultaneous calls for one user. */
  settle(
    requested: RequestedUser,
    change: Change,
    answers: readonly (Answer | undefined)[],
    sentAt: number,
  ): void {
    const good = answers.filter((answer) => answer && answer.status < 300)
    const taken = answers.find((answer) => answer?.reason === 'user.duplicate')
    const failed = answers.find((answer) => answer?.reason === 'state.write-failed')
    const what = nameOf(requested)
    for (const answer of answers) {
      if (answer && answer.status >= 500 && answer.reason !== 'state.write-failed') {
        this.failures.push(`${what}: ${answer.status} ${answer.reason}`)
      }
    }
    requested.why = answers
      .map((answer) => `${change.kind} ${answer?.status} ${answer?.reason ?? ''}`)
      .join(', ')
    if (failed) {
      this.refusedWrites++
      requested.failed = { change, at: this.now() }
    }
    const done = good[0]
    if (done) {
      this.#lastGood.set(
        requested.sandbox,
        Math.max(sentAt, this.#lastGood.get(requested.sandbox) ?? 0),
      )
    }
    if (change.kind === 'create') {
      if (good.length > 1) this.failures.push(`${what}: created twice`)
      this.#settleCreate(requested, change, { done, taken, failed }, answers.includes(undefined))
    } else if (done) {
      this.#carryOut(requested, change, done.body)
    } else if (answers.includes(undefined)) {
      this.#leaveOpen(requested, change)
    } else if (!failed) {
      this.failures.push(`${what}: is stored, and its ${change.kind} gave ${requested.why}`)
    }
  }

  /**
   * Marks refusals as uncertain that no later write followed: when a disk could neither complete nor
   * truncate a line, the line may reappear after a kill.
   */
  doubtLastRefusals(): void {
    for (const requested of this.#requested.values()) {
      const { failed, outcome } = requested
      if (failed && outcome !== 'unknown' && this.#isDoubtful(requested)) {
        this.#leaveOpen(requested, failed.change)
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
      this.#compareListed(requested, plain(id), user, what)
    }
    for (const requested of this.#bySandbox.get(sandbox) ?? []) {
      if (seen.has(requested)) continue
      if (requested.open?.kind === 'delete') this.#carryOut(requested, requested.open)
      else if (requested.before === 'stored') {
        this.failures.push(`${nameOf(requested)}: LOST, although it was answered ${requested.why}`)
      }
      if (requested.outcome === 'unknown') {
        requested.why = 'not listed after a restart'
        this.#rest(requested, requested.before)
      }
    }
  }

  /** Compares a listed user with its last confirmed state and with the call without an answer. */
  #compareListed(requested: RequestedUser, id: string, user: Body, what: string): void {
    const { open, before, why } = requested
    const isStored = before === 'stored'
    const defect = isStored
      ? defectIn(requested, requested.body, user)
      : `it was ${before} (${why})`
    if (isStored && requested.id !== undefined && requested.id !== id) {
      this.failures.push(`${what}: was acknowledged as ${requested.id}`)
    }
    if (open && open.kind !== 'delete' && defect !== undefined) {
      const other = defectIn(requested, open.body, user)
      if (other !== undefined) {
        this.failures.push(`${what}: a ${open.kind} was carried out in part: ${defect}, ${other}`)
      }
      this.#carryOut(requested, open, { id, ...user })
    } else {
      if (defect !== undefined) this.failures.push(`${what}: is listed, and ${defect}`)
      requested.id = id
      requested.updatedAt = user['updatedAt']
      this.#rest(requested, 'stored')
    }
    this.#announceCreate(requested)
  }

  #settleCreate(
    requested: RequestedUser,
    change: Change,
    { done, taken, failed }: Readonly<Record<'done' | 'taken' | 'failed', Answer | undefined>>,
    isUnanswered: boolean,
  ): void {
    const what = nameOf(requested)
    if (done) {
      if (plain(requested.vendor.idIn(done.body)) === '') {
        this.failures.push(`${what}: acknowledged without an id`)
      }
      this.#carryOut(requested, change, done.body)
    } else if (taken) {
      // The name is requested only here, so the duplicate is of this very user.
      if (failed) this.failures.push(`${what}: a duplicate of a user that could not be written`)
      else if (requested.before === 'stored') this.#rest(requested, 'stored')
      else this.#carryOut(requested, change)
    } else if (isUnanswered) {
      this.#leaveOpen(requested, change)
    } else {
      this.#rest(requested, requested.before === 'deleted' ? 'deleted' : 'refused')
    }
  }

  /**
   * Records that a call was carried out, with the webhook that must follow.
   *
   * @param answer the answer or the stored user; undefined: not seen
   */
  #carryOut(requested: RequestedUser, { kind, body }: Change, answer?: unknown): void {
    const { vendor } = requested
    const user = answer as Body | undefined // an answer of the vendor's
    const hasUser = user !== undefined && kind !== 'delete'
    if (kind === 'create') {
      this.acknowledged++
      delete requested.id
      requested.unannounced = true
      if (hasUser) requested.id = plain(user['id'] ?? vendor.idIn(user))
    } else if (kind === 'change') this.changed++
    else this.deleted++
    requested.body = body
    if (hasUser) requested.updatedAt = user['updatedAt']
    this.#rest(requested, kind === 'delete' ? 'deleted' : 'stored')
    if (kind === 'create') this.#announceCreate(requested)
    else this.#expectEvent(requested, kind)
  }

  #announceCreate(requested: RequestedUser): void {
    if (!requested.unannounced || requested.id === undefined) return
    requested.unannounced = false
    this.#expectEvent(requested, 'create')
  }

  #expectEvent(requested: RequestedUser, kind: Kind): void {
    const { vendor, id, updatedAt, sandbox, word, body } = requested
    const event = vendor.events?.[kind]
    if (event === undefined) return
    const user = { ...vendor.stored(body) }
    this.events.set(eventKey(event, id!, String(body['email']), updatedAt), {
      event,
      sandbox,
      word,
      user,
    })
  }

  #leaveOpen(requested: RequestedUser, change: Change): void {
    requested.open = change
    requested.outcome = 'unknown'
  }

  #rest(requested: RequestedUser, outcome: 'stored' | 'deleted' | 'refused'): void {
    requested.outcome = requested.before = outcome
    delete requested.open
  }

  #isDoubtful({ failed, sandbox }: RequestedUser): boolean {
    return failed !== undefined && failed.at > (this.#lastGood.get(sandbox) ?? 0)
  }
}

/** The key of a webhook: sandboxes with one seed have the same ids, so it has the address too. */
export function eventKey(event: string, id: string, email: string, updatedAt: unknown): string {
  return `${event} ${plain(id)} ${email} ${String(updatedAt)}`
}

export function nameOf({ sandbox, vendor, word }: RequestedUser): string {
  return `${sandbox} ${vendor.api} ${word}`
}

/** The first field of a stored user that is wrong or missing. */
function defectIn({ vendor }: RequestedUser, body: Body, user: Body): string | undefined {
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

/** A change may add a number to the name in an address: `user-1.2@example.test`. */
function keyOf(sandbox: string, api: string, email: string): string {
  return `${sandbox} ${api} ${email.replace(/(\.\d+)?@/, '@')}`
}

/** An id without dashes, as Forms On Fire answers it. */
function plain(id: unknown): string {
  return typeof id === 'string' ? id.replaceAll('-', '') : ''
}
