import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as prettier from 'prettier'
import { expect } from 'vitest'
import { withDefaults } from '../../src/config/config.ts'
import { optionsTable } from '../../src/config/help.ts'
import { credentialCases } from '../../src/apis/index.ts'
import { fixturesOf } from '../../src/sandbox/fixtures.ts'
import { promisesOf, proofOf } from './proofs.ts'

const ROOT = new URL('../../', import.meta.url)

/** The vendors' contracts, by the API's title. */
const CONTRACTS = {
  myKaarma: 'mykaarma.yaml',
  Cryptlex: 'cryptlex.yaml',
  'Forms On Fire': 'formsonfire.yaml',
}

export const LEVELS = ['documented', 'public', 'assumed'] as const

/** A shell block with the text block that follows it, if any. */
const BLOCK_AND_ANSWER = /(^```sh\n(.*?)^```\n)(\n```text\n.*?^```$)?/gms

/** One rule of a contract with its evidence. */
interface Rule {
  readonly place: string
  readonly level: (typeof LEVELS)[number]
  readonly from: string
}

export function readDocument(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

/** Compares a page with its generated text; `npm run generate` writes it. */
export async function expectUpToDate(path: string, document: string): Promise<void> {
  const message = `${path} is stale; run \`npm run generate\``
  await expect(document, message).toMatchFileSnapshot(fileURLToPath(new URL(path, ROOT)))
}

/** The shell blocks of a document, in order. */
export function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!.trim())
}

/**
 * Generates a document: fills in its tables, and replaces the text below each shell block by the
 * output of that block.
 *
 * @param run runs a block and returns its output, or returns undefined to leave it out
 * @param more tables of this document only
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
  // In order, because later blocks depend on earlier ones.
  let withAnswers = ''
  let end = 0
  for (const found of withTables.matchAll(BLOCK_AND_ANSWER)) {
    const [all, shown = '', block = '', answer] = found
    const printed = await run(block.trim())
    withAnswers += withTables.slice(end, found.index)
    withAnswers +=
      printed === undefined || answer === undefined
        ? all
        : `${shown}\n\`\`\`text\n${printed}\n\`\`\``
    end = found.index + all.length
  }
  withAnswers += withTables.slice(end)
  const options = await prettier.resolveConfig(new URL('README.md', ROOT))
  return prettier.format(withAnswers, { ...options, parser: 'markdown' })
}

/** Runs a block in the project's folder, as if pasted into a shell; it must succeed. */
export function runInShell(block: string, env: Readonly<Record<string, string>>): Promise<string> {
  const options = { cwd: ROOT, env: { ...process.env, ...env }, timeout: 60_000 }
  return new Promise((resolve, reject) => {
    execFile('bash', ['-euo', 'pipefail', '-c', block], options, (error, stdout) => {
      if (error) reject(error)
      else resolve(stdout.replaceAll('\r\n', '\n').trimEnd())
    })
  })
}

/** All rules of a contract that have evidence. */
function rulesOf(file: string): Rule[] {
  return promisesOf(file).map(({ place, evidence: { level, line, url, note } }) => {
    const quoted = line === undefined ? '' : `"${line}".`
    const from = [quoted, note, url].filter(Boolean).join(' ')
    return { place, level: level as Rule['level'], from } // the specs' tests check it
  })
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
    const rules = rulesOf(file)
    return [title, ...LEVELS.map((level) => rules.filter((rule) => rule.level === level).length)]
  })
  return table(['API', ...LEVELS], rows)
}

function evidenceSections(): string {
  const sections = Object.entries(CONTRACTS).map(([title, file]) => {
    const rows = rulesOf(file).map(({ place, level, from }) => {
      const proof = proofOf(file.replace('.yaml', ''), place)
      return [code(place), level, from, `${code(`test/${proof.file}`)}: ${proof.title}`]
    })
    return `## ${title}\n\n${table(['Promise', 'Evidence', 'Source or note', 'Test'], rows)}`
  })
  return sections.join('\n\n')
}
