import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as prettier from 'prettier'
import { expect, test } from 'vitest'
import { Clock } from '../../src/client/clock.ts'
import { Faults } from '../../src/client/faults.ts'
import { Requests } from '../../src/client/requests.ts'
import { Snapshots } from '../../src/client/snapshots.ts'
import { Standin } from '../../src/client/standin.ts'
import { Users } from '../../src/client/users.ts'
import { Inbox, Webhooks } from '../../src/client/webhooks.ts'
import { expectUpToDate, readDocument, runInShell, shellBlocks } from '../helpers/document.ts'
import { freePort } from '../helpers/free-port.ts'
import { createFolder } from '../helpers/sandbox.ts'
import { members, membersTable } from '../client/listing.ts'
import { serverWith } from '../client/helpers.ts'

const PATH = 'docs/testing.md'
const PAGES = [PATH, 'docs/client.md']
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** A program, and its output if the page shows one. */
const PROGRAM = /(^```ts\n(.*?)^```\n)(\n```text\n(.*?)^```$)?/gms

test('docs/client.md lists every method of the client with its description', () => {
  const classes = [Standin, Faults, Requests, Webhooks, Inbox, Clock, Users, Snapshots]
  const methods = classes.flatMap(({ prototype }) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
      .map(([name]) => name),
  )
  const listed = members()
  const named = listed.map(({ call }) => /(\w+)\([^()]*\)$/.exec(call)?.[1] ?? '')
  expect(named.toSorted()).toEqual(methods.toSorted())
  expect(listed.filter(({ meaning }) => meaning === '')).toEqual([])
})

/** Returns the outputs of the programs, each run in a project that has the package installed. */
async function outputsOf(programs: readonly string[], folder: string): Promise<string[]> {
  const lines = programs.map((program, n) => {
    writeFileSync(join(folder, `program-${n}.ts`), program)
    return `await import('./program-${n}.ts')\nconsole.log('---')\n`
  })
  const all = join(folder, 'all.mjs')
  writeFileSync(all, lines.join(''))
  const env = { ...process.env, STANDIN_URL: await serverWith() }
  const { stdout } = await run(process.execPath, ['--import', 'tsx', all], { cwd: ROOT, env })
  return stdout.split('---\n').map((text) => text.trimEnd())
}

test.each(PAGES)(
  'the programs of %s print what it says, and their types are right',
  async (path) => {
    const folder = createFolder()
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules/standin'))
    symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const page = readDocument(path)
    const programs = [...page.matchAll(PROGRAM)]
    expect(programs.length).toBeGreaterThan(path === PATH ? 7 : 0)
    const texts = programs.map(([, , program = '']) => program)
    const printed = await outputsOf(texts, folder)
    let n = 0
    const withOutput = page
      .replaceAll(PROGRAM, (all: string, shown: string, _program: string, answer?: string) => {
        const text = printed[n++]
        return answer === undefined ? all : `${shown}\n\`\`\`text\n${text}\n\`\`\``
      })
      .replace(
        /(<!-- made: members -->\n).*?(<!-- end -->)/s,
        (_, start: string, end: string) => `${start}\n${membersTable()}\n\n${end}`,
      )
    const options = await prettier.resolveConfig(join(ROOT, path))
    const document = await prettier.format(withOutput, { ...options, parser: 'markdown' })
    await expectUpToDate(path, document)

    const compilerOptions = { strict: true, module: 'nodenext', target: 'es2024', noEmit: true }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { ...compilerOptions, types: ['node'] },
        include: ['*.ts'],
      }),
    )
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder])
    expect(String(stdout)).toBe('')
  },
)

test('the shell commands of the page succeed', async () => {
  const blocks = shellBlocks(readDocument(PATH))
  expect(blocks).toHaveLength(1)
  const port = String(await freePort())
  const command = `set -m; standin() { node dist/main.js "$@"; }; ${blocks[0]!.replaceAll('4020', port)}`
  expect(await runInShell(command, { STANDIN_PORT: port })).toMatch(/^. pass 2$/m)
})

test.each([...PAGES, 'docs/jest.md'])('every link of %s has a target', (path) => {
  const page = readDocument(path)
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(' ', '-'),
  )
  const links = [...page.matchAll(/\]\((#?)([^)#]+)\)/g)]
  expect(links.length).toBeGreaterThan(2)
  for (const [, hash, to = ''] of links) {
    if (hash) expect(headings).toContain(to)
    else expect(existsSync(join(ROOT, 'docs', to)), to).toBe(true)
  }
})
