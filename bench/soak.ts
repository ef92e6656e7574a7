// npm run build && npx tsx bench/soak.ts [--requests 1000000]
//
// Sends many requests of all kinds to one server with all features on, and measures its memory and
// the size of its request log. Prints Markdown; fails if the memory in the last quarter exceeds
// that in the third quarter by more than a tenth.
import { parseArgs } from 'node:util'
import { load, MAIN, memory, start, stop } from './program.ts'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '1000000' } } })
const TOTAL = Number(values.requests)
const STEPS = 20

const running = await start([MAIN, '--port', '0', '--memory'])

console.log('| requests | MB | per s |')
console.log('| ---: | ---: | ---: |')
const seen: number[] = []
let from = 1
for (let step = 1; step <= STEPS; step++) {
  const began = from
  const goal = Math.round((TOTAL * step) / STEPS)
  const startedAt = performance.now()
  while (from <= goal) {
    const { port } = running
    const time = Math.min(5000, Math.max(200, (goal - from) / 5))
    from = (await load({ port, connections: 16, warmUp: 0, time, kind: 'mixed', from })).next
  }
  seen.push(memory(running))
  const perSecond = ((from - began) / (performance.now() - startedAt)) * 1000
  console.log(`| ${from - 1} | ${seen.at(-1)!.toFixed(1)} | ${perSecond.toFixed(0)} |`)
}
const requestLog = (await (await fetch(`${running.url}/_standin/requests?limit=1000`)).json()) as {
  total: number
}
console.log(`\nThe request log holds ${requestLog.total} requests.`)
await stop(running)
const half = seen.slice(STEPS / 2)
const [least, most] = [Math.min(...half), Math.max(...half)]
console.log(`Over the last half, memory is between ${least.toFixed(1)} and ${most.toFixed(1)} MB.`)
if (Math.max(...half.slice(STEPS / 4)) > Math.max(...half.slice(0, STEPS / 4)) * 1.1)
  process.exit(1)
