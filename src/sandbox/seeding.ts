import { setImmediate as turn } from 'node:timers/promises'
import type { Person } from '../core/api.ts'
import type { Fake } from '../core/fake.ts'
import { creationOf } from '../core/request/read.ts'
import type { Place } from '../core/context.ts'
import type { Store } from '../core/store/store.ts'

/** People made up between two turns of the event loop. */
const SLICE = 100

/**
 * Creates made-up people, each at every one of these places; other requests run in between.
 *
 * @param count at each place
 */
export async function seed(
  count: number,
  places: readonly Place[],
  { store, fake }: { readonly store: Store; readonly fake: Fake },
): Promise<void> {
  for (let done = 0; done < count; done += SLICE) {
    store.transact(() => {
      for (let i = done; i < Math.min(done + SLICE, count); i++) {
        let person: Person
        do person = invent(store, fake)
        while (isTaken(person, places[0]))
        for (const place of places) {
          create(place, place.api.users!.describe(person, place.tools.known)) // only vendors are seeded
        }
      }
    })
    await store.saved()
    await turn()
  }
}

/**
 * What the API's own operation would do with a request that has this body.
 *
 * @throws Problem as the operation does, and 400 body.invalid
 */
export function create(place: Place, body: Readonly<Record<string, unknown>>): void {
  const call = creationOf(place, body)
  place.api.operations[call.operation!.id]!(call, place.store, place.tools) // creationOf has set it
}

/** A caller may have come upon the same person, and a state that was put may count from anew. */
function isTaken({ email }: Person, place: Place | undefined): boolean {
  return (place?.all ?? []).some(({ api }) => {
    if (!api.users) return false
    const users = place!.store.collection(`${api.name}.${api.users.table}`)
    return users.find(api.users.email, email) !== undefined
  })
}

/** A person that was not made up before: the number in the address sees to it. */
function invent(store: Store, streams: Fake): Person {
  const n = store.next('sandbox.person')
  const fake = streams.draw('sandbox.person.values')
  const firstName = fake.person.firstName()
  const lastName = fake.person.lastName()
  const username = `${firstName}.${lastName}.${n + 1}`.toLowerCase().replaceAll(/[^a-z0-9.]/g, '')
  return {
    firstName,
    lastName,
    username,
    email: `${username}@example.test`,
    phone: `+1202555${String(n % 10_000).padStart(4, '0')}`,
    company: fake.company.name(),
  }
}
