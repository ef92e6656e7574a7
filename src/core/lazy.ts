import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * A CommonJS package that is loaded when it is first used, for what most runs never need: loading
 * takes more of the start than everything that is done with it. The caller names its type.
 */
export function lazily<T>(name: string): () => T {
  let loaded: T | undefined
  return () => (loaded ??= require(name) as T)
}
