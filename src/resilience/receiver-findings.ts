import type { Judgement } from './judgement.ts'
import type { Finding } from './model.ts'
import type { Observation } from './observation.ts'
import { operationKey, repetitions } from './repeats.ts'

/** Delivery faults after which a receiver must refuse the webhook. */
const FORGED = ['wrong-secret', 'unsigned', 'reserialised']
/** Delivery faults that deliver a webhook twice. */
const TWICE = ['duplicate', 'duplicate-new-id']

/** Findings about the receiver of webhooks. */
export function receiverFindings(run: Observation, judgement: Judgement): readonly Finding[] {
  return [...acceptedForgeries(run), ...handledTwice(run, judgement)]
}

function acceptedForgeries({ deliveries }: Observation): readonly Finding[] {
  return deliveries.flatMap(({ id, requestId, attempts }): readonly Finding[] => {
    const accepted = attempts.find(
      ({ faults = [], status = 0 }) =>
        faults.some((fault) => FORGED.includes(fault)) && status >= 200 && status <= 299,
    )
    if (accepted === undefined) return []
    const kind = accepted.faults?.includes('unsigned') ? 'no signature' : 'a wrong signature'
    const text = `The receiver answered ${accepted.status} to a webhook with ${kind}`
    const requests = requestId === undefined ? [] : [requestId]
    return [{ id: 'webhook-accepted-unsigned', text, requests, deliveries: [id] }]
  })
}

/** Calls that were made twice after a webhook was delivered twice. */
function handledTwice(run: Observation, { creates, repeats }: Judgement): readonly Finding[] {
  const doubled = run.deliveries.find(({ attempts }) =>
    attempts.some(({ faults = [] }) => faults.some((fault) => TWICE.includes(fault))),
  )
  if (doubled === undefined) return []
  const from = run.requests.findIndex(({ id }) => id === doubled.requestId)
  return repetitions(run.requests, creates).flatMap((group): readonly Finding[] => {
    const [first] = group
    if (first === undefined || first.method === 'GET') return []
    const usual = repeats[operationKey(first)!] ?? 1 // a group has an operation
    const later = group.filter((request) => run.requests.indexOf(request) > from)
    if (group.length <= usual || later.length < 2) return []
    const text = `The webhook ${doubled.id} came twice, and ${first.operation} was called twice with the same content`
    return [
      {
        id: 'webhook-handled-twice',
        text,
        requests: later.map(({ id }) => id),
        deliveries: [doubled.id],
      },
    ]
  })
}
