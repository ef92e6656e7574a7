import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Yaml from 'js-yaml'
import { codeOf } from '../errors.ts'

const require = createRequire(import.meta.url)

/** The contracts as JSON, which the build puts beside the built program. */
const BUILT = fileURLToPath(new URL('specs/', import.meta.url))

/**
 * Reads the JSON that the build made of a YAML file.
 *
 * @param kind `whole`, or `contract` for one without prose
 * @returns undefined for a program that runs from its sources
 */
export function readBuilt(file: string, kind: 'whole' | 'contract' = 'whole'): unknown {
  const name = `${basename(file)}${kind === 'contract' ? '.contract' : ''}.json`
  try {
    return JSON.parse(readFileSync(join(BUILT, name), 'utf8')) as unknown
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Reads a YAML file. The built program reads the JSON that the build made of it, which is a hundred
 * times faster.
 */
export function readYaml(file: string): unknown {
  const built = readBuilt(file)
  if (built !== undefined) return built
  const { load } = require('js-yaml') as typeof Yaml
  return load(readFileSync(file, 'utf8'))
}
