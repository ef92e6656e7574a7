import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import * as prettier from 'prettier'
import { withDefaults } from '../../src/config/config.ts'
import { optionsTable } from '../../src/config/help.ts'
import { credentialCases } from '../../src/apis/index.ts'
import { fixturesOf } from '../../src/sandbox/fixtures.ts'

const ROOT = new URL('../../', import.meta.url)

/** The vendors' contracts, by the API's title. */
const CONTRACTS = {
  myKaarma: 'mykaarma.yaml',
  Cryptlex: 'cryptlex.yaml',
  'Forms On Fire': 'formsonfire.yaml',
}

export const LEVELS = ['documented', 'public', 'assumed'] as const

/** A shell block, and the text block after it, where there is one. */
const BLOCK_AND_ANSWER = /(^```sh\n(.*?)^```\n)(\n```text\n.*?^```$)?/gms

/** One promise of a contract, and where it comes from. */
interface Promised {
  readonly what: string
  readonly level: (typeof LEVELS)[number]
  readonly from: string
}

export function readDocument(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

/** The shell blocks of a document, in order. */
export function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!.trim())
}

/**
 * The document as it should be: each table is made anew, and each answer that is shown below a
 * shell block is what that block really prints.
 *
 * @param run what a block prints; undefined for one that is not run
 * @param more tables of this document alone
 */
export async function rebuilt(
  markdown: string,
  run: (block: string) => Promise<string> | undefined,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const tables: Readonly<Record<string, string>> = {
    options: optionRows(),
    credentials: await credentialRows(),
    counts: countRows(),
    evidence: evidenceSections(),
    ...more,
  }
  const withTables = markdown.replaceAll(
    /(<!-- made: (\w+) -->\n).*?(<!-- end -->)/gs,
    (_, start: string, name: string, end: string) => `${start}\n${tables[name]}\n\n${end}`,
  )
  // One after the other, as a reader would.
  let withAnswers = ''
  let done = 0
  for (const found of withTables.matchAll(BLOCK_AND_ANSWER)) {
    const [all, shown = '', block = '', answer] = found
    const printed = await run(block.trim())
    withAnswers += withTables.slice(done, found.index)
    withAnswers +=
      printed === undefined || answer === undefined
        ? all
        : `${shown}\n\`\`\`text\n${printed}\n\`\`\``
    done = found.index + all.length
  }
  withAnswers += withTables.slice(done)
  const options = await prettier.resolveConfig(new URL('README.md', ROOT))
  return prettier.format(withAnswers, { ...options, parser: 'markdown' })
}

/** Runs a block as a person would paste it, in the project's folder; it must succeed. */
export function runInShell(block: string, env: Readonly<Record<string, string>>): Promise<string> {
  const options = { cwd: ROOT, env: { ...process.env, ...env }, timeout: 60_000 }
  return new Promise((resolve, reject) => {
    execFile('bash', ['-euo', 'pipefail', '-c', block], options, (error, stdout) => {
      if (error) reject(error)
      else resolve(stdout.replaceAll('\r\n', '\n').trimEnd())
    })
  })
}

/** Every promise of a contract that says where it comes from. */
function promisesOf(file: string): Promised[] {
  const found: Promised[] = []
  const walk = (node: unknown, path: readonly string[]) => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      if (key !== 'x-evidence') walk(value, [...path, key])
      else found.push(promised(path, value as Record<string, string>))
    }
  }
  walk(load(readDocument(`specs/${file}`)), [])
  return found
}

/** Levels of the contract's tree that say nothing to a reader. */
const SILENT = ['components', 'schemas', 'properties', 'content']

function promised(
  path: readonly string[],
  { level, line, url, note }: Record<string, string>,
): Promised {
  const what = path.filter((step) => !SILENT.includes(step)).join(' · ')
  const quoted = line === undefined ? '' : `"${line}".`
  const from = [quoted, note, url].filter(Boolean).join(' ')
  return { what, level: level as Promised['level'], from }
}

export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export const code = (text: string) => (text === '' ? '' : `\`${text}\``)

function optionRows(): string {
  const rows = optionsTable().map(({ flag, variable, key, preset, help }) => [
    code(flag),
    code(variable),
    code(key),
    code(preset),
    help,
  ])
  const config = ['`--config FILE`', '`STANDIN_CONFIG`', '', '`standin.config.json`']
  return table(
    ['Flag', 'Variable', 'Key', 'Default', 'Meaning'],
    [...rows, [...config, 'options as JSON']],
  )
}

async function credentialRows(): Promise<string> {
  const cases = await credentialCases(fixturesOf(withDefaults({})))
  const rows = cases.map(({ api, title, status, reason }) => [
    api,
    title,
    status,
    code(reason ?? ''),
  ])
  return table(['API', 'Credentials', 'Status', '`Standin-Reason`'], rows)
}

function countRows(): string {
  const rows = Object.entries(CONTRACTS).map(([title, file]) => {
    const promises = promisesOf(file)
    return [
      title,
      ...LEVELS.map((level) => promises.filter((promise) => promise.level === level).length),
    ]
  })
  return table(['API', ...LEVELS], rows)
}

function evidenceSections(): string {
  const sections = Object.entries(CONTRACTS).map(([title, file]) => {
    const rows = promisesOf(file).map(({ what, level, from }) => [code(what), level, from])
    return `## ${title}\n\n${table(['Promise', 'Evidence', 'Source or note'], rows)}`
  })
  return sections.join('\n\n')
}
