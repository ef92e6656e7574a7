import type { Task, Tools } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import type { ApiPart } from '../core/context.ts'
import { createCallFor } from '../core/request/read.ts'
import { duplicate, Problem } from '../core/problem.ts'
import type { Row } from '../core/store/state.ts'
import type { UserChanges } from './contract.gen.ts'
import { shownUser } from './users.ts'
import type { SandboxPort } from './ports.ts'

/** What changes users besides requests to their API. */
export function changeTasks(world: SandboxPort): Record<'updateUser' | 'deleteUser', Task> {
  return {
    updateUser: async (call) => {
      const place = placeFor(world, call)
      const { row, told } = world.store.transact(() => {
        const changed = update(world, place, call.body as UserChanges) // the contract has checked it
        return { row: changed, told: tell(world, place, 'updated', changed, call) }
      })
      await world.saved()
      world.webhooks.deliver(told)
      call.deliveries = told
      return { status: 200, body: shownUser(place.api, row) }
    },
    deleteUser: async (call) => {
      const place = placeFor(world, call)
      const { told, freed } = world.store.transact(() => {
        world.store.collection(place.table).remove(place.row.id)
        return {
          told: tell(world, place, 'deleted', place.row, call),
          freed: world.webhooks.free(place.row.id),
        }
      })
      await world.saved()
      world.webhooks.deliver(told)
      if (freed.length > 0) {
        // What is late on purpose comes after what says that the user is gone.
        await world.webhooks.quiet()
        world.webhooks.freed(freed)
      }
      call.deliveries = [...told, ...freed]
      return { status: 200, body: shownUser(place.api, place.row) }
    },
  }
}

interface Place extends ApiPart {
  readonly tools: Tools
  readonly table: string
  readonly row: Row
}

/** @throws Problem 404 user.unknown */
function placeFor(world: SandboxPort, call: Call): Place {
  const { api: name = '', id = '' } = call.params
  const { api, contract } = world.vendors.find((part) => part.api.name === name)! // of the contract's list
  const row = world.user(name, id)
  if (!row) throw new Problem(404, 'user.unknown', `${name} has created no user ${id}`)
  return { api, contract, row, tools: world.toolsOf(name), table: `${name}.${api.users!.table}` }
}

/**
 * The row as a create call with these changes would have made it, in the place of what it was.
 *
 * @throws Problem 400 body.invalid, 409 user.duplicate
 */
function update(world: SandboxPort, place: Place, changes: UserChanges): Row {
  const { api, row, tools, table } = place
  const users = api.users! // vendors have users
  const call = createCallFor(place, merged(users.bodyFromRow(row), changes))
  const [unknown] = call.findings
  if (unknown) throw new Problem(400, 'body.invalid', unknown.text)
  const body = call.body as Readonly<Record<string, unknown>> // creationOf has checked it
  const changed = users.changeRow(row, body, world.store, tools)
  const rows = world.store.collection(table)
  const { unique } = api.tables[users.table]!
  const taken = unique.filter((field) => {
    const value: unknown = Object.entries(changed).find(([name]) => name === field)?.[1]
    const owner = typeof value === 'string' && value !== '' ? rows.find(field, value) : undefined
    return owner !== undefined && owner.id !== row.id
  })
  if (taken.length > 0) throw duplicate(taken, 409)
  rows.replace(changed)
  return changed
}

/** RFC 7396, on the first level: the bodies have no deeper one. */
function merged(
  before: Readonly<Record<string, unknown>>,
  changes: UserChanges,
): Record<string, unknown> {
  const after = { ...before, ...changes }
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null))
}

/** Puts what is to be told into the outbox, as part of the running transaction. */
function tell(
  world: SandboxPort,
  { api, tools }: Place,
  what: 'updated' | 'deleted',
  row: Row,
  call: Call,
): readonly string[] {
  const events = api.users!.events?.(what, row, world.store, tools) ?? []
  return world.webhooks.record(events, call) ?? []
}
