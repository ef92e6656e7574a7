import { rmSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { CLASS_IDS } from '../../src/resilience/classes.ts'
import { FINDINGS } from '../../src/resilience/model.ts'
import { FLAG_NAMES } from '../../src/resilience/settings.ts'
import { expectUpToDate, readDocument, rebuilt, runInShell } from '../helpers/document.ts'

const PATH = 'docs/resilience.md'

/** The first command; the one that writes reports is the same. */
const NOT_RUN = 'npx standin resilience -- npm test'

/** A block with this build in place of the package, and one cell of a small suite in place of npm test. */
const adapted = (block: string) =>
  block
    .replaceAll('npx standin', 'node dist/main.js')
    .replaceAll(' -- npm test', ' --only first/reset -- node test/resilience/suite.mjs retries')
    .replaceAll(' -- sh -c', ' --only first/reset -- sh -c')
    .replaceAll(" npm test'", " node test/resilience/suite.mjs retries'")
    .replaceAll('--report resilience', '--report .build/resilience')
    .replaceAll('--baseline resilience', '--baseline .build/resilience')

/** Durations differ from run to run. */
const steady = (text: string) => text.replaceAll(/\d+\.\d s|(?<=about )(\d+ min )?\d+ s/g, '0.3 s')

test('every command works, and the output is the real one', async () => {
  onTestFinished(() => rmSync('.build/resilience', { recursive: true, force: true }))
  const run = async (block: string) =>
    steady(await runInShell(adapted(block), {})).replaceAll('node dist/main.js', 'npx standin')
  const document = await rebuilt(readDocument(PATH), (block) =>
    block === NOT_RUN ? undefined : run(block),
  )
  await expectUpToDate(PATH, document)
})

test('it names every class, finding and option, in at most 300 lines', () => {
  const text = readDocument(PATH)
  for (const id of [...CLASS_IDS, ...FINDINGS]) expect(text).toContain(`\`${id}\``)
  for (const name of FLAG_NAMES) expect(text).toMatch(new RegExp(`--${name}\\b`))
  expect(text.split('\n').length).toBeLessThanOrEqual(300)
})
