import type { Check } from './check.ts'
import type { Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'

/**
 * Finds the next lookup at an API after a request, of any user: lookups may identify the user by
 * other fields than creates do.
 */
class Lookups {
  readonly #byApi = new Map<string, Exchange[]>()

  constructor(facts: Facts) {
    for (const one of facts.exchanges) {
      if (!one.isLookup) continue
      const list = this.#byApi.get(one.api)
      if (list) list.push(one)
      else this.#byApi.set(one.api, [one])
    }
  }

  /** The first lookup that came after a request, at the same API. */
  after({ api, end }: Exchange): Exchange | undefined {
    const list = this.#byApi.get(api) ?? []
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (list[middle]!.start < end) low = middle + 1
      else high = middle
    }
    return list[low]
  }
}

/** Creates of one user that are compared with each other; later ones are left out. */
const MAX_CREATES = 100

/** Yields the creates of each user in each section, if there are any. */
function* createsIn(
  facts: Facts,
): Generator<undefined | { creates: readonly Exchange[]; all: readonly Exchange[] }, void> {
  for (const all of facts.users) {
    yield
    const creates = all.filter(({ isCreate }) => isCreate).slice(0, MAX_CREATES)
    if (creates.length > 0) yield { creates, all }
  }
}

const isDuplicate = ({ entry }: Exchange) => entry.problem?.reason === 'user.duplicate'

/** Checks that no user is lost or created twice. */
export const CREATE_CHECKS: readonly Check[] = [
  {
    id: 'checks-before-creating-again',
    subject: 'client',
    title: 'Looks for a user whose create may have succeeded, before or after it creates it again',
    needs:
      'a create without a clear answer, such as a 500 or a lost connection, and another create',
    provoke: 'commit-500;times=1',
    *judge(facts, observations) {
      const lookups = new Lookups(facts)
      for (const one of createsIn(facts)) {
        yield
        const creates = one?.creates ?? []
        for (const [i, first] of creates.entries()) {
          yield
          if (!first.isUnsure) continue
          const later = creates.slice(i + 1)
          const again = later.find(({ start }) => start >= first.end)
          if (!again) continue
          const looked = lookups.after(first)
          // A refusal as a duplicate tells the client that the user exists, so it may look the user
          // up afterwards.
          const isBefore = looked !== undefined && looked.start <= again.start
          const isAfter = looked !== undefined && later.some(isDuplicate)
          if (looked && (isBefore || isAfter)) {
            observations.pass(
              `${looked.id} looked for the user whose create ${first.id} had no clear answer`,
              first,
              looked,
              again,
            )
          } else if (!later.some(({ isSuccess }) => isSuccess)) {
            if (facts.isOver(creates.at(-1)!)) {
              observations.fail(
                `${again.id} creates the user of ${first.id} again, and no request looked for the user`,
                first,
                again,
              )
            }
          } else {
            observations.fail(
              `${again.id} creates the user of ${first.id} again without a lookup`,
              first,
              again,
            )
          }
        }
      }
    },
  },
  {
    id: 'finds-lost-users',
    subject: 'client',
    title: 'Finds a user that was created although its answer was a failure',
    needs: 'a create that was carried out although its answer was a failure',
    provoke: 'commit-500;times=1',
    *judge(facts, observations) {
      const lookups = new Lookups(facts)
      for (const one of createsIn(facts)) {
        yield
        if (!one) continue
        const { creates, all } = one
        for (const lost of creates) {
          yield
          if (lost.entry.userId === undefined || lost.isSuccess) continue
          const later = all.find(({ start }) => start >= lost.end) ?? lookups.after(lost)
          if (later) {
            observations.pass(
              `${later.id} came back to the user that ${lost.id} had created`,
              lost,
              later,
            )
          } else if (facts.isOver(lost)) {
            observations.fail(
              `${lost.id} created a user, but its answer was a failure, and the client never looked the user up`,
              lost,
            )
          }
        }
      }
    },
  },
  {
    id: 'one-user-per-person',
    subject: 'client',
    title: 'Creates each person once',
    needs: 'a create of a user that exists already, or a lookup instead of such a create',
    provoke: 'commit-500;times=1, then duplicate-accepted',
    *judge(facts, observations) {
      const lookups = new Lookups(facts)
      for (const one of createsIn(facts)) {
        yield
        if (!one) continue
        const { creates } = one
        let present: Exchange | undefined
        for (const created of creates) {
          if (created.entry.userId === undefined) continue
          if (present?.entry.userId !== undefined && !facts.removed.has(present.entry.userId)) {
            observations.fail(
              `${present.id} and ${created.id} created the same person twice`,
              present,
              created,
            )
          }
          present = created
        }
        const unsure = creates.find(({ isUnsure, entry }) => isUnsure && entry.userId !== undefined)
        const looked = unsure && lookups.after(unsure)
        const created = creates.filter(({ entry }) => entry.userId !== undefined)
        if (unsure && created.length === 1 && (looked || creates.length > 1)) {
          observations.pass(
            `The user that ${unsure.id} created exists once`,
            unsure,
            looked ?? creates.at(-1)!,
          )
        }
      }
    },
  },
  {
    id: 'no-parallel-creates',
    subject: 'client',
    title: 'Does not create one person in two requests at once',
    needs: 'two creates of the same person',
    provoke: 'delay=1s, and code that creates a person twice, such as two workers with one job',
    *judge(facts, observations) {
      for (const one of createsIn(facts)) {
        yield
        for (const [i, next] of (one?.creates ?? []).entries()) {
          const previous = one?.creates[i - 1]
          if (!previous) continue
          if (next.start >= previous.end) {
            observations.pass(`${next.id} came after ${previous.id} was answered`, previous, next)
          } else if (previous.status > 0 && next.status > 0) {
            // A client that gave up does not wait for the answer.
            observations.fail(
              `${next.id} creates a person while ${previous.id} is creating it`,
              previous,
              next,
            )
          }
        }
      }
    },
  },
]
