import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** A request as the test hands it to a client program, in a list on stdin. */
export interface ToSend {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The media type that is hoped for. */
  readonly type: string
  /** Milliseconds until the client gives up. */
  readonly patience: number
  /** What is different about a second request, on the same connection where there is one. */
  readonly next?: Partial<Pick<ToSend, 'headers' | 'body'>>
}

/** What a client saw of one request: a status or an error's name, and the id where it looked. */
export interface Seen {
  readonly seen: string
  readonly id?: string
}

/** More at once would wait for each other until they gave up. */
const AT_ONCE = 8

/** Sends what is on stdin and prints what was seen of each, in the same order. */
export async function batch<Connection>(
  connect: () => Connection,
  see: (sent: ToSend, connection: Connection) => Promise<Seen>,
): Promise<void> {
  const list = JSON.parse(readFileSync(0, 'utf8')) as ToSend[] // the test wrote it
  const results: Seen[][] = []
  const one = async ([at, sent]: readonly [number, ToSend]) => {
    const connection = connect()
    const seen = [await see(sent, connection)]
    if (sent.next) {
      await wait(1000) // a client that watches its connection has seen by now that it is closed
      seen.push(await see({ ...sent, ...sent.next }, connection))
    }
    results[at] = seen
  }
  const left = [...list.entries()].filter(([, { next }]) => !next)
  const work = async () => {
    for (let entry = left.shift(); entry; entry = left.shift()) await one(entry)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  // By themselves: fetch may send any request on any connection that is kept, also on one that a
  // fault is about to close.
  for (const entry of list.entries()) if (entry[1].next) await one(entry)
  console.log(JSON.stringify(results))
}
