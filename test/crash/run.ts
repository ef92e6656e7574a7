import { parseArgs } from 'node:util'
import { run, summary } from './harness.ts'

// npm run crash -- --rounds 1000; Ctrl-C ends it after the current round and prints the figures
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const started = performance.now()
const figures = await run({
  rounds: Number(values.rounds),
  seed,
  signal: stop.signal,
  log: (line) => console.log(`${Math.round((performance.now() - started) / 1000)} s  ${line}`),
})
console.log(summary(figures))
if (figures.failures.length > 0) {
  console.log('To repeat the rounds of a folder: npm run crash -- --rounds 25 --seed <its seed>')
}
process.exitCode = figures.failures.length === 0 ? 0 : 1
