import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Fixtures } from '../admin/ports.ts'
import { adminContract } from '../apis/contracts.ts'
import { namesOf, VENDORS } from '../apis/index.ts'
import type { Config } from '../config/config.ts'
import type { Contract } from '../core/contract/contract.ts'
import { ConfigError, messageOf } from '../core/errors.ts'
import { parseJson, readJsonFile } from '../core/formats/json-file.ts'
import { invalid, Problem } from '../core/problem.ts'
import type { Vendor, VendorFixtures } from '../core/vendor.ts'
import { packaged } from '../package.ts'

/**
 * The fixtures of a new sandbox: those of the package, overridden by the configuration and by the
 * vendors' own options.
 *
 * @throws ConfigError naming the file, the option and what is wrong
 */
export function fixturesOf(config: Config, vendors: readonly Vendor[] = VENDORS): Fixtures {
  const defaults = Object.fromEntries(
    vendors.map(({ name, defaultFixtures }) => [
      name,
      readJsonFile(resolve(packaged('fixtures'), defaultFixtures)) as VendorFixtures, // the package's own
    ]),
  )
  const merged = mergeFixtures(defaults, givenFixtures(config, vendors))
  return Object.fromEntries(
    vendors.map((vendor) => {
      const fixtures = merged[vendor.name] ?? {}
      return [vendor.name, vendor.fixturesWith?.(fixtures, config) ?? fixtures]
    }),
  )
}

function givenFixtures({ fixtures }: Config, vendors: readonly Vendor[]): Fixtures {
  if (fixtures === undefined) return {}
  const inline = fixtures.trimStart().startsWith('{')
  const name = inline ? 'the JSON' : fixtures
  const given = inline
    ? parseJson(fixtures, `${name} (--fixtures)`)
    : statSync(fixtures, { throwIfNoEntry: false })?.isDirectory()
      ? fixturesIn(fixtures, namesOf(vendors))
      : readJsonFile(fixtures, '--fixtures')
  try {
    return checkFixtures(given, adminContract(vendors))
  } catch (error) {
    throw new ConfigError(`${name} (--fixtures) cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Reads a folder with a file for each API; refuses other names, which are probably misspelt. */
function fixturesIn(folder: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  const found = readdirSync(folder).filter((file) => file.endsWith('.json'))
  const files = names.map((name) => `${name}.json`)
  const unknown = found.find((file) => !files.includes(file))
  const allowed = files.join(', ')
  if (unknown)
    throw new ConfigError(
      `${join(folder, unknown)} (--fixtures) must have one of these names: ${allowed}`,
    )
  if (found.length === 0)
    throw new ConfigError(`${folder} (--fixtures) must hold at least one of ${allowed}`)
  return Object.fromEntries(
    names
      .filter((name) => existsSync(join(folder, `${name}.json`)))
      .map((name) => [name, readJsonFile(join(folder, `${name}.json`))]),
  )
}

/** @throws Problem 400 fixtures.invalid, naming each value that the schema does not allow */
export function checkFixtures(fixtures: unknown, contract: Contract): Fixtures {
  const violations = contract.violationsOf('Fixtures', fixtures)
  if (violations.length > 0) {
    throw new Problem(400, 'fixtures.invalid', invalid(violations).message)
  }
  return fixtures as Fixtures // the schema has checked it
}

/** The base fixtures, overridden by the given ones key by key within each API. */
export function mergeFixtures(base: Fixtures, given: Fixtures): Fixtures {
  const names = new Set([...Object.keys(base), ...Object.keys(given)])
  return Object.fromEntries([...names].map((name) => [name, { ...base[name], ...given[name] }]))
}
