import type { RecordedRequest } from '../admin/contract.gen.ts'
import type { Judgement } from './judgement.ts'
import type { Finding } from './model.ts'
import { isFaulty, target, type Observation } from './observation.ts'
import { receiverFindings } from './receiver-findings.ts'
import { addressIn, operationKey, textOf } from './repeats.ts'
import { retryFindings } from './retry-findings.ts'

/** Lists what the log and the state of a run show. Most findings need a fault that fired. */
export function findingsIn(run: Observation, judgement: Judgement): readonly Finding[] {
  return [
    ...orphanedUsers(run),
    ...duplicateUsers(run),
    ...missingUsers(run, judgement),
    ...retryFindings(run, judgement),
    ...namelessCalls(run, judgement),
    ...receiverFindings(run, judgement),
    ...misplacedSecrets(run, judgement),
  ]
}

/** Leaves out the findings that the baseline has too, because no fault caused them. */
export function exceptKnown(
  findings: readonly Finding[],
  known: readonly Finding[],
): readonly Finding[] {
  const ids = new Set(known.map(({ id }) => id))
  return findings.filter(({ id }) => !ids.has(id))
}

/** Users that were stored although the answer was a failure, and that the client never looked up. */
function orphanedUsers({ requests, users, fault }: Observation): readonly Finding[] {
  return requests.flatMap((request, at): readonly Finding[] => {
    const { user, answer } = request
    if (!user || isSuccess(answer.status) || !isFaulty(request, fault)) return []
    const exists = users.some(({ api, id }) => api === user.api && id === user.id)
    if (!exists || requests.slice(at + 1).some((later) => isAbout(later, user))) return []
    const told = answer.status === 0 ? 'got no answer' : `was answered ${answer.status}`
    const text = `${request.id} ${told}, but the user ${user.email ?? user.id} was created; no later request looked for it`
    return [{ id: 'orphaned-user', text, requests: [request.id] }]
  })
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299
}

/** True if a request or its answer names a user. */
function isAbout(
  request: RecordedRequest,
  { api, id, email }: { readonly api: string; readonly id: string; readonly email?: string },
): boolean {
  if (request.api !== api) return false
  const text = `${textOf(request)}\n${request.answer.body.text}`
    .toLowerCase()
    .replaceAll('%40', '@')
  return [id, id.replaceAll('-', ''), email]
    .filter((name) => name !== undefined)
    .some((name) => text.includes(name.toLowerCase()))
}

/** Two users of one API with the same address. */
function duplicateUsers({ users, requests }: Observation): readonly Finding[] {
  const groups = new Map<string, typeof users>()
  for (const user of users) {
    if (user.email === undefined) continue
    const key = `${user.api} ${user.email.toLowerCase()}`
    groups.set(key, [...(groups.get(key) ?? []), user])
  }
  return [...groups.values()]
    .filter(({ length }) => length > 1)
    .map((group) => {
      const ids = new Set(group.map(({ id }) => id))
      return {
        id: 'duplicate-user',
        text: `${group[0]!.api} has ${group.length} users with the address ${group[0]!.email}`, // a group has one
        requests: requests.filter(({ user }) => user && ids.has(user.id)).map(({ id }) => id),
      }
    })
}

/**
 * Users that do not exist although the create call was answered with success, and that the client
 * never looked up.
 */
function missingUsers(run: Observation, { creates }: Judgement): readonly Finding[] {
  const { requests, users, fault } = run
  return requests.flatMap((request, at): readonly Finding[] => {
    const operation = operationKey(request)
    if (operation === undefined || !creates.has(operation)) return []
    if (!isSuccess(request.answer.status) || !isFaulty(request, fault) || request.user) return []
    const email = addressIn(request)
    const { api } = request
    if (email === undefined || api === undefined) return []
    const exists = users.some((user) => user.api === api && user.email?.toLowerCase() === email)
    const looked = requests.slice(at + 1).some((later) => isAbout(later, { api, id: email }))
    if (exists || looked) return []
    const text = `${request.id} was answered ${request.answer.status}, but the user ${email} does not exist; no later request looked for it`
    return [{ id: 'missing-user', text, requests: [request.id] }]
  })
}

/** Texts that programs write for a missing value. */
const NO_VALUE = /(^|[/=>:"\s])(undefined|null|None|NaN|\[object Object\])($|[/&?<"\s])/

/**
 * Calls about a user that was never created: they have the text of a missing value in place of an
 * id.
 */
function namelessCalls(
  { requests, fault }: Observation,
  { creates }: Judgement,
): readonly Finding[] {
  const failed = requests.find(
    (request) =>
      isFaulty(request, fault) &&
      creates.has(operationKey(request) ?? '') &&
      !isSuccess(request.answer.status),
  )
  if (failed === undefined) return []
  const calls = requests
    .slice(requests.indexOf(failed) + 1)
    .filter((request) => NO_VALUE.test(decodeURIComponent(plain(target(request)))))
  if (calls.length === 0) return []
  const text = `${failed.id} created no user, and ${calls[0]!.id} went on with ${calls[0]!.method} ${target(calls[0]!)}`
  return [
    { id: 'called-after-giving-up', text, requests: [failed.id, ...calls.map(({ id }) => id)] },
  ]
}

/**
 * Prepares a target for decoding: escapes a `%` that begins no escape, and removes escapes of bytes
 * beyond ASCII.
 */
function plain(text: string): string {
  return text.replaceAll(/%(?![0-9a-f]{2})/gi, '%25').replaceAll(/%[89a-f][0-9a-f]/gi, '')
}

const REDACTED = '[redacted]'
const NO_CONTRACT: { readonly query: readonly string[] } = { query: [] }

/** Secrets in a URL for which the contract has no parameter. */
function misplacedSecrets({ requests }: Observation, { contracts }: Judgement): readonly Finding[] {
  const found = requests.flatMap((request) => {
    const { query: known } = contracts[operationKey(request) ?? ''] ?? NO_CONTRACT
    const names = (request.query ?? '')
      .split('&')
      .filter((part) => part.includes(REDACTED))
      .map((part) => part.split('=')[0]!.toLowerCase())
      .filter((name) => !known.includes(name))
    if (request.path?.includes(REDACTED)) names.push('path')
    return names.length > 0 ? [{ request, name: names[0]! }] : []
  })
  const [first] = found
  if (first === undefined) return []
  const place = first.name === 'path' ? 'its path' : `its query, as ${first.name}`
  const text = `${first.request.id} has a secret in ${place}; URLs end up in logs`
  return [{ id: 'secret-misplaced', text, requests: found.map(({ request }) => request.id) }]
}
