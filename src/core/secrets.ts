import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Drawn anew by each process, so that a digest in memory says nothing about the secret. */
const KEY = randomBytes(32)

/**
 * A secret that can be compared and not read. Comparing takes the same time wherever two secrets
 * differ, and whatever their lengths.
 */
export class Secret {
  readonly #digest: Buffer

  constructor(text: string) {
    this.#digest = digest(text)
  }

  matches(given: string): boolean {
    return this.equals(new Secret(given))
  }

  /** For one that is compared with many: what was given is digested once. */
  equals(other: Secret): boolean {
    return timingSafeEqual(this.#digest, other.#digest)
  }
}

/** For a look-up among secrets: what is compared is not what the caller sent. */
export function fingerprint(text: string): string {
  return digest(text).toString('base64')
}

function digest(text: string): Buffer {
  return createHmac('sha256', KEY).update(text).digest()
}
