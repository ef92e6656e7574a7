// The load generator, a process of its own: each keep-alive connection sends its next request after
// the answer to the last. It implements only the part of HTTP that it needs, so that it costs less
// than the measured server.
import { connect } from 'node:net'
import { isComplete, REQUESTS, text, type Kind } from './requests.ts'

export interface Load {
  readonly port: number
  readonly connections: number
  /** Milliseconds of warm-up, and then of measurement. */
  readonly warmUp: number
  readonly time: number
  readonly kind: Kind
  /** Requests per second over all connections; undefined: as many as possible. */
  readonly rate?: number
  /** Path of the create; undefined: the vendor's. */
  readonly path?: string
  /** First number for user names, so that no two runs create the same user. */
  readonly from: number
}

export interface Result {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly statuses: Readonly<Record<string, number>>
  readonly next: number
}

function run({ port, connections, warmUp, time, kind, from, rate, path }: Load): Promise<Result> {
  return new Promise((resolve, reject) => {
    const request = REQUESTS[kind]
    const durations: number[] = []
    const statuses: Record<string, number> = {}
    const begin = performance.now() + warmUp
    const end = begin + time
    let next = from
    let open = connections
    for (let i = 0; i < connections; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      let started = 0
      let buffer = ''
      // Time of the next request; the connections alternate.
      let due = performance.now() + (rate ? (i * 1000) / rate : 0)
      const later = () => {
        if (rate === undefined) return send()
        due += (connections * 1000) / rate
        setTimeout(send, Math.max(0, due - performance.now()))
      }
      const send = () => {
        const sent = text(request(next++), path)
        started = performance.now()
        socket.write(sent)
      }
      socket.on('connect', rate === undefined ? send : later)
      socket.on('error', reject)
      socket.on('end', () => reject(new Error('the server closed a connection')))
      socket.on('data', (chunk) => {
        buffer += chunk.toString('latin1')
        if (!isComplete(buffer)) return
        const now = performance.now()
        if (now > begin && now <= end) {
          durations.push(now - started)
          const status = buffer.slice(9, 12)
          statuses[status] = (statuses[status] ?? 0) + 1
        }
        buffer = ''
        if (now < end) later()
        else {
          socket.destroy()
          if (--open === 0) {
            durations.sort((a, b) => a - b)
            const at = (share: number) => durations[Math.floor(durations.length * share)] ?? NaN
            const perSecond = (durations.length / time) * 1000
            resolve({ perSecond, p50: at(0.5), p99: at(0.99), statuses, next })
          }
        }
      })
    }
  })
}

if (process.argv[2]) {
  const load = JSON.parse(process.argv[2]) as Load // written by `load()` in program.ts
  console.log(JSON.stringify(await run(load)))
}
