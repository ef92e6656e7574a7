import { Slices } from '../slices.ts'
import type { Entry } from './entry.ts'
import type { Mismatch } from './matcher.ts'
import { KnownSecrets, Redactor } from './redact.ts'
import { createdUser, recordSteps, type RedactedRecord } from './redacted-record.ts'
import { SECRET_NAMES } from './secret-names.ts'
import { SecretFinder } from './secret-finder.ts'

/** An entry with its secrets redacted. */
export interface Redaction {
  /** The record without the user, whose address may change. */
  readonly record: RedactedRecord
  /** Knows the secrets in the entry. */
  readonly redactor: Redactor
  readonly known: KnownSecrets
  /** Estimated memory in bytes. */
  readonly size: number
}

/** Measured size of a redacted record and its redactor without their longer texts, in bytes. */
const OVERHEAD = 3584
/** Maximum length of one body, and of all bodies, that wait to be searched, in characters. */
const MAX_UNREAD_BODY = 4 * 1024 * 1024
const MAX_UNREAD = 16 * 1024 * 1024

/**
 * Redacts the entries of a request log, each once, when it is first read. The result is kept as
 * long as the entry and within a memory limit of its own; beyond the limit an entry is redacted at
 * each reading.
 */
export class Redactions {
  readonly #limit: number
  #bytes = 0
  readonly #kept = new Map<Entry, Redaction>()
  /** Entries with a truncated body whose rest has not been searched yet. */
  readonly #unread = new Set<Entry>()
  #unreadLength = 0
  #isSearching = false

  readonly #names: KnownSecrets

  /**
   * @param limit in bytes
   * @param names of secrets
   */
  constructor(limit: number, names = SECRET_NAMES) {
    this.#limit = limit
    this.#names = new KnownSecrets([], names)
  }

  /** Memory that the kept redactions take, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Redacts an entry in steps; the result of an earlier call is reused. */
  *steps(entry: Entry, known: KnownSecrets): Generator<undefined, Redaction> {
    const kept = this.#kept.get(entry)
    if (kept?.known === known) return kept
    if (entry.unread !== undefined) yield* this.#searchSteps(entry)
    const { hidden = [] } = entry
    const redactor = new Redactor(known, hidden === 'unknown' ? [] : hidden)
    const record = yield* recordSteps(entry, redactor, hidden !== 'unknown')
    const texts = [record.body?.text ?? '', record.answer.body.text, ...redactor.spellings]
    const size = texts.reduce((sum, { length }) => sum + length, OVERHEAD)
    const redaction = { record, redactor, known, size }
    this.#keep(entry, redaction)
    return redaction
  }

  /** The record of an entry, with its user, in steps. */
  *recordSteps(entry: Entry, known: KnownSecrets): Generator<undefined, RedactedRecord> {
    const redaction = yield* this.steps(entry, known)
    const user = createdUser(entry)
    if (!user) return redaction.record
    const shown = redaction.redactor.scrubAll(user)
    const { faults, deliveries, ...before } = redaction.record
    return {
      ...before,
      user: shown,
      ...(faults ? { faults } : {}),
      ...(deliveries ? { deliveries } : {}),
    }
  }

  /** Redacts the secrets of an entry in a value that quotes parts of it, in steps. */
  *scrubSteps<T>(value: T, entry: Entry, known: KnownSecrets): Generator<undefined, T> {
    const redaction = yield* this.steps(entry, known)
    return yield* redaction.redactor.scrubSteps(value)
  }

  /** Redacts mismatches of an entry, which quote what was found in it, in steps. */
  *mismatchSteps(
    mismatches: readonly Mismatch[],
    entry: Entry,
    known: KnownSecrets,
  ): Generator<undefined, Mismatch[]> {
    const { redactor: own } = yield* this.steps(entry, known)
    // A copy, because it also learns secrets of texts outside the entry.
    const redactor = new Redactor(known, own.learned)
    return mismatches.map(({ at, wanted, found }) => ({
      at,
      wanted: redactor.scrub(wanted),
      found: redactor.scrub(redactor.body(found)),
    }))
  }

  /**
   * Schedules a search for secrets in the rest of a long body, of which only the beginning is
   * stored.
   */
  search(entry: Entry, body: string): void {
    if (body.length > MAX_UNREAD_BODY || this.#unreadLength + body.length > MAX_UNREAD) {
      entry.hidden = 'unknown'
      return
    }
    entry.unread = body
    this.#unread.add(entry)
    this.#unreadLength += body.length
    if (this.#isSearching) return
    this.#isSearching = true
    this.#searchAll().catch((error: unknown) =>
      entry.context.log.bug('a body could not be searched for secrets', error),
    )
  }

  /** Frees the redacted copy of an entry that leaves the log. */
  drop(entry: Entry): void {
    entry.isDropped = true
    if (this.#kept.size === 0) return
    this.#bytes -= this.#kept.get(entry)?.size ?? 0
    this.#kept.delete(entry)
  }

  #keep(entry: Entry, redaction: Redaction): void {
    const before = this.#kept.get(entry)?.size ?? 0
    if (entry.isDropped || this.#bytes - before + redaction.size > this.#limit) return
    this.#bytes += redaction.size - before
    this.#kept.set(entry, redaction)
  }

  async #searchAll(): Promise<void> {
    const slices = new Slices()
    try {
      for (const entry of this.#unread) {
        await slices.next()
        if (entry.isDropped) this.#forgetUnread(entry)
        else await slices.run(this.#searchSteps(entry))
      }
    } finally {
      this.#isSearching = false
    }
  }

  *#searchSteps(entry: Entry): Generator<undefined, void> {
    const text = entry.unread
    if (text !== undefined) {
      const redactor = new Redactor(this.#names)
      yield* redactor.learnSteps(text)
      const hidden = yield* occurring(redactor, entry)
      entry.hidden ??= hidden
    }
    this.#forgetUnread(entry)
  }

  #forgetUnread(entry: Entry): void {
    if (!this.#unread.delete(entry)) return
    this.#unreadLength -= entry.unread?.length ?? 0
    entry.unread = undefined
  }
}

/** The secrets of a redactor that the kept texts of an entry contain: the others need no memory. */
function* occurring(redactor: Redactor, entry: Entry): Generator<undefined, string[]> {
  const finder = new SecretFinder(redactor.spellings)
  if (finder.isEmpty) return []
  const found = new Set<string>()
  const text = entry.bytes.toString('utf8', entry.start, entry.answerEnd)
  for (let at = finder.next(text, 0); at < text.length; at = finder.next(text, at + 1)) {
    found.add(text.slice(at, at + finder.longestAt(text, at)))
    yield
  }
  return [...found]
}
