import { parseArgs } from 'node:util'
import { run, summary } from './campaign.ts'

// npm run corrupt -- --rounds 1000 --seed 1; Ctrl-C ends it after the current round
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const started = performance.now()
const seconds = () => Math.round((performance.now() - started) / 1000)
const figures = await run({
  rounds: Number(values.rounds),
  seed,
  signal: stop.signal,
  log: (line) => console.log(`${seconds()} s  ${line}`),
})
console.log(`seed ${seed}, ${seconds()} s: ${summary(figures)}`)
process.exitCode = figures.failures.length === 0 ? 0 : 1
