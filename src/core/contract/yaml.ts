import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Yaml from 'js-yaml'

const require = createRequire(import.meta.url)

/** What the build made of each contract stands beside the built program. */
const BUILT = fileURLToPath(new URL('specs/', import.meta.url))

/**
 * What a YAML file says. The built program has its contracts as JSON, which is read a hundred
 * times faster.
 */
export function readYaml(file: string): unknown {
  const built = join(BUILT, `${basename(file)}.json`)
  if (existsSync(built)) return JSON.parse(readFileSync(built, 'utf8')) as unknown
  const { load } = require('js-yaml') as typeof Yaml
  return load(readFileSync(file, 'utf8'))
}
