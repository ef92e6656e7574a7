import { setImmediate as turn } from 'node:timers/promises'
import * as fs from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { Manifest, manifestFile, NO_CONTENTS } from '../../../src/core/store/manifest.ts'
import { createFolder } from '../../helpers/sandbox.ts'

async function create(): Promise<{ manifest: Manifest; file: string }> {
  const folder = createFolder()
  const manifest = new Manifest(folder, 'fsync')
  await manifest.start(0, NO_CONTENTS)
  onTestFinished(() => manifest.close())
  return { manifest, file: manifestFile(folder) }
}

test('the manifest is in place at every moment of its replacement', async () => {
  const { manifest } = await create()
  const seen = new Set<boolean>()
  for (let i = 1; i <= 50; i++) {
    const work = { isDone: false }
    const change = manifest.addState(i, `${i}`).finally(() => (work.isDone = true))
    while (!work.isDone) {
      seen.add(manifest.isInPlace)
      await turn()
    }
    await change
  }
  expect([...seen]).toEqual([true])
})

test('a manifest that somebody removed or replaced is not in place', async () => {
  const { manifest, file } = await create()
  const text = fs.readFileSync(file)
  fs.rmSync(file)
  expect(manifest.isInPlace).toBe(false)
  fs.writeFileSync(file, text)
  expect(manifest.isInPlace).toBe(false)
  await manifest.addState(1, '1')
  expect(manifest.isInPlace).toBe(true)
})
