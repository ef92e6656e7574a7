import type { RecordedRequest } from '../admin/contract.gen.ts'
import type { Judgement } from './judgement.ts'
import type { Finding } from './model.ts'
import { arrival, isFaulty, retryAfterOf, type Observation } from './observation.ts'
import { operationKey, repetitions } from './repeats.ts'

/** Number of equal requests that count as a retry storm: within a second, and in the whole run. */
const STORM_PER_SECOND = 6
const STORM_IN_ALL = 12
/** Milliseconds by which a retry may be too early, because times are rounded. */
const LENIENCY = 50
/**
 * Statuses after which a request may be repeated. After a 401 it may be repeated once, with new
 * credentials.
 */
const REPEATABLE = [408, 425, 429]

/**
 * Findings about retries. A repetition counts as a retry only if a request is repeated more often
 * than any request of its operation in the baseline, because suites may repeat calls for other
 * reasons. The calls of a receiver that gets a webhook again are not retries.
 */
export function retryFindings(run: Observation, judgement: Judgement): readonly Finding[] {
  const groups = repetitions(run.requests, judgement.creates)
  const resent = run.deliveries.reduce(
    (sum, { attempts }) => sum + Math.max(0, attempts.length - 1),
    0,
  )
  const usualOf = (group: readonly RecordedRequest[]) =>
    resent + (judgement.repeats[operationKey(group[0]!)!] ?? 1) // a group has a request, and it an operation
  const retried = groups.filter((group) => {
    return group.length > usualOf(group) && group.some((request) => isFaulty(request, run.fault))
  })
  return [
    ...retried.flatMap((group) => storm(group, usualOf(group))),
    ...(run.isTimed ? retried.flatMap((group) => early(group, run)) : []),
    ...retried.flatMap((group) => refused(group, run)),
  ]
}

function storm(group: readonly RecordedRequest[], most: number): readonly Finding[] {
  const operation = operationKey(group[0]!)! // a group has a request, and it an operation
  const inSecond = group.map((request, at) => {
    const until = arrival(request) + 1000
    return group.slice(at).filter((other) => arrival(other) < until).length
  })
  const largest = Math.max(...inSecond)
  const isStorm = largest >= most + STORM_PER_SECOND - 1 || group.length >= most + STORM_IN_ALL - 1
  if (!isStorm) return []
  const count =
    largest >= most + STORM_PER_SECOND - 1
      ? `${largest} times within a second`
      : `${group.length} times`
  const text = `${operation} was sent ${count} with the same content`
  return [{ id: 'retry-storm', text, requests: group.map(({ id }) => id) }]
}

function early(group: readonly RecordedRequest[], { fault }: Observation): readonly Finding[] {
  for (const [at, request] of group.entries()) {
    const seconds = retryAfterOf(request)
    const next = group[at + 1]
    if (seconds === undefined || next === undefined || !isFaulty(request, fault)) continue
    const waited = arrival(next) - Date.parse(request.time)
    if (waited >= seconds * 1000 - LENIENCY) continue
    const text = `${request.id} was answered ${request.answer.status} with Retry-After: ${seconds}, and ${next.id} repeated it after ${Math.max(0, Math.round(waited))} ms`
    return [{ id: 'retry-too-early', text, requests: [request.id, next.id] }]
  }
  return []
}

function refused(group: readonly RecordedRequest[], { fault }: Observation): readonly Finding[] {
  const refusals = group.filter(
    (request) => isFaulty(request, fault) && isRefusal(request.answer.status),
  )
  const [first] = refusals
  if (first === undefined) return []
  const again = group.slice(group.indexOf(first) + 1)
  const permitted = first.answer.status === 401 ? 1 : 0
  if (again.length <= permitted) return []
  const text = `${first.id} was refused with ${first.answer.status}, and ${again[permitted]!.id} sent the same again`
  return [{ id: 'retried-a-refusal', text, requests: [first.id, ...again.map(({ id }) => id)] }]
}

function isRefusal(status: number): boolean {
  return status >= 400 && status <= 499 && !REPEATABLE.includes(status)
}
