import { setImmediate as turn } from 'node:timers/promises'
import type { Person } from '../core/api.ts'
import type { Fake } from '../core/fake.ts'
import { createCallFor } from '../core/request/read.ts'
import type { ApiContext } from '../core/context.ts'
import type { Store } from '../core/store/store.ts'

/** The number of people created between two turns of the event loop. */
const BATCH = 100

/**
 * Creates generated people, each at every one of these APIs; other requests run in between.
 *
 * @param count the number of people
 */
export async function seed(
  count: number,
  contexts: readonly ApiContext[],
  { store, fake }: { readonly store: Store; readonly fake: Fake },
): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    store.transact(() => {
      for (let i = done; i < Math.min(done + BATCH, count); i++) {
        let person: Person
        do person = generate(store, fake)
        while (isTaken(person, contexts[0]))
        for (const context of contexts) {
          create(context, context.api.users!.bodyForPerson(person, context.tools.fixtures)) // only vendors are seeded
        }
      }
    })
    await store.saved()
    await turn()
  }
}

/**
 * Creates a user with the API's own operation, as a request with this body does.
 *
 * @throws Problem as the operation does, and 400 body.invalid
 */
export function create(context: ApiContext, body: Readonly<Record<string, unknown>>): void {
  const call = createCallFor(context, body)
  context.api.operations[call.operation!.id]!(call, context.store, context.tools) // createCallFor has set it
}

/**
 * Returns true if an API has a user with the person's address: a request may have created the
 * user, or a test may have replaced the state, which restarts the numbering of people.
 */
function isTaken({ email }: Person, context: ApiContext | undefined): boolean {
  return (context?.all ?? []).some(({ api }) => {
    if (!api.users) return false
    const users = context!.store.collection(`${api.name}.${api.users.table}`)
    return users.find(api.users.email, email) !== undefined
  })
}

/** Generates a person; a running number in the address makes it unique. */
function generate(store: Store, streams: Fake): Person {
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
