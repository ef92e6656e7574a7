import { isRecord } from '../contract/schema.ts'
import type { Entry } from './entry.ts'
import type { Subject } from './matcher.ts'
import { createdBy, recordOf } from './redacted-record.ts'
import { subjectOf } from './match-subject.ts'

/** A request as those look at it who look for one: each part is read once, whoever asks for it. */
export class Reading {
  readonly entry: Entry
  #subject: Subject | undefined
  #texts: ReadonlySet<string> | undefined
  #shown: { readonly secrets: readonly string[]; readonly text: string } | undefined

  constructor(entry: Entry) {
    this.entry = entry
  }

  get subject(): Subject {
    this.#subject ??= subjectOf(this.entry)
    return this.#subject
  }

  /**
   * Whether this is a text in its body, in its query, or the address of the user that it created.
   *
   * @param text in small letters, without space around it
   */
  speaksOf(text: string): boolean {
    this.#texts ??= new Set(textsOf(this).map((one) => one.trim().toLowerCase()))
    return this.#texts.has(text)
  }

  /** All that may be shown of it, in small letters. */
  shown(secrets: readonly string[]): string {
    if (this.#shown?.secrets !== secrets) {
      const text = JSON.stringify(recordOf(this.entry, secrets)).toLowerCase()
      this.#shown = { secrets, text }
    }
    return this.#shown.text
  }
}

function textsOf({ entry, subject: { body, query } }: Reading): string[] {
  return [...textsIn(body), ...query.values(), createdBy(entry)?.email ?? []].flat()
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return isRecord(value) ? Object.values(value).flatMap(textsIn) : []
}
