import { expect, test } from 'vitest'
import { LONG } from '../helpers/time.ts'
import { run, summary } from './campaign.ts'

// The long campaign is `npm run corrupt -- --rounds 1000`.

test('no damage to a data folder loses anything in silence', LONG, async () => {
  const seed = Number(process.env['CORRUPT_SEED'] ?? Date.now() % 1_000_000)
  const figures = await run({ rounds: 40, seed })
  expect(figures.failures, `seed ${seed}: ${summary(figures)}`).toEqual([])
})
