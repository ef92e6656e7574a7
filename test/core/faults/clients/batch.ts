import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** A request for a client program, which reads a list of them from stdin. */
export interface ToSend {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The expected media type. */
  readonly type: string
  /** The client's time limit in milliseconds. */
  readonly patience: number
  /** Changes for a second request, on the same connection if it is still open. */
  readonly next?: Partial<Pick<ToSend, 'headers' | 'body'>>
}

/** A client's report of one request: a status or an error's name, and the id if it read one. */
export interface Seen {
  readonly seen: string
  readonly id?: string
}

/** Limit on parallel requests; more would delay each other beyond their time limit. */
const AT_ONCE = 8

/** Sends the requests from stdin and prints the report of each, in the same order. */
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
  // One at a time: fetch may reuse any open connection, also one that a fault is about to close.
  for (const entry of list.entries()) if (entry[1].next) await one(entry)
  console.log(JSON.stringify(results))
}
