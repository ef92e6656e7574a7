import { expect, test } from 'vitest'
import { LONG } from '../helpers/time.ts'
import { run, summary } from './campaign.ts'

// The long campaign is `npm run corrupt -- --rounds 1000`.

test('every loss that damage to a data folder causes is reported', LONG, async () => {
  // Fixed, so that a run depends on the code alone; the long campaign draws a seed of its own.
  const seed = Number(process.env['CORRUPT_SEED'] ?? 595_185)
  const figures = await run({ rounds: 40, seed })
  expect(figures.failures, `seed ${seed}: ${summary(figures)}`).toEqual([])
})
