import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { IS_LONG, repetitions } from '../helpers/repetitions.ts'
import { LONG } from '../helpers/time.ts'
import { fillDisk, mountSmallDisk, unmount } from './full-disk.ts'
import { READY, run, STOPPED, summary } from './harness.ts'

// These start the built program; `npm test` builds it first. The long campaign is
// `npm run crash -- --rounds 1000`.
const isBuilt = existsSync(new URL('../../dist/main.js', import.meta.url))

test(
  'no acknowledged create, change or deletion is lost to kills, torn writes and failing disks',
  LONG,
  async () => {
    expect(isBuilt, 'npm run build').toBe(true)
    // The moment of each kill varies all the same.
    const seed = Number(process.env['CRASH_SEED'] ?? (IS_LONG ? Date.now() % 1_000_000 : 515_152))
    // Two folders at least: one with a working disk, one with a failing disk.
    const figures = await run({ rounds: repetitions(8, 30), roundsEach: repetitions(4, 6), seed })
    expect(figures.failures, summary(figures)).toEqual([])
    // The fastest: slow ones may be caused by load on the machine.
    expect(Math.min(...figures.starts)).toBeLessThan(READY)
    expect(Math.min(...figures.stopTimes)).toBeLessThan(STOPPED)
    expect(figures.acknowledged).toBeGreaterThan(100)
    expect(figures.changed).toBeGreaterThan(50)
    expect(figures.deleted).toBeGreaterThan(20)
    expect(figures.webhooks).toBeGreaterThan(60)
  },
)

/** Only root may mount; for other users the failing disk above is the only check. */
const trial = mountSmallDisk()
if (trial !== undefined) unmount(trial)
const levels = trial === undefined ? [] : (['fsync', 'write'] as const)

test.each(levels)(
  'with durability %s, a full disk refuses creates and loses no user, and creates work once it has space',
  async (durability) => {
    expect(isBuilt, 'npm run build').toBe(true)
    const disk = mountSmallDisk()! // mounting worked a moment ago
    onTestFinished(() => unmount(disk))
    const { failures, before, refused, after } = await fillDisk(disk, durability)
    expect(failures).toEqual([])
    expect(before).toBeGreaterThan(10)
    expect(refused).toBeGreaterThan(10)
    expect(after).toBeGreaterThan(before)
  },
)
