import type { Call } from '../core/call.ts'
import type { Reply, Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import { isRecord } from '../core/contract/schema.ts'
import type { Collection, Row } from '../core/store/state.ts'
import { flawIn, FORMAT, type Document } from '../core/store/document.ts'
import type { Saved } from '../core/store/snapshots.ts'
import { SUBSCRIPTIONS, type Subscription } from '../core/webhooks/delivery.ts'
import { REDACTED, withoutToken } from '../core/webhooks/subscriptions.ts'
import type { Difference, Snapshot, SnapshotList } from './contract.gen.ts'
import { described } from './sandboxes.ts'
import { isTime } from './clock.ts'
import type { Fixtures, ServerPort, SandboxPort } from './ports.ts'

/** So that a client in a loop cannot fill the memory. */
const MOST_SNAPSHOTS = 100

type Names =
  | 'resetSandbox'
  | 'putFixtures'
  | 'getState'
  | 'putState'
  | 'listSnapshots'
  | 'saveSnapshot'
  | 'deleteSnapshot'
  | 'restoreSnapshot'
  | 'diffSnapshot'

/** The whole of a sandbox: gone back to, shown, replaced, saved and compared. */
export function stateTasks(world: SandboxPort, host: ServerPort): Record<Names, Task> {
  /** With what became of webhooks up to now. */
  const present = (): Document => {
    world.webhooks.flush()
    return world.store.document()
  }
  const now = async (): Promise<Reply> => {
    await world.saved()
    return { status: 200, body: described(host.get(world.settings.name)) }
  }
  return {
    resetSandbox: () => {
      world.reset()
      return now()
    },
    putFixtures: async (call) => {
      const fixtures = call.body as Fixtures // the contract has checked it
      world.reset(host.fixturesWith(fixtures))
      const reply = await now()
      host.keepFixtures(world, fixtures)
      return reply
    },
    getState: () => ({ status: 200, body: redacted(present()) }),
    putState: (call) => {
      world.replace(documentFrom(call, world))
      return now()
    },
    listSnapshots: () => {
      const body: SnapshotList = { snapshots: world.snapshots.all.map(summary) }
      return { status: 200, body }
    },
    saveSnapshot: (call) => {
      const name = call.params['snapshot']!
      if (world.snapshots.all.length >= MOST_SNAPSHOTS && !world.snapshots.get(name)) {
        const message = `There are ${MOST_SNAPSHOTS} snapshots; DELETE some`
        throw new Problem(400, 'snapshots.too-many', message)
      }
      const saved = { name, savedAt: world.clock.now(), document: present() }
      world.snapshots.keep(saved)
      return { status: 200, body: summary(saved) }
    },
    deleteSnapshot: (call) => {
      const saved = savedAs(world, call.params['snapshot']!)
      world.snapshots.forget(saved.name)
      return { status: 200, body: summary(saved) }
    },
    restoreSnapshot: (call) => {
      world.replace(savedAs(world, call.params['snapshot']!).document)
      return now()
    },
    diffSnapshot: (call) => {
      const before = savedAs(world, call.params['snapshot']!).document
      const other = call.query.get('with')
      const after = other === null ? present() : savedAs(world, other).document
      return { status: 200, body: withoutTokens(difference(before, after)) }
    },
  }
}

function savedAs(world: SandboxPort, name: string): Saved {
  const saved = world.snapshots.get(name)
  if (saved) return saved
  const names = world.snapshots.all.map((one) => one.name).join(', ') || 'none'
  throw new Problem(404, 'snapshot.unknown', `There is no snapshot ${name}; there are: ${names}`)
}

/** @throws Problem 400 when it holds what no API keeps, or is of a newer format */
function documentFrom(call: Call, world: SandboxPort): Document {
  const given = call.body as Partial<Document> // the contract has checked it
  const standin = {
    // Without a word about them they go on: the next user must not get an id that is taken.
    counters: world.store.document().standin.counters,
    ...given.standin,
    format: given.standin?.format ?? FORMAT,
    seq: 0,
  }
  const document: Document = { ...given, standin, webhooks: webhooksFrom(given['webhooks'], world) }
  const flaw = flawIn(document, world.store.tables) ?? flawInClock(standin.settings?.['clock'])
  if (flaw) throw new Problem(400, 'body.invalid', flaw)
  return document
}

/** A clock that no answer could be dated by would be in the way of every request from then on. */
function flawInClock(setting: unknown): string | undefined {
  if (setting === undefined) return undefined
  const given = isRecord(setting) ? setting : {}
  const { held, ahead } = given
  const time = 'held' in given ? held : typeof ahead === 'number' && Date.now() + ahead
  return isTime(time) ? undefined : 'standin.settings.clock must be {"held": …} or {"ahead": …}'
}

function summary({ name, savedAt, document }: Saved): Snapshot {
  const users = tablesOf(document)
    .filter(([table]) => table.endsWith('.users'))
    .map(([table, rows]) => [table.slice(0, -'.users'.length), rows.length])
  return {
    name,
    savedAt: new Date(savedAt).toISOString(),
    users: Object.fromEntries(users) as Snapshot['users'], // lengths
  }
}

/** Row by row, by id; rows that are the same object are the same. */
function difference(before: Document, after: Document): Difference {
  const found: Difference = {}
  const old = new Map(tablesOf(before))
  for (const [table, rows] of tablesOf(after)) {
    const was = new Map((old.get(table) ?? []).map((row) => [row.id, row]))
    const added = rows.filter(({ id }) => !was.has(id))
    const changed = rows.flatMap((row) => {
      const earlier = was.get(row.id)
      was.delete(row.id)
      if (!earlier || earlier === row) return []
      return JSON.stringify(earlier) === JSON.stringify(row)
        ? []
        : [{ before: earlier, after: row }]
    })
    const removed = [...was.values()]
    if (added.length + removed.length + changed.length > 0) {
      found[table] = { added, removed, changed }
    }
  }
  return found
}

/** The document without what webhooks are signed with. */
function redacted(document: Document): Document {
  const webhooks = document['webhooks']
  if (!isRecord(webhooks) || !Array.isArray(webhooks['subscriptions'])) return document
  const rows = webhooks['subscriptions'] as readonly Row[] // as the store has them
  return { ...document, webhooks: { ...webhooks, subscriptions: rows.map(withoutToken) } }
}

function withoutTokens(found: Difference): Difference {
  const webhooks = found[SUBSCRIPTIONS]
  if (!webhooks) return found
  const plain = (rows: readonly object[]) => rows.map((row) => withoutToken(row as Row)) // all rows
  return {
    ...found,
    [SUBSCRIPTIONS]: {
      added: plain(webhooks.added),
      removed: plain(webhooks.removed),
      changed: webhooks.changed.map(({ before, after }) => ({
        before: withoutToken(before as Row),
        after: withoutToken(after as Row),
      })),
    },
  }
}

/**
 * What a document says about webhooks; without a word about them, those that there are go on. A
 * token that is redacted is the one that the webhook of this id has.
 *
 * @throws Problem 400 body.invalid where it has none
 */
function webhooksFrom(given: unknown, { store }: SandboxPort): unknown {
  const present = store.collection<Subscription>(SUBSCRIPTIONS)
  if (given !== undefined && !isRecord(given)) return given // flawIn has a word for it
  const { subscriptions, ...rest } = given ?? {}
  if (subscriptions === undefined) return { ...rest, subscriptions: present.all() }
  if (!Array.isArray(subscriptions)) return given
  return { ...rest, subscriptions: subscriptions.map((row, i) => withToken(row, i, present)) }
}

function withToken(row: unknown, i: number, present: Collection<Subscription>): unknown {
  if (!isRecord(row)) return row
  const known = present.get(String(row['id']))
  const names = (['token', 'previousToken'] as const).filter((name) => row[name] === REDACTED)
  const missing = names.find((name) => known?.[name] === undefined)
  if (missing) {
    const message = `webhooks.subscriptions[${i}].${missing} is redacted, and this sandbox has no such webhook to take it from; put it in`
    throw new Problem(400, 'body.invalid', message)
  }
  return { ...row, ...Object.fromEntries(names.map((name) => [name, known?.[name]])) }
}

/** Every table, such as `<api>.users`, with its rows. */
function tablesOf({ standin: _, ...apis }: Document): (readonly [string, readonly Row[]])[] {
  return Object.entries(apis).flatMap(([api, tables]) =>
    Object.entries(isRecord(tables) ? tables : {}).map(
      ([table, rows]) => [`${api}.${table}`, rows as readonly Row[]] as const, // flawIn has looked
    ),
  )
}
