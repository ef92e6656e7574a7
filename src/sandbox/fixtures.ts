import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Fixtures } from '../admin/ports.ts'
import type { Fixtures as CryptlexFixtures } from '../apis/cryptlex/fixtures.ts'
import { ConfigError, type Config } from '../config/config.ts'
import { APIS } from '../config/names.ts'
import type { Contract } from '../core/contract/contract.ts'
import { whereBroken } from '../core/formats/json.ts'
import { invalid, Problem } from '../core/problem.ts'
import { codeOf, messageOf } from '../core/errors.ts'
import { contractAt, packaged } from '../package.ts'

/** The package's fixtures, the user's over them, and what the configuration says about tokens. */
export function fixturesOf(
  config: Config,
  contract = contractAt('standin.yaml'),
): Fixtures & { readonly cryptlex: CryptlexFixtures } {
  const own = mergeFixtures(fixturesIn(packaged('fixtures')), givenFixtures(config, contract))
  const cryptlexOnes = own['cryptlex'] as CryptlexFixtures // the schema has checked it
  const signing = {
    ...cryptlexOnes.signing,
    ...(config.jwtSecret === undefined ? {} : { secret: config.jwtSecret }),
    ...(config.jwks === undefined ? {} : { keys: keysIn(config.jwks) }),
    ...(config.jwtVerify ? {} : { verify: false }),
  }
  return { ...own, cryptlex: { ...cryptlexOnes, signing } as Fixtures[string] & CryptlexFixtures }
}

function givenFixtures({ fixtures }: Config, contract: Contract): Fixtures {
  if (fixtures === undefined) return {}
  const inline = fixtures.trimStart().startsWith('{')
  const name = inline ? 'the JSON' : fixtures
  const given = inline
    ? parsed(fixtures, `${name} (--fixtures)`)
    : statSync(fixtures, { throwIfNoEntry: false })?.isDirectory()
      ? onlyKnown(fixtures)
      : readJson(fixtures, '--fixtures')
  try {
    return checkFixtures(given, contract)
  } catch (error) {
    throw new ConfigError(`${name} (--fixtures) cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** A misspelt file would be left out without a word. */
function onlyKnown(folder: string): Fixtures {
  const found = readdirSync(folder).filter((name) => name.endsWith('.json'))
  const strange = found.find((name) => !APIS.includes(name.slice(0, -'.json'.length)))
  const names = APIS.map((name) => `${name}.json`).join(', ')
  if (strange) throw new ConfigError(`${join(folder, strange)} (--fixtures) is none of ${names}`)
  if (found.length === 0) throw new ConfigError(`${folder} (--fixtures) holds none of ${names}`)
  return fixturesIn(folder)
}

/** A folder with a file for each API that has something to say. */
function fixturesIn(folder: string): Fixtures {
  return Object.fromEntries(
    APIS.flatMap((name) => {
      const file = join(folder, `${name}.json`)
      return existsSync(file) ? [[name, readJson(file) as Fixtures[string]]] : [] // checked by whoever asked
    }),
  )
}

function keysIn(file: string): unknown {
  const set = readJson(file, '--jwks')
  if (typeof set === 'object' && set !== null && 'keys' in set && Array.isArray(set.keys)) {
    return set.keys
  }
  throw new ConfigError(`${file} (--jwks) must hold a JSON Web Key Set: {"keys": […]}`)
}

function readJson(file: string, option?: string): unknown {
  const name = option === undefined ? file : `${file} (${option})`
  try {
    return parsed(readFileSync(file, 'utf8'), name)
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    const why = codeOf(error) === 'ENOENT' ? 'it is not there' : messageOf(error)
    throw new ConfigError(`${name} cannot be read: ${why}`, { cause: error })
  }
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`${name} cannot be read: ${whereBroken(text)}`, { cause: error })
  }
}

/** Fixtures that cannot be used, each fault with its path. */
export function checkFixtures(fixtures: unknown, contract: Contract): Fixtures {
  const violations = contract.violationsOf('Fixtures', fixtures)
  if (violations.length > 0) {
    throw new Problem(400, 'fixtures.invalid', invalid(violations).message)
  }
  return fixtures as Fixtures // the schema has checked it
}

/** These fixtures where they say something, those of the package where they do not. */
export function mergeFixtures(base: Fixtures, given: Fixtures): Fixtures {
  const names = new Set([...Object.keys(base), ...Object.keys(given)])
  return Object.fromEntries([...names].map((name) => [name, { ...base[name], ...given[name] }]))
}
