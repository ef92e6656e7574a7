import { execFile, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

const run = promisify(execFile)

/** The commands of a page, in order; each line is one command. */
function commandsIn(page: string): string[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
    block!.trim().split('\n'),
  )
}

test('every command of docs/request-log.md works as the page says', async () => {
  const { url } = await createSandbox()
  const cwd = createFolder()
  const commands = commandsIn('docs/request-log.md')
  expect(commands.length).toBeGreaterThan(10)
  for (const command of commands) {
    const adapted = command
      .replaceAll('http://127.0.0.1:4020', url)
      .replace('curl -N', 'curl --max-time 0.2 -N')
    const failing = adapted.replace('curl ', 'curl -sS --fail-with-body ')
    const { stdout, code } = await run('sh', ['-c', failing], { cwd }).then(
      (done) => ({ ...done, code: 0 }),
      (error: { code: number; stdout: string }) => error,
    )
    // Exit code 28: curl's time limit ended the stream.
    expect(code, `${command}\n${stdout}`).toBe(command.includes('curl -N') ? 28 : 0)
    if (command.includes('/verify')) expect(stdout).toContain('"passed":true')
    if (command.includes('/await')) expect(stdout).toContain('"fulfilled":true')
  }
})

test('every command of docs/webhooks.md works as the page says', async () => {
  const { url } = await createSandbox({ webhookUrl: 'inbox' })
  const text = readFileSync('docs/webhooks.md', 'utf8')
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .map(([, block]) => block!)
    .filter((block) => !block.startsWith('standin ')) // the server runs already
  expect(blocks.length).toBeGreaterThan(6)
  const script = blocks
    .join('')
    .replaceAll('http://127.0.0.1:4020', url)
    .replaceAll(/\bcurl /g, 'curl -sS --fail-with-body ')
  const { stdout } = await run('sh', ['-e', '-c', script])
  expect(stdout).toContain('"verified":true')
  expect(stdout).toContain('"fulfilled":true')
  expect(stdout).toContain('"settled":true')
})

test('files that readers of the documentation create are ignored by Git, and so by Prettier', () => {
  const pages = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)]
  const text = pages
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(name, 'utf8'))
    .join('\n')
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('')
  const made = [...blocks.matchAll(/(?:>|--[a-z]+-file|-o|--output) ([\w.-]+\.[a-z]+)\b/g)].map(
    ([, file]) => file!,
  )
  expect(made).toContain('standin.har')
  const files = [...new Set([...made, 'standin.config.json', '.standin/state.json'])]
  const { stdout, error } = spawnSync('git', ['check-ignore', '--no-index', ...files], {
    encoding: 'utf8',
  })
  // An archive of the sources has no repository to ask.
  if (!error && readdirSync('.').includes('.git')) {
    expect(stdout.trim().split('\n').toSorted()).toEqual(files.toSorted())
  }
})

test('JavaScript that the documentation shows is read by Node 20', () => {
  const pages = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)]
  const blocks = pages
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => [...readFileSync(name, 'utf8').matchAll(/^```m?js\n([\s\S]*?)^```$/gm)])
    .map(([, block]) => block!)
  expect(blocks.length).toBeGreaterThan(6)
  const suites = readdirSync('examples', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?js$/.test(name) && !name.includes('node_modules'))
    .map((name) => readFileSync(join('examples', name), 'utf8'))
  for (const block of [...blocks, ...suites]) {
    expect(block).not.toMatch(/\b(await )?using \w+ =/) // Node 24 only
    // A script has no import and no await at its top level; the rest of the syntax is the same.
    const script = block
      .replaceAll(/^import\b.*?'[^'\n]*'$/gms, '')
      .replaceAll(/^export (default )?/gm, '')
    expect(() => new Script(`(async () => {\n${script}\n})`)).not.toThrow()
  }
})

/** Terms of the glossary that a newcomer meets, and the page that explains each, if it has one. */
const TERMS: Readonly<Record<string, string>> = {
  'sandbox(es)?': 'sandboxes.md',
  'faults?': 'faults.md',
  'short forms?': 'faults.md',
  'profiles?': 'profiles.md',
  evidence: 'evidence.md',
  'request logs?': 'request-log.md',
  'inbox(es)?': '',
  ledger: '',
  'deliver(y|ies)': '',
  fixtures: '',
}

/** Pages that are searched rather than read, and the glossary itself. */
const REFERENCES = [
  'README.md',
  'admin.md',
  'architecture.md',
  'coverage.md',
  'evidence-reference.md',
  'fault-reference.md',
  'glossary.md',
  'reasons.md',
]

test('a page links each term of the glossary where its text first uses it', () => {
  const pages = readdirSync('docs').filter((name) => name.endsWith('.md'))
  const read = pages.filter((name) => !REFERENCES.includes(name)).map((name) => `docs/${name}`)
  const unlinked = ['README.md', ...read].flatMap((page) => {
    const prose = readFileSync(page, 'utf8')
      .replaceAll(/^```.*?^```$|<!-- made.*?<!-- end -->/gms, '')
      .replaceAll(/^(#|\||!\[|- \[[^\]]*\]\(#).*$/gm, '')
      .replaceAll(/`[^`]*`/g, '')
    return Object.entries(TERMS).flatMap(([term, explainedBy]) => {
      if (page === `docs/${explainedBy}`) return []
      const first = new RegExp(`\\[[^\\]]*\\]\\([^)]*\\)|(?<![\\w-])${term}(?![\\w-])`, 'gi')
      const word = new RegExp(`(?<![\\w-])${term}(?![\\w-])`, 'i')
      const found = [...prose.matchAll(first)].map(([text]) => text).find((text) => word.test(text))
      return found === undefined || found.startsWith('[') ? [] : [`${page}: ${found}`]
    })
  })
  expect(unlinked).toEqual([])
})
