// npm run build && npx tsx bench/cost.ts [--rounds 30 --time 300 --connections 16 --against FILE]
//
// Measures the cost of each feature for create calls that do not use it: the program with default
// options alternates with the program without the feature. Compare the processor time per create,
// which other load affects less than the creates per second. Prints Markdown.
import { parseArgs } from 'node:util'
import { load, MAIN, median, start, stop, used, type Running } from './program.ts'
import type { Kind } from './requests.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    time: { type: 'string', default: '300' },
    connections: { type: 'string', default: '16' },
    /** Main file of another build to compare with. */
    against: { type: 'string' },
  },
})

const FRESH = ['--port', '0', '--memory']
/** Arguments that start the program without one feature. */
const WITHOUT: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  ...(values.against === undefined ? {} : { 'the other build': [values.against] }),
  'request log': [MAIN, '--request-log-size', '0'],
  faults: [MAIN, '--faults', 'off'],
  webhooks: [MAIN, '--webhook-url', 'none'],
  'all of them': [MAIN, '--request-log-size', '0', '--faults', 'off', '--webhook-url', 'none'],
}
const KINDS: readonly Kind[] = ['cryptlex', 'mykaarma', 'formsonfire-json']
const created = { next: 1 }

/** Measures creates per second, and microseconds of processor time for each. */
async function measure(running: Running, kind: Kind): Promise<readonly [number, number]> {
  const before = used(running)
  const time = Number(values.time)
  const { next, perSecond } = await load({
    port: running.port,
    connections: Number(values.connections),
    warmUp: 0,
    time,
    kind,
    from: created.next,
  })
  created.next = next
  return [perSecond, ((used(running) - before) / ((perSecond * time) / 1000)) * 1e6]
}

console.log('| without | call | per s | µs of processor | with ÷ without, per s | processor |')
console.log('| --- | --- | ---: | ---: | ---: | ---: |')
for (const [feature, [program, ...args]] of Object.entries(WITHOUT)) {
  const [on, off] = await Promise.all([
    start([MAIN, ...FRESH]),
    start([program, ...FRESH, ...args]),
  ])
  for (const kind of KINDS) {
    const rounds: { on: readonly [number, number]; off: readonly [number, number] }[] = []
    for (let round = 0; round < Number(values.rounds); round++) {
      // The order alternates as well.
      if (round % 2 === 0) {
        const first = await measure(on, kind)
        rounds.push({ on: first, off: await measure(off, kind) })
      } else {
        const first = await measure(off, kind)
        rounds.push({ off: first, on: await measure(on, kind) })
      }
    }
    const ratio = (i: 0 | 1) => median(rounds.map((one) => one.on[i] / one.off[i])).toFixed(3)
    const [perSecond, processor] = [0, 1].map((i) => median(rounds.map(({ off: one }) => one[i]!)))
    console.log(
      `| ${feature} | ${kind} | ${perSecond!.toFixed(0)} | ${processor!.toFixed(1)} | ${ratio(0)} | ${ratio(1)} |`,
    )
  }
  await Promise.all([stop(on), stop(off)])
}
