import type { Task } from '../core/api.ts'
import { events } from '../core/formats/text.ts'
import { Reading } from '../core/request-log/searchable-entry.ts'
import type { StreamWriter } from '../core/http/stream.ts'
import { matcherIn, shown } from './requests.ts'
import type { SandboxPort } from './ports.ts'

/** How often a reader hears that the stream lives, in milliseconds: proxies cut what is silent. */
const HEARTBEAT = 15_000

/** Requests as they are answered, as server-sent events. */
export function eventTasks(world: SandboxPort): Record<'streamEvents', Task> {
  return {
    streamEvents: (call) => {
      const matches = matcherIn(call, world)
      const { requests } = world
      const last = [call.headers['last-event-id'] ?? []].flat()[0]
      call.answerType = events.mediaType
      const stream = (outlet: StreamWriter): (() => void) => {
        const tell = (reading: Reading) => {
          if (matches(reading).length > 0) return
          outlet.write(written(reading, world))
        }
        outlet.write('retry: 1000\n\n')
        // In one go: whatever is answered meanwhile is told once.
        const missed = last === undefined ? [] : requests.after(seqIn(last, world))
        for (const entry of missed) tell(new Reading(entry))
        const leave = requests.listen({ take: tell, end: () => outlet.end() })
        const heartbeat = setInterval(() => outlet.write(': still here\n\n'), HEARTBEAT)
        heartbeat.unref()
        return () => {
          clearInterval(heartbeat)
          leave()
        }
      }
      return { status: 200, body: '', headers: { 'Cache-Control': 'no-store' }, stream }
    },
  }
}

/** An id names the process too: another one counts anew, and all that it has was missed. */
function seqIn(id: string, { requests }: SandboxPort): number {
  const [epoch, seq] = id.split('-')
  return epoch === requests.epoch && /^\d{1,15}$/.test(seq ?? '') ? Number(seq) : 0
}

function written({ entry }: Reading, world: SandboxPort): string {
  const id = `${world.requests.epoch}-${entry.seq}`
  return `id: ${id}\nevent: request\ndata: ${JSON.stringify(shown(entry, world))}\n\n`
}
