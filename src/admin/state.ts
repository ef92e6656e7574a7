import type { Call } from '../core/call.ts'
import type { Reply, Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import { isRecord } from '../core/contract/schema.ts'
import type { Collection, Row } from '../core/store/state.ts'
import {
  documentDefectSteps,
  documentPieces,
  FORMAT,
  type Document,
} from '../core/store/document.ts'
import { Slices } from '../core/slices.ts'
import type { SavedState } from '../core/store/snapshots.ts'
import { SUBSCRIPTIONS, type Subscription } from '../core/webhooks/delivery.ts'
import { REDACTED, redactTokens } from '../core/webhooks/subscriptions.ts'
import type { Difference, Snapshot, SnapshotList } from './contract.gen.ts'
import { isTime } from './clock.ts'
import type { Fixtures, SandboxPort, ServerPort } from './ports.ts'
import { sandboxBody } from './sandboxes.ts'

/** Maximum number of snapshots, so that a client in a loop cannot fill the memory. */
export const MAX_SNAPSHOTS = 100

/** Rows that are compared in one step. */
const ROWS_PER_STEP = 200
/** Maximum number of rows of a state that is written in one step. */
const LONG = 500

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

/** Handlers of `/reset`, `/fixtures`, `/state` and `/snapshots`. */
export function stateTasks(sandbox: SandboxPort, server: ServerPort): Record<Names, Task> {
  const replaceBy = async (document: Document, call: Call): Promise<Reply> => {
    await sandbox.replace(document, call.signal)
    return await sandboxReply()
  }
  /** The current state, with the outcome of all webhook attempts so far. */
  const currentDocument = (): Document => {
    sandbox.webhooks.flush()
    return sandbox.store.document()
  }
  const sandboxReply = async (): Promise<Reply> => {
    await sandbox.saved()
    return { status: 200, body: sandboxBody(server.get(sandbox.settings.name)) }
  }
  return {
    resetSandbox: () => {
      sandbox.reset()
      return sandboxReply()
    },
    putFixtures: async (call) => {
      const fixtures = call.body as Fixtures // the contract has checked it
      sandbox.reset(server.fixturesWith(fixtures))
      const reply = await sandboxReply()
      await server.keepFixtures(sandbox, fixtures)
      return reply
    },
    getState: () => {
      const document = redacted(currentDocument())
      return isLong(document)
        ? { status: 200, body: undefined, pieces: documentPieces(document) }
        : { status: 200, body: document }
    },
    putState: async (call) => await replaceBy(await documentFrom(call, sandbox), call),
    listSnapshots: () => {
      const body: SnapshotList = { snapshots: sandbox.snapshots.all.map(summary) }
      return { status: 200, body }
    },
    saveSnapshot: async (call) => {
      const name = call.params['snapshot']!
      if (sandbox.snapshots.all.length >= MAX_SNAPSHOTS && !sandbox.snapshots.get(name)) {
        const message = `There are ${MAX_SNAPSHOTS} snapshots, which is the limit; delete some`
        throw new Problem(400, 'snapshots.too-many', message)
      }
      const saved = { name, savedAt: sandbox.clock.now(), document: currentDocument() }
      await sandbox.snapshots.save(saved)
      return { status: 200, body: summary(saved) }
    },
    deleteSnapshot: async (call) => {
      const saved = snapshotFor(sandbox, call.params['snapshot']!)
      await sandbox.snapshots.delete(saved.name)
      return { status: 200, body: summary(saved) }
    },
    restoreSnapshot: (call) =>
      replaceBy(snapshotFor(sandbox, call.params['snapshot']!).document, call),
    diffSnapshot: async (call) => {
      const before = snapshotFor(sandbox, call.params['snapshot']!).document
      const other = call.query.get('with')
      const after = other === null ? currentDocument() : snapshotFor(sandbox, other).document
      const found = await new Slices(call.signal).run(difference(before, after))
      return { status: 200, body: withoutTokens(found) }
    },
  }
}

/** @throws Problem 404 snapshot.unknown */
function snapshotFor(sandbox: SandboxPort, name: string): SavedState {
  const saved = sandbox.snapshots.get(name)
  if (saved) return saved
  const names = sandbox.snapshots.all.map((one) => one.name).join(', ') || 'none'
  throw new Problem(404, 'snapshot.unknown', `There is no snapshot ${name}; there are: ${names}`)
}

/**
 * Completes the document of a request body.
 *
 * @throws Problem 400 body.invalid if it holds an unknown table or has a newer format
 */
async function documentFrom(call: Call, sandbox: SandboxPort): Promise<Document> {
  const given = call.body as Partial<Document> // the contract has checked it
  const standin = {
    // Omitted counters stay as they are: the next user must not get an id that is taken.
    counters: sandbox.store.counters,
    ...given.standin,
    format: given.standin?.format ?? FORMAT,
    seq: 0,
  }
  const document: Document = {
    ...given,
    standin,
    webhooks: webhooksFrom(given['webhooks'], sandbox),
  }
  const defect = documentDefectSteps(document, sandbox.store.tables)
  const flaw =
    (await new Slices(call.signal).run(defect))?.message ?? flawInClock(standin.settings?.['clock'])
  if (flaw) throw new Problem(400, 'body.invalid', flaw)
  return document
}

/** Checks the clock: with an invalid one, every later request would fail at its Date header. */
function flawInClock(setting: unknown): string | undefined {
  if (setting === undefined) return undefined
  const given = isRecord(setting) ? setting : {}
  const { held, ahead } = given
  const time = 'held' in given ? held : typeof ahead === 'number' && Date.now() + ahead
  return isTime(time) ? undefined : 'standin.settings.clock must be {"held": …} or {"ahead": …}'
}

function summary({ name, savedAt, document }: SavedState): Snapshot {
  const users = tablesOf(document)
    .filter(([table]) => table.endsWith('.users'))
    .map(([table, rows]) => [table.slice(0, -'.users'.length), rows.length])
  return {
    name,
    savedAt: new Date(savedAt).toISOString(),
    users: Object.fromEntries(users) as Snapshot['users'], // lengths
  }
}

/**
 * Compares two documents row by row, by id, in steps. A row that is the same object in both is
 * unchanged and not compared.
 */
function* difference(before: Document, after: Document): Generator<undefined, Difference> {
  const result: Difference = {}
  const earlierTables = new Map(tablesOf(before))
  for (const [table, rows] of tablesOf(after)) {
    const unmatched = new Map<string, Row>()
    for (const [i, row] of (earlierTables.get(table) ?? []).entries()) {
      unmatched.set(row.id, row)
      if (i % ROWS_PER_STEP === 0) yield
    }
    const added: Row[] = []
    const changed: { before: Row; after: Row }[] = []
    for (const [i, row] of rows.entries()) {
      const earlier = unmatched.get(row.id)
      unmatched.delete(row.id)
      if (!earlier) added.push(row)
      else if (earlier !== row && JSON.stringify(earlier) !== JSON.stringify(row)) {
        changed.push({ before: earlier, after: row })
      }
      if (i % ROWS_PER_STEP === 0) yield
    }
    const removed = [...unmatched.values()]
    if (added.length + removed.length + changed.length > 0) {
      result[table] = { added, removed, changed }
    }
  }
  return result
}

/** Returns true if the document has to be written in pieces. */
function isLong(document: Document): boolean {
  return tablesOf(document).reduce((sum, [, rows]) => sum + rows.length, 0) > LONG
}

/** The document without the tokens that sign webhooks. */
function redacted(document: Document): Document {
  const webhooks = document['webhooks']
  if (!isRecord(webhooks) || !Array.isArray(webhooks['subscriptions'])) return document
  const rows = webhooks['subscriptions'] as readonly Row[] // as the store has them
  return { ...document, webhooks: { ...webhooks, subscriptions: rows.map(redactTokens) } }
}

function withoutTokens(all: Difference): Difference {
  const webhooks = all[SUBSCRIPTIONS]
  if (!webhooks) return all
  const plain = (rows: readonly object[]) => rows.map((row) => redactTokens(row as Row)) // all rows
  return {
    ...all,
    [SUBSCRIPTIONS]: {
      added: plain(webhooks.added),
      removed: plain(webhooks.removed),
      changed: webhooks.changed.map(({ before, after }) => ({
        before: redactTokens(before as Row),
        after: redactTokens(after as Row),
      })),
    },
  }
}

/**
 * Completes the webhooks of a document: omitted subscriptions stay as they are, and a redacted
 * token is replaced by the current token of the same subscription.
 *
 * @throws Problem 400 body.invalid if there is no such token
 */
function webhooksFrom(given: unknown, { store }: SandboxPort): unknown {
  const present = store.collection<Subscription>(SUBSCRIPTIONS)
  if (given !== undefined && !isRecord(given)) return given // flawIn refuses it
  const { subscriptions, ...rest } = given ?? {}
  if (subscriptions === undefined) return { ...rest, subscriptions: present.all() }
  if (!Array.isArray(subscriptions)) return given
  return { ...rest, subscriptions: subscriptions.map((row, i) => withToken(row, i, present)) }
}

function withToken(row: unknown, i: number, present: Collection<Subscription>): unknown {
  if (!isRecord(row)) return row
  const current = present.get(String(row['id']))
  const names = (['token', 'previousToken'] as const).filter((name) => row[name] === REDACTED)
  const missing = names.find((name) => current?.[name] === undefined)
  if (missing) {
    const message = `webhooks.subscriptions[${i}].${missing} is redacted, and this sandbox has no webhook with this id to take it from; write the token in full`
    throw new Problem(400, 'body.invalid', message)
  }
  return { ...row, ...Object.fromEntries(names.map((name) => [name, current?.[name]])) }
}

/** Every table, such as `<api>.users`, with its rows. */
function tablesOf({ standin: _, ...apis }: Document): (readonly [string, readonly Row[]])[] {
  return Object.entries(apis).flatMap(([api, tables]) =>
    Object.entries(isRecord(tables) ? tables : {}).map(
      ([table, rows]) => [`${api}.${table}`, rows as readonly Row[]] as const, // flawIn has checked it
    ),
  )
}
