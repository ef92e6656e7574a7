import type { DeliveryFaultKind } from '../fault.ts'
import type { Attempt } from '../webhooks/delivery.ts'
import { isRecord } from '../contract/schema.ts'
import type { Check, Observations } from './check.ts'
import { withoutDashes, type Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'
import { isAccepted, isAnswered, isRefused, type SeenDelivery } from './seen-delivery.ts'

/** Attempts with a fault. */
function* attemptsWith(
  { deliveries }: Facts,
  fault?: DeliveryFaultKind,
): Generator<readonly [SeenDelivery, Attempt] | undefined, void> {
  for (const delivery of deliveries) {
    yield
    for (const attempt of delivery.attempts) {
      if (isAnswered(attempt, fault)) yield [delivery, attempt]
    }
  }
}

/**
 * URLs of receivers that accept ordinary webhooks. The answers of other receivers prove nothing.
 */
function workingUrls({ deliveries }: Facts): ReadonlySet<string> {
  const working = deliveries.filter(({ attempts }) =>
    attempts.some((attempt) => isAnswered(attempt) && isAccepted(attempt)),
  )
  return new Set(working.map(({ delivery }) => delivery.url))
}

const answered = ({ id }: SeenDelivery, { number, status }: Attempt) =>
  `Attempt ${number} of ${id} was answered with ${status}`

/** Checks of webhooks that a receiver has to refuse. */
const REFUSED: readonly (readonly [id: string, title: string, fault: DeliveryFaultKind])[] = [
  ['refuses-bad-signatures', 'Refuses a webhook with a wrong signature', 'wrong-secret'],
  ['refuses-missing-signatures', 'Refuses a webhook without a signature', 'unsigned'],
  ['refuses-stale-signatures', 'Refuses a webhook that was signed long ago', 'stale-timestamp'],
  ['verifies-raw-bytes', 'Verifies the signature over the received bytes', 'reserialised'],
  ['refuses-cut-webhooks', 'Does not accept an incomplete webhook', 'truncated'],
]

/** Checks of unusual webhooks that a receiver has to accept. */
const ACCEPTED: readonly (readonly [id: string, title: string, fault: DeliveryFaultKind])[] = [
  ['ignores-header-case', 'Finds the headers of a webhook in any case', 'header-case'],
  ['reads-chunked-webhooks', 'Reads a webhook that comes in chunks', 'chunked'],
  [
    'tolerates-webhook-fields',
    'Accepts a webhook with fields that it does not know',
    'extra-fields',
  ],
  ['tolerates-unknown-events', 'Accepts an event that it does not know', 'unknown-event'],
  ['copes-with-disorder', 'Accepts webhooks in another order', 'reorder'],
  [
    'copes-with-early-webhooks',
    'Accepts a webhook that arrives before the answer to the create',
    'before-answer',
  ],
  ['copes-with-removed-users', 'Accepts a webhook about a user that is removed', 'after-delete'],
]

/** Checks of a webhook receiver. */
export const RECEIVER_CHECKS: readonly Check[] = [
  {
    id: 'accepts-good-signatures',
    subject: 'receiver',
    title: 'Accepts a webhook with a valid signature',
    needs: 'a delivery to a receiver',
    provoke: 'a create with a subscription',
    *judge(facts, observations) {
      for (const found of attemptsWith(facts)) {
        yield
        if (!found) continue
        const [delivery, attempt] = found
        if (isAccepted(attempt)) observations.pass(answered(delivery, attempt), delivery)
        else if (attempt.status === 401 || attempt.status === 403) {
          observations.fail(
            `${answered(delivery, attempt)}, although its signature is valid`,
            delivery,
          )
        }
      }
    },
  },
  ...REFUSED.map(([id, title, fault]): Check => ({
    id,
    subject: 'receiver',
    title,
    needs: `an answer to a delivery with the fault ${fault}`,
    provoke: `webhook=${fault};times=1`,
    *judge(facts, observations) {
      for (const found of attemptsWith(facts, fault)) {
        yield
        if (!found) continue
        const [delivery, attempt] = found
        // A signature of the plain scheme has no timestamp, so it never becomes stale.
        const canTell = fault !== 'stale-timestamp' || delivery.scheme === 'standard'
        if (isRefused(attempt)) observations.pass(answered(delivery, attempt), delivery)
        else if (isAccepted(attempt) && canTell) {
          observations.fail(`${answered(delivery, attempt)}, which accepts it`, delivery)
        }
      }
      if (fault === 'truncated') yield* judgeUnanswered(facts, observations)
    },
  })),
  ...ACCEPTED.map(([id, title, fault]): Check => ({
    id,
    subject: 'receiver',
    title,
    needs: `an answer to a delivery with the fault ${fault}, by a receiver that accepts ordinary ones`,
    provoke: `webhook=${fault};times=1`,
    *judge(facts, observations) {
      const working = workingUrls(facts)
      for (const found of attemptsWith(facts, fault)) {
        yield
        if (!found) continue
        const [delivery, attempt] = found
        if (isAccepted(attempt)) observations.pass(answered(delivery, attempt), delivery)
        else if (working.has(delivery.delivery.url)) {
          observations.fail(
            `${answered(delivery, attempt)}; other webhooks were accepted`,
            delivery,
          )
        }
      }
    },
  })),
  {
    id: 'answers-in-time',
    subject: 'receiver',
    title: 'Answers within the time limit',
    needs: 'an attempt that was answered or timed out',
    provoke: 'a create with a subscription',
    *judge({ deliveries, records }, observations) {
      const { timeout } = records.webhooks
      for (const delivery of deliveries) {
        yield
        for (const attempt of delivery.attempts) {
          const { error, faults = [], number, ms, status } = attempt
          if (faults.length > 0) continue
          if (error === 'timeout') {
            observations.fail(
              `Attempt ${number} of ${delivery.id} had no answer within ${timeout} ms`,
              delivery,
            )
          } else if (status !== undefined) {
            observations.pass(
              `Attempt ${number} of ${delivery.id} was answered after ${ms} ms`,
              delivery,
            )
          }
        }
      }
    },
  },
  {
    id: 'answers-before-long-work',
    subject: 'receiver',
    title: 'Accepts a webhook first and works afterwards',
    needs: 'a webhook that was accepted within a tenth of the time limit, or only after half of it',
    provoke: 'a create with a subscription',
    *judge(facts, observations) {
      const { timeout } = facts.records.webhooks
      for (const found of attemptsWith(facts)) {
        yield
        if (!found) continue
        const [delivery, attempt] = found
        const { number, ms } = attempt
        if (!isAccepted(attempt)) continue
        const text = `Attempt ${number} of ${delivery.id} was accepted after ${ms} ms`
        if (ms >= timeout / 2) observations.fail(`${text}, of ${timeout} ms at most`, delivery)
        else if (ms <= timeout / 10) observations.pass(text, delivery)
      }
    },
  },
  {
    id: 'answers-without-redirect',
    subject: 'receiver',
    title: 'Answers at the URL of the subscription, without a redirect',
    needs: 'an attempt that was answered',
    provoke: 'a create with a subscription',
    *judge(facts, observations) {
      for (const found of attemptsWith(facts)) {
        yield
        if (!found) continue
        const [delivery, attempt] = found
        const { status = 0 } = attempt
        if (status >= 300 && status < 400)
          observations.fail(
            `${answered(delivery, attempt)}, and redirects are not followed`,
            delivery,
          )
        else observations.pass(answered(delivery, attempt), delivery)
      }
    },
  },
  {
    id: 'accepts-repeats',
    subject: 'receiver',
    title: 'Accepts a webhook that it has accepted before',
    needs: 'a second attempt of an accepted delivery',
    provoke: 'POST /_standin/deliveries/{id}/redeliver',
    *judge({ deliveries }, observations) {
      for (const delivery of deliveries) {
        yield
        for (const [i, attempt] of delivery.attempts.entries()) {
          const before = delivery.attempts.slice(0, i)
          if (!isAnswered(attempt) || !before.some((one) => isAnswered(one) && isAccepted(one)))
            continue
          if (isAccepted(attempt)) observations.pass(answered(delivery, attempt), delivery)
          else
            observations.fail(
              `${answered(delivery, attempt)}, although it was accepted before`,
              delivery,
            )
        }
      }
    },
  },
  {
    id: 'recovers-after-a-failure',
    subject: 'receiver',
    title: 'Accepts a webhook at a later attempt after a failed one',
    needs: 'a delivery that failed and was tried again',
    provoke: 'a receiver that is stopped and started again',
    *judge({ deliveries }, observations) {
      for (const delivery of deliveries) {
        yield
        const plain = delivery.attempts.filter(({ faults = [] }) => faults.length === 0)
        const failed = plain.findIndex((attempt) => (attempt.status ?? 500) >= 500)
        if (failed < 0 || plain.length < 2) continue
        const accepted = plain.slice(failed + 1).find(isAccepted)
        if (accepted) observations.pass(answered(delivery, accepted), delivery)
        else if (delivery.delivery.state === 'failed') {
          observations.fail(`All ${plain.length} attempts of ${delivery.id} failed`, delivery)
        }
      }
    },
  },
  deduplicating('deduplicates', 'Handles a webhook only once if it arrives twice', 'duplicate'),
  deduplicating(
    'deduplicates-by-content',
    'Handles an event only once if it arrives twice, with two ids',
    'duplicate-new-id',
  ),
]

/** Judges attempts that ended without an answer, which is correct for a truncated webhook. */
function* judgeUnanswered(
  { deliveries }: Facts,
  observations: Observations,
): Generator<undefined, void> {
  for (const delivery of deliveries) {
    yield
    for (const { faults = [], error, number } of delivery.attempts) {
      if (faults.includes('truncated') && (error === 'reset' || error === 'timeout')) {
        observations.pass(`Attempt ${number} of ${delivery.id} was not answered`, delivery)
      }
    }
  }
}

/** Returns a check that counts the changes to the user after a delivery that was sent twice. */
function deduplicating(id: string, title: string, fault: DeliveryFaultKind): Check {
  return {
    id,
    subject: 'receiver',
    title,
    needs: `an accepted delivery with the fault ${fault}, and a change at an API that it caused`,
    provoke: `webhook=${fault};times=1`,
    *judge(facts, observations) {
      for (const found of attemptsWith(facts, fault)) {
        yield
        if (!found) continue
        const [delivery, attempt] = found
        if (!isAccepted(attempt)) continue
        const changes: Exchange[] = []
        const { id: user, email } = personIn(delivery, facts)
        for (const one of facts.exchanges) {
          yield
          if (one.isRead || one.entry.answeredAt < attempt.at) continue
          if (one.id === delivery.delivery.requestId) continue
          if (
            (email !== undefined && one.user === email) ||
            (user !== undefined && one.names(user))
          )
            changes.push(one)
        }
        const pairs = changes.flatMap((one, i) =>
          changes.slice(0, i).flatMap((each) => (each.equals(one) ? [[each, one] as const] : [])),
        )
        // Another test may make the same change. Calls of the admin API separate the sections of
        // tests.
        const pair = pairs.find(([each, one]) => each.entry.section === one.entry.section)
        if (pair) {
          const [first, twice] = pair
          observations.fail(
            `${first.id} and ${twice.id} are the same change, and ${delivery.id} came twice`,
            delivery,
            first,
            twice,
          )
        } else if (changes.length > 0 && pairs.length === 0) {
          observations.pass(
            `${changes[0]!.id} came once, and ${delivery.id} twice`,
            delivery,
            changes[0]!,
          )
        }
      }
    },
  }
}

/** The id, without dashes, and the address of the user in a webhook. */
function personIn({ delivery, api }: SeenDelivery, { records }: Facts): Person {
  const body: unknown = JSON.parse(delivery.body) // the outbox wrote it
  const data = isRecord(body) && isRecord(body['data']) ? body['data'] : {}
  const field = records.vendors.find((one) => one.api.name === api)?.api.users?.email
  const email = field === undefined ? undefined : data[field]
  return {
    ...(delivery.userId === undefined ? {} : { id: withoutDashes(delivery.userId) }),
    ...(typeof email === 'string' ? { email: email.toLowerCase() } : {}),
  }
}

interface Person {
  readonly id?: string
  readonly email?: string
}
