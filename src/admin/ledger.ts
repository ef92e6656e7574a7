import type { Task } from '../core/api.ts'
import { readingsOf } from '../core/http/plus-sign.ts'
import { Slices } from '../core/slices.ts'
import type { Ledger } from './contract.gen.ts'
import { cursorIn, cursorText, limitOf, type Cursor } from './paging.ts'
import type { SandboxPort } from './ports.ts'
import { UserComparison, type Account, type Person } from './user-comparison.ts'

/** Handler of `/ledger`, which compares the users of all APIs. */
export function ledgerTasks(sandbox: SandboxPort): Record<'getLedger', Task> {
  const apis = sandbox.vendors.map(({ api }) => api.name)
  return {
    getLedger: async (call) => {
      const email = call.query.get('email')
      const cursor = cursorIn(call.query.get('after'), apis)
      const limit = limitOf(call)
      const slices = new Slices(call.signal)
      const comparison = await compare(sandbox, apis, slices)
      if (email !== null) {
        const readings = readingsOf(email).toReversed()
        const found = readings.map((one) => comparison.person(one))
        const person = found.find((one) => one !== undefined) ?? []
        const { differences, ...entry } = comparison.entry(person)
        const body: Ledger = {
          entries: [
            person.length > 0
              ? { ...entry, ...(differences ? { differences } : {}) }
              : { ...entry, email: readings[0]!, text: 'no API has a user with this address' },
          ],
          total: 1,
        }
        return { status: 200, body }
      }
      const page: Person[] = []
      let total = 0
      let remaining = 0
      const show = call.query.get('show') ?? 'different'
      const text = call.query.get('text')?.toLowerCase()
      for (const person of comparison.people) {
        if (slices.isOver) await slices.next()
        const isConsistent = show !== 'all' && comparison.isConsistent(person)
        if (show === (isConsistent ? 'different' : 'consistent')) continue
        if (text !== undefined && !person.some((account) => mentions(account, text))) continue
        total++
        if (isAfter(person, cursor, apis) && remaining++ < limit) page.push(person)
      }
      const last = page.at(-1)?.[0]
      const body: Ledger = {
        entries: page.map((person) => comparison.entry(person)),
        total,
        ...(remaining > limit && last ? { next: cursorText(last.api, last.place) } : {}),
      }
      return { status: 200, body }
    },
  }
}

/** Reads the users of all APIs; lets other requests run in between. */
async function compare(
  { vendors, store }: SandboxPort,
  apis: readonly string[],
  slices: Slices,
): Promise<UserComparison> {
  const comparison = new UserComparison(apis)
  for (const { api } of vendors) {
    const users = api.users! // vendors have users
    for (const [place, row] of store.collection(`${api.name}.${users.table}`).after(0)) {
      const email: unknown = Object.entries(row).find(([name]) => name === users.email)?.[1]
      comparison.add({
        api: api.name,
        id: row.id,
        ...(typeof email === 'string' && email.trim() !== '' ? { email } : {}),
        name: users.nameIn(row),
        place,
      })
      if (slices.isOver) await slices.next()
    }
  }
  return comparison
}

/**
 * Returns true if the address, the name or the id of a user contains this text, given in lower
 * case.
 */
function mentions({ email = '', name, id }: Account, text: string): boolean {
  return [email, name, id].some((one) => one.toLowerCase().includes(text))
}

function isAfter([first]: Person, cursor: Cursor, apis: readonly string[]): boolean {
  const api = apis.indexOf(first!.api)
  return api > cursor.api || (api === cursor.api && first!.place > cursor.place)
}
