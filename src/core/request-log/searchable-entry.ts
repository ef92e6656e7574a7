import { isRecord } from '../contract/schema.ts'
import { readingsOf } from '../http/plus-sign.ts'
import type { Entry } from './entry.ts'
import type { MatchSubject } from './matcher.ts'
import type { KnownSecrets } from './redact.ts'
import { createdUser } from './redacted-record.ts'
import type { Redactions } from './redactions.ts'
import { subjectOf } from './match-subject.ts'

/** An entry for filters, verifications and listeners: each part is parsed once, on first use. */
export class SearchableEntry {
  readonly entry: Entry
  #subject: MatchSubject | undefined
  #texts: ReadonlySet<string> | undefined
  #redactedText: string | undefined

  constructor(entry: Entry) {
    this.entry = entry
  }

  get subject(): MatchSubject {
    this.#subject ??= subjectOf(this.entry)
    return this.#subject
  }

  /**
   * Tests whether a value of the body or the query, or the created user's address, is this text.
   *
   * @param text in lower case, trimmed
   */
  hasValue(text: string): boolean {
    this.#texts ??= new Set(valuesOf(this).map((value) => value.trim().toLowerCase()))
    return this.#texts.has(text)
  }

  /** The redacted record as JSON in lower case, for text search; `prepareSteps` makes it. */
  get redactedText(): string {
    if (this.#redactedText === undefined) throw new Error('the entry is not prepared')
    return this.#redactedText
  }

  /** Prepares the text search, in steps. */
  *prepareSteps(redactions: Redactions, known: KnownSecrets): Generator<undefined, void> {
    if (this.#redactedText !== undefined) return
    const record = yield* redactions.recordSteps(this.entry, known)
    this.#redactedText = JSON.stringify(record).toLowerCase()
  }
}

function valuesOf({ entry, subject: { body, query } }: SearchableEntry): string[] {
  const inQuery = [...query.values()].flatMap(readingsOf)
  return [...textsIn(body), ...inQuery, createdUser(entry)?.email ?? []].flat()
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return isRecord(value) ? Object.values(value).flatMap(textsIn) : []
}
