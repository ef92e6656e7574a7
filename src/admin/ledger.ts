import { setImmediate as turn } from 'node:timers/promises'
import type { Task } from '../core/api.ts'
import { Ledger, type Person } from './user-comparison.ts'
import { Problem } from '../core/problem.ts'
import type { Ledger as LedgerPage } from './contract.gen.ts'
import type { SandboxPort } from './ports.ts'

const PAGE = 100
/** Rows that are looked at between two turns of the event loop. */
const SLICE = 5000

/** Comparing the users of all APIs. */
export function ledgerTasks(world: SandboxPort): Record<'getLedger', Task> {
  const names = world.vendors.map(({ api }) => api.name)
  return {
    getLedger: async (call) => {
      const email = call.query.get('email')
      const after = markIn(call.query.get('after'), names)
      const limit = Number(call.query.get('limit') ?? PAGE)
      const ledger = await read(world, names)
      if (email !== null) {
        const person = ledger.person(email) ?? []
        const entry = ledger.entry(person)
        const body: LedgerPage = {
          entries: [person.length > 0 ? entry : { ...entry, email, text: 'no API has the person' }],
          total: 1,
        }
        return { status: 200, body }
      }
      const page: Person[] = []
      let total = 0
      let rest = 0
      for (const person of ledger.people) {
        if (ledger.isConsistent(person)) continue
        total++
        if (isAfter(person, after, names) && rest++ < limit) page.push(person)
      }
      const last = page.at(-1)?.[0]
      const body: LedgerPage = {
        entries: page.map((person) => ledger.entry(person)),
        total,
        ...(rest > limit && last ? { next: `${last.api}:${last.place}` } : {}),
      }
      return { status: 200, body }
    },
  }
}

/** All users of all APIs; other requests run in between. */
async function read({ vendors, store }: SandboxPort, names: readonly string[]): Promise<Ledger> {
  const ledger = new Ledger(names)
  let looked = 0
  for (const { api } of vendors) {
    const users = api.users! // vendors have users
    for (const [place, row] of store.collection(`${api.name}.${users.table}`).after(0)) {
      const email: unknown = Object.entries(row).find(([name]) => name === users.email)?.[1]
      ledger.add({
        api: api.name,
        id: row.id,
        ...(typeof email === 'string' && email.trim() !== '' ? { email } : {}),
        name: users.nameIn(row),
        place,
      })
      if (++looked % SLICE === 0) await turn()
    }
  }
  return ledger
}

interface Mark {
  readonly api: number
  readonly place: number
}

function markIn(after: string | null, names: readonly string[]): Mark {
  if (after === null) return { api: -1, place: 0 }
  const [name = '', place] = after.split(':')
  const api = names.indexOf(name)
  if (api >= 0) return { api, place: Number(place) }
  throw new Problem(400, 'page.unknown', 'after must be the next of a page of the same list')
}

function isAfter([first]: Person, mark: Mark, names: readonly string[]): boolean {
  const api = names.indexOf(first!.api)
  return api > mark.api || (api === mark.api && first!.place > mark.place)
}
