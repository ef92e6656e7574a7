import { fileURLToPath } from 'node:url'
import { loadAll } from 'js-yaml'
import { expect, test } from 'vitest'
import { VENDORS } from '../../src/apis/index.ts'
import { environmentNames } from '../../src/config/environment.ts'
import { optionsTable } from '../../src/config/help.ts'
import { readConfig } from '../../src/config/config.ts'
import { isRecord } from '../../src/core/contract/schema.ts'
import { readDocument, runInShell } from '../helpers/document.ts'
import { freePort } from '../helpers/free-port.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

const PAGE = readDocument('docs/ci.md')
const DOCKERFILE = readDocument('Dockerfile')

const recipes = [...PAGE.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text!)

/** Variables that GitLab sets for a service, which the page mentions as ignored. */
const OF_PLATFORMS = /^STANDIN_(PORT_\d+_TCP_ADDR|SERVICE_HOST)$/

/** The members of a document and of all that is in it. */
function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(value)) return value.flatMap(membersOf)
  if (!isRecord(value)) return []
  return Object.entries(value).flatMap((entry) => [entry, ...membersOf(entry[1])])
}

test.each(recipes)(
  'recipe %# is YAML without a repeated key, and sets what Standin accepts',
  (text) => {
    const documents = loadAll(text)
    expect(documents.every(isRecord)).toBe(true)
    const members = membersOf(documents)
    const set = members.filter(([name]) => name.startsWith('STANDIN_'))
    const values = Object.fromEntries(set.map(([name, value]) => [name, String(value)]))
    expect(() => readConfig([], values)).not.toThrow()
  },
)

test('the page names variables, options and commands that exist', () => {
  const options = optionsTable()
  const variables = [...options.map(({ variable }) => variable), ...environmentNames(VENDORS)]
  const named = [...PAGE.matchAll(/STANDIN_[A-Z0-9_]+/g)].map(([name]) => name)
  expect(named.length).toBeGreaterThan(20)
  const unknown = named.filter((name) => !variables.includes(name) && !OF_PLATFORMS.test(name))
  expect(unknown).toEqual([])
  const flags = [...options.map(({ flag }) => flag.split(' ')[0]!), '--url', '--format']
  const lines = [...PAGE.matchAll(/(?:npx standin|dist\/main\.js)([^\n`;&>|]*)/g)]
  const used = lines.flatMap(([, line]) => [...line!.matchAll(/--[a-z-]+/g)].map(([flag]) => flag))
  expect(used.filter((flag) => !flags.includes(flag))).toEqual([])
  const commands = lines.map(([, line]) => /^ ([a-z]+)/.exec(line!)?.[1])
  expect(new Set(commands.filter(Boolean))).toEqual(new Set(['healthcheck', 'wait', 'env']))
})

/** The scripts of a recipe's steps, in order. */
const scriptsIn = (text: string) =>
  membersOf(loadAll(text)).flatMap(([name, value]) =>
    ['run', 'script'].includes(name) ? [value].flat().map(String) : [],
  )

/** Defines `npx standin` and `docker exec standin` as the program of this repository. */
const HERE = `
main=${fileURLToPath(new URL('../../dist/main.js', import.meta.url))}
npx() { shift; node "$main" "$@"; }
docker() { shift 4; node "$main" "$@"; }
export GITHUB_ENV=github.env
`

test('the step that starts the server of a tarball leaves its variables for the tests', async () => {
  const step = recipes.flatMap(scriptsIn).find((script) => script.startsWith('npx standin'))
  const port = String(await freePort())
  const script = `set -m; cd ${createFolder()}${HERE}${step!}\nkill %1\ncat github.env`
  expect(await runInShell(script, { STANDIN_PORT: port })).toContain(
    `STANDIN_CRYPTLEX_URL=http://127.0.0.1:${port}/v3\n`,
  )
})

test('the steps that wait for a running server succeed, and the one that prints its variables', async () => {
  const { url } = await createSandbox()
  const lines = recipes.flatMap(scriptsIn).flatMap((script) => script.split('\n'))
  const waits = lines.filter((line) => line.startsWith('timeout 60 '))
  expect(waits).toHaveLength(2)
  const env = lines.find((line) => line.includes('main.js env '))
  // `sh -c` has no functions of the shell that calls it.
  const here = waits.map((line) =>
    line.replace('docker exec standin node dist/main.js', 'node $main'),
  )
  const script = `cd ${createFolder()}${HERE}export main\n${[...here, env!].join('\n')}\ncat github.env`
  expect(await runInShell(script, { STANDIN_URL: url })).toContain(`STANDIN_URL=${url}\n`)
})

test('paths and ports of the probes are those of the image', () => {
  const probes = [...PAGE.matchAll(/path: (\S+), port: (\d+)/g)].map(([, path, port]) => [
    path,
    port,
  ])
  expect(probes).toHaveLength(3)
  for (const [path, port] of probes) {
    expect(readDocument('specs/standin.yaml')).toContain(`\n  ${path!.replace('/_standin', '')}:\n`)
    expect(DOCKERFILE).toMatch(new RegExp(`^EXPOSE .*\\b${port}\\b`, 'm'))
  }
})

test('the image says how to check it and what it is', () => {
  expect(DOCKERFILE).toMatch(/HEALTHCHECK .*--start-interval=1s/)
  for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
    expect(DOCKERFILE).toContain(`org.opencontainers.image.${label}=`)
  }
  const { version } = JSON.parse(readDocument('package.json')) as { version: string }
  expect(DOCKERFILE).toContain(`ARG VERSION=${version}\n`)
})
