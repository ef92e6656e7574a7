import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { LONG } from '../helpers/time.ts'
import { fillDisk, mountSmallDisk, unmount } from './full-disk.ts'
import { READY, run, STOPPED, summary } from './harness.ts'

// These start the program as it is installed; `npm test` builds it first. The long one is
// `npm run crash -- --rounds 1000`.
const isBuilt = existsSync(new URL('../../dist/main.js', import.meta.url))

test('no acknowledged user is lost to kills, torn writes and failing disks', LONG, async () => {
  expect(isBuilt, 'npm run build').toBe(true)
  const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
  // Folders with a sound disk and with a failing one, whatever the seed.
  const figures = await run({ rounds: 12, roundsEach: 6, seed })
  expect(figures.failures, summary(figures)).toEqual([])
  // The best of them: those that are held up tell of the machine.
  expect(Math.min(...figures.starts)).toBeLessThan(READY)
  expect(Math.min(...figures.stopTimes)).toBeLessThan(STOPPED)
  expect(figures.acknowledged).toBeGreaterThan(100)
  expect(figures.told).toBeGreaterThan(30)
})

/** Only root may mount; elsewhere the failing disk above stands in. */
const trial = mountSmallDisk()
if (trial !== undefined) unmount(trial)
const levels = trial === undefined ? [] : (['fsync', 'write'] as const)

test.each(levels)(
  'a full disk refuses creates with %s, loses nobody, and is no trouble once it has space',
  async (durability) => {
    expect(isBuilt, 'npm run build').toBe(true)
    const disk = mountSmallDisk()! // it could be mounted a moment ago
    onTestFinished(() => unmount(disk))
    const { failures, before, refused, after } = await fillDisk(disk, durability)
    expect(failures).toEqual([])
    expect(before).toBeGreaterThan(10)
    expect(refused).toBeGreaterThan(10)
    expect(after).toBeGreaterThan(before)
  },
)
