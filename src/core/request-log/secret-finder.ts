/** Shorter secrets are not searched for: they are too likely to be an ordinary word elsewhere. */
export const MIN_SECRET_LENGTH = 6
/** Characters that are compared by their hash. */
const HASHED = 4
/**
 * A text is hashed at every STRIDE-th place only. The shortest secret has hashes at STRIDE consecutive places, so one of them is always at a hashed place.
 */
const STRIDE = MIN_SECRET_LENGTH - HASHED + 1
/**
 * Number of characters by which a secret is found; the rest of a longer one is compared afterwards.
 */
const MAX_COMPARED = 256

/** Finds many secrets in a text, in time that hardly depends on their number. */
export class SecretFinder {
  /** The beginnings of the secrets, in the order of their characters. */
  readonly #sorted: readonly string[]
  /** For each beginning, the index of the longest other one that is its prefix, or -1. */
  readonly #parents: Int32Array
  /** The longest secret by its beginning, for secrets longer than `MAX_COMPARED`. */
  readonly #long = new Map<string, string>()
  /** Marks the hashes at the first STRIDE places of each secret. */
  readonly #filter: Uint8Array

  constructor(secrets: readonly string[]) {
    const starts = new Set<string>()
    for (const secret of secrets) {
      const start = secret.slice(0, MAX_COMPARED)
      starts.add(start)
      if (secret.length > (this.#long.get(start) ?? start).length) this.#long.set(start, secret)
    }
    // Without an argument, the order is the same as that of the comparison in `longestAt`.
    this.#sorted = [...starts].toSorted()
    this.#parents = new Int32Array(this.#sorted.length)
    const size = Math.max(4096, 2 ** Math.ceil(Math.log2(this.#sorted.length * 64 + 1)))
    this.#filter = new Uint8Array(size)
    const ancestors: number[] = []
    for (const [i, start] of this.#sorted.entries()) {
      while (ancestors.length > 0 && !start.startsWith(this.#sorted[ancestors.at(-1)!]!)) {
        ancestors.pop()
      }
      this.#parents[i] = ancestors.at(-1) ?? -1
      ancestors.push(i)
      for (let at = 0; at < STRIDE; at++) this.#filter[this.#hash(start, at)] = 1
    }
  }

  get isEmpty(): boolean {
    return this.#sorted.length === 0
  }

  /** The first place from here on at which a secret begins; the length of the text if there is none. */
  next(text: string, from: number): number {
    const last = text.length - HASHED
    for (let at = from + STRIDE - 1; at <= last; at += STRIDE) {
      if (this.#filter[this.#hash(text, at)] === 0) continue
      for (let start = at - STRIDE + 1; start <= at; start++) {
        if (this.longestAt(text, start) > 0) return start
      }
    }
    return text.length
  }

  /** The length of the longest secret that begins here; 0 if there is none. */
  longestAt(text: string, from: number): number {
    if (this.#filter[this.#hash(text, from)] === 0) return 0
    const rest = text.slice(from, from + MAX_COMPARED)
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#sorted[middle]! <= rest) low = middle + 1
      else high = middle
    }
    // Every beginning that the text starts with is an ancestor of the last one that sorts before
    // the text, or that one itself.
    for (let i = low - 1; i >= 0; i = this.#parents[i]!) {
      const start = this.#sorted[i]!
      if (!rest.startsWith(start)) continue
      const long = this.#long.get(start)
      return long !== undefined && text.startsWith(long, from) ? long.length : start.length
    }
    return 0
  }

  #hash(text: string, from: number): number {
    const hash =
      ((text.charCodeAt(from) * 31 + text.charCodeAt(from + 1)) * 31 + text.charCodeAt(from + 2)) *
        31 +
      text.charCodeAt(from + 3)
    return (hash ^ (hash >>> 11)) & (this.#filter.length - 1)
  }
}
