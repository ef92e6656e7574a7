import type { Api, Task, Tools, UserOperation } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import type { Contract } from '../core/contract/contract.ts'
import { isRecord } from '../core/contract/schema.ts'
import { readingsOf } from '../core/http/plus-sign.ts'
import { duplicate, invalid, Problem, type Violation } from '../core/problem.ts'
import { callFrom, createCallFor } from '../core/request/read.ts'
import { Slices } from '../core/slices.ts'
import type { Row } from '../core/store/state.ts'
import { lookupKey } from '../core/store/unique-keys.ts'
import type { Seeding, User, UserChanges, UserPage } from './contract.gen.ts'
import { cursorIn, cursorText, limitOf } from './paging.ts'
import type { SandboxPort } from './ports.ts'

type Names = 'getCredentials' | 'listUsers' | 'getUser' | 'updateUser' | 'deleteUser' | 'seedUsers'

/** Handlers of `/users`, `/credentials` and `/seed`. */
export function userTasks(sandbox: SandboxPort): Record<Names, Task> {
  return {
    getCredentials: () => ({ status: 200, body: sandbox.credentials }),
    listUsers: async (call) => ({ status: 200, body: await pageOf(sandbox, call) }),
    getUser: (call) => {
      const target = targetOf(sandbox, call)
      return { status: 200, body: oneUserBody(target) }
    },
    updateUser: async (call) => {
      const target = targetOf(sandbox, call)
      const changes = call.body as UserChanges // the contract has checked it
      const { update } = target.api.users! // vendors have users
      const { row, deliveries } = sandbox.store.transact(() => {
        if (!update) return { row: applyChanges(sandbox, target, changes), deliveries: [] }
        const sent = runOperation(sandbox, target, update, changes, call)
        return { row: sandbox.user(target.api.name, target.row.id)!, deliveries: sent } // an update keeps it
      })
      await sandbox.saved()
      sandbox.webhooks.deliver(deliveries)
      call.deliveries = deliveries
      return { status: 200, body: oneUserBody({ ...target, row }) }
    },
    deleteUser: async (call) => {
      const target = targetOf(sandbox, call)
      const removal = target.api.users!.delete // vendors have users
      const { deliveries, delayed } = sandbox.store.transact(() => {
        const sent = removal ? runOperation(sandbox, target, removal, {}, call) : []
        if (!removal) sandbox.store.collection(target.table).remove(target.row.id)
        return { deliveries: sent, delayed: sandbox.webhooks.releaseAfterDelete(target.row.id) }
      })
      await sandbox.saved()
      sandbox.webhooks.deliver(deliveries)
      if (delayed.length > 0) {
        // Deliveries that a fault holds back until the removal follow the webhook about it.
        await sandbox.webhooks.attemptsDone()
        sandbox.webhooks.deliverReleased(delayed)
      }
      call.deliveries = [...deliveries, ...delayed]
      return { status: 200, body: userBody(target.api, target.row) }
    },
    seedUsers: async (call) => {
      const { users, apis } = call.body as Seeding // the contract has checked it
      const names: readonly string[] = apis ?? sandbox.vendors.map(({ api }) => api.name)
      await sandbox.seed(users, names)
      return { status: 200, body: Object.fromEntries(names.map((name) => [name, users])) }
    },
  }
}

/** A user as the admin API returns it. */
export function userBody(api: Api, row: Row): User {
  const email = Object.entries(row).find(([name]) => name === api.users!.email)?.[1] as unknown
  return {
    api: api.name,
    id: row.id,
    ...(typeof email === 'string' ? { email } : {}),
    user: { ...row },
  }
}

/** A user with the fields that an update accepts. */
function oneUserBody(target: Target): User {
  return { ...userBody(target.api, target.row), fields: fieldsOf(target) }
}

const TYPES = ['string', 'boolean', 'integer', 'number', 'array', 'object'] as const

/** The fields that an update accepts, with their stored values. */
function fieldsOf({ api, contract, row }: Target): NonNullable<User['fields']> {
  const users = api.users! // vendors have users
  const id = users.update?.operation ?? users.operation
  const operation = contract.operations.find((one) => one.id === id)! // the start has compared them
  const { properties = {} } = operation.requestSchema(operation.requestTypes[0] ?? '')
  // A slice may store the fields of the request unchanged, in an object within the row.
  const stored = Object.fromEntries(
    [...Object.values(row).filter(isRecord), row].flatMap((one) => Object.entries(one)),
  )
  return Object.entries(properties).flatMap(([name, schema]) => {
    const type = TYPES.find((one) => [schema.type].flat().includes(one))
    if (type === undefined || users.update?.identifying?.includes(name)) return []
    const values = Array.isArray(schema['enum'])
      ? schema['enum'].filter((one) => typeof one === 'string')
      : []
    const value: unknown = Object.hasOwn(stored, name) ? stored[name] : undefined
    return [
      {
        name,
        type,
        ...(values.length > 0 ? { values } : {}),
        ...(value === undefined || value === null ? {} : { value }),
      },
    ]
  })
}

/** @throws Problem 400 page.unknown */
async function pageOf(sandbox: SandboxPort, call: Call): Promise<UserPage> {
  const apiName = call.query.get('api')
  const email = call.query.get('email')
  const apis = sandbox.vendors
    .map(({ api }) => api)
    .filter(({ name }) => apiName === null || name === apiName)
  if (email !== null) {
    const users: User[] = []
    const slices = new Slices(call.signal)
    for (const api of apis) {
      for (const one of readingsOf(email)) {
        const rows = await slices.run(rowsWithEmail(sandbox, api, one))
        users.push(...rows.map((row) => userBody(api, row)))
      }
    }
    return { users, total: users.length }
  }
  const limit = limitOf(call)
  const total = apis.reduce((sum, api) => sum + rowsOf(sandbox, api).size, 0)
  const cursor = cursorIn(
    call.query.get('after'),
    apis.map(({ name }) => name),
  )
  const found: { user: User; cursor: string }[] = []
  for (const [i, api] of apis.entries()) {
    if (i < cursor.api) continue
    const after = i === cursor.api ? cursor.place : 0
    for (const [place, row] of rowsOf(sandbox, api).after(after)) {
      // One more than the limit shows that there is a next page.
      if (found.length > limit) break
      found.push({ user: userBody(api, row), cursor: cursorText(api.name, place) })
    }
  }
  const users = found.slice(0, limit).map(({ user }) => user)
  const next = found.length > limit ? found[limit - 1]!.cursor : undefined
  return { users, total, ...(next === undefined ? {} : { next }) }
}

/**
 * Returns the user with this address, and the duplicates of it that a fault made the API accept.
 */
function* rowsWithEmail(
  sandbox: SandboxPort,
  api: Api,
  email: string,
): Generator<undefined, readonly Row[]> {
  const field = api.users!.email
  const rows = rowsOf(sandbox, api)
  const first = rows.find(field, email)
  if (!first) return []
  const found = [first]
  const key = lookupKey(first, field)
  for (const [, row] of rows.after(0)) {
    if ('copyOf' in row && lookupKey(row, field) === key) found.push(row)
    yield
  }
  return found
}

function rowsOf(sandbox: SandboxPort, api: Api) {
  return sandbox.store.collection(`${api.name}.${api.users!.table}`) // vendors have users
}

/** The user that a request is about, with its API. */
interface Target {
  readonly api: Api
  readonly contract: Contract
  readonly tools: Tools
  readonly table: string
  readonly row: Row
}

/** @throws Problem 404 user.unknown */
function targetOf(sandbox: SandboxPort, call: Call): Target {
  const { api: name = '', id = '' } = call.params
  const { api, contract } = sandbox.vendors.find((vendor) => vendor.api.name === name)! // of the contract's list
  const row = sandbox.user(name, id)
  if (!row) {
    const message = `${name} has no user ${id}; GET /_standin/users?api=${name} lists its users`
    throw new Problem(404, 'user.unknown', message)
  }
  return { api, contract, row, tools: sandbox.toolsOf(name), table: `${name}.${api.users!.table}` }
}

/**
 * Replaces the row by the one that a create call with the changed fields would have stored.
 *
 * @throws Problem 400 body.invalid, 409 user.duplicate
 */
function applyChanges(sandbox: SandboxPort, target: Target, changes: UserChanges): Row {
  const { api, row, tools, table } = target
  const users = api.users! // vendors have users
  if (!users.bodyFromRow || !users.changeRow) {
    throw new Error(`${api.name} has neither an update of its own nor changeRow`)
  }
  const call = createCallFor(target, merged(users.bodyFromRow(row), changes))
  refuseUnknownFields(call)
  const body = call.body as Readonly<Record<string, unknown>> // createCallFor has checked it
  const changed = users.changeRow(row, body, sandbox.store, tools)
  const rows = sandbox.store.collection(table)
  const { unique } = api.tables[users.table]!
  const taken = unique.filter((field) => {
    const value: unknown = Object.entries(changed).find(([name]) => name === field)?.[1]
    const owner = typeof value === 'string' && value !== '' ? rows.find(field, value) : undefined
    return owner !== undefined && owner.id !== row.id
  })
  if (taken.length > 0) throw userTaken(taken)
  rows.replace(changed)
  return changed
}

/**
 * Applies a JSON merge patch (RFC 7396) to the top-level fields; an object within one is replaced
 * as a whole.
 */
function merged(
  before: Readonly<Record<string, unknown>>,
  changes: UserChanges,
): Record<string, unknown> {
  const after = { ...before, ...changes }
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null))
}

/** @throws Problem 400 body.invalid that names the closest known field, or lists all of them */
function refuseUnknownFields({ warnings, operation, bodyType }: Call): void {
  const unknown = warnings.flatMap(({ code }) => /^unknown-field\.(.+)$/s.exec(code)?.[1] ?? [])
  if (unknown.length === 0) return
  const { properties = {} } = operation!.requestSchema(bodyType) // callFrom set it
  const violations = unknown.map((field): Violation => {
    const limit = Object.keys(properties)
    return { part: 'body', at: [field], rule: 'additionalProperties', limit }
  })
  throw invalid(violations)
}

/**
 * Returns the refusal of a value that another user has. Its status is always 409, although the
 * vendors answer with different ones.
 */
function userTaken(fields: readonly string[]): Problem {
  const { status, reason, message, violations } = duplicate(fields, 409)
  const advice = 'send another value, or change or delete that user first'
  return new Problem(status, reason, `${message}: ${advice}`, { violations })
}

/** @throws Problem 400 body.invalid for a change that the vendor's operation would ignore */
function refuseIneffective(
  { identifying = [], ignoresNull = false }: UserOperation,
  api: Api,
  changes: UserChanges,
): void {
  for (const [field, value] of Object.entries(changes)) {
    if (identifying.includes(field)) {
      const message = `${field} cannot be changed: it identifies the user or the caller; leave it out`
      throw ineffective(field, 'readOnly', message)
    }
    if (ignoresNull && value === null) {
      const message = `${field} cannot be null: ${api.name} ignores null in an update; leave the field out, or remove its value with PUT /_standin/state`
      throw ineffective(field, 'type', message)
    }
  }
}

function ineffective(field: string, rule: string, message: string): Problem {
  return new Problem(400, 'body.invalid', message, {
    violations: [{ part: 'body', at: [field], rule }],
  })
}

/**
 * Runs the vendor's own operation on a user, in the running transaction, and records its webhooks.
 *
 * @returns the ids of the deliveries
 * @throws Problem 400 body.invalid, 409 user.duplicate, and the other refusals of the operation
 */
function runOperation(
  sandbox: SandboxPort,
  target: Target,
  vendorCall: UserOperation,
  changes: UserChanges,
  cause: Call,
): readonly string[] {
  const { api, row, tools } = target
  const { operation, callFor } = vendorCall
  const call = callFrom(target, operation, callFor(row, { ...changes }))
  refuseUnknownFields(call)
  refuseIneffective(vendorCall, api, changes)
  try {
    const { events = [] } = api.operations[operation]!(call, sandbox.store, tools) // the start has compared slice and contract
    for (const warning of call.warnings) cause.warnings.push(warning)
    return sandbox.webhooks.record(events, cause) ?? []
  } catch (error) {
    if (!(error instanceof Problem) || error.reason !== 'user.duplicate') throw error
    const fields = error.violations.map(({ at }) => String(at[0]))
    throw userTaken(fields.length > 0 ? fields : [api.users!.email]) // vendors have users
  }
}
