import type { Api, Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import type { Row } from '../core/store/state.ts'
import { lookupKey } from '../core/store/unique-keys.ts'
import type { Seeding, User, UserPage } from './contract.gen.ts'
import type { SandboxPort } from './ports.ts'

const PAGE = 100

/** Asking for users, and filling a sandbox with them. */
export function userTasks(
  world: SandboxPort,
): Record<'getCredentials' | 'listUsers' | 'getUser' | 'seedUsers', Task> {
  return {
    getCredentials: () => ({ status: 200, body: world.credentials }),
    listUsers: (call) => {
      const wanted = {
        api: call.query.get('api'),
        email: call.query.get('email'),
        after: call.query.get('after'),
      }
      const limit = Number(call.query.get('limit') ?? PAGE)
      return { status: 200, body: page(world, wanted, limit) }
    },
    getUser: (call) => {
      const { api = '', id = '' } = call.params
      const vendor = world.vendors.find((part) => part.api.name === api)!.api // of the contract's list
      const row = world.user(api, id)
      if (!row) throw new Problem(404, 'user.unknown', `${api} has created no user ${id}`)
      return { status: 200, body: shownUser(vendor, row) }
    },
    seedUsers: async (call) => {
      const { users, apis } = call.body as Seeding // the contract has checked it
      const names: readonly string[] = apis ?? world.vendors.map(({ api }) => api.name)
      await world.seed(users, names)
      return { status: 200, body: Object.fromEntries(names.map((name) => [name, users])) }
    },
  }
}

/**
 * A page's mark is the API and the place of its last row. Places only grow, so a later insert
 * moves nothing and a removed row leaves the mark where it was.
 */
function page(
  world: SandboxPort,
  wanted: { api: string | null; email: string | null; after: string | null },
  limit: number,
): UserPage {
  const vendors = world.vendors.filter(({ api }) => wanted.api === null || api.name === wanted.api)
  if (wanted.email !== null) {
    const email = wanted.email
    const found = vendors.flatMap(({ api }) => {
      return withAddress(world, api, email).map((row) => shownUser(api, row))
    })
    return { users: found, total: found.length }
  }
  const total = vendors.reduce((sum, { api }) => sum + rowsOf(world, api).size, 0)
  const [afterApi, afterPlace] = wanted.after?.split(':') ?? []
  const start = vendors.findIndex(({ api }) => api.name === afterApi)
  if (afterApi !== undefined && start < 0) {
    throw new Problem(400, 'page.unknown', `after must be the next of a page of the same list`)
  }
  const found: { user: User; mark: string }[] = []
  for (const { api } of vendors.slice(Math.max(0, start))) {
    for (const [place, row] of rowsOf(world, api).after(
      api.name === afterApi ? Number(afterPlace) : 0,
    )) {
      // One more than asked for tells whether there is a next page.
      if (found.length > limit) break
      found.push({ user: shownUser(api, row), mark: `${api.name}:${place}` })
    }
  }
  const users = found.slice(0, limit).map(({ user }) => user)
  const next = found.length > limit ? found[limit - 1]!.mark : undefined
  return { users, total, ...(next === undefined ? {} : { next }) }
}

/** Who has this address: one, and its copies where a fault has had duplicates accepted. */
function withAddress(world: SandboxPort, api: Api, email: string): readonly Row[] {
  const field = api.users!.email
  const rows = rowsOf(world, api)
  const first = rows.find(field, email)
  if (!first) return []
  const same = (row: Row) => 'copyOf' in row && lookupKey(row, field) === lookupKey(first, field)
  return [first, ...rows.all().filter(same)]
}

function rowsOf(world: SandboxPort, api: Api) {
  return world.store.collection(`${api.name}.${api.users!.table}`) // vendors have users
}

export function shownUser(api: Api, row: Row): User {
  const email = Object.entries(row).find(([name]) => name === api.users!.email)?.[1] as unknown
  return {
    api: api.name,
    id: row.id,
    ...(typeof email === 'string' ? { email } : {}),
    user: { ...row },
  }
}
