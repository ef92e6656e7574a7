import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Random for each process, so that a digest in memory reveals nothing about the secret. */
const KEY = randomBytes(32)

/**
 * A secret that can be compared but not read. A comparison takes constant time, independent of
 * where two secrets differ and of their lengths.
 */
export class Secret {
  readonly #digest: Buffer

  constructor(text: string) {
    this.#digest = digest(text)
  }

  matches(given: string): boolean {
    return this.equals(new Secret(given))
  }

  /** Compares with a given secret that is digested once and compared with many. */
  equals(other: Secret): boolean {
    return timingSafeEqual(this.#digest, other.#digest)
  }
}

/** A key for looking a secret up in a map, which then holds no secret. */
export function fingerprint(text: string): string {
  return digest(text).toString('base64')
}

function digest(text: string): Buffer {
  return createHmac('sha256', KEY).update(text).digest()
}
