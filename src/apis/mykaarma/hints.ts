import type { Call } from '../../core/call.ts'
import type { Clues, Hint } from '../../core/api.ts'
import {
  authorizationHints,
  basicCredentials,
  urlDecoded,
} from '../../core/explain/hints/credentials.ts'
import { hint, duplicateHint } from '../../core/explain/hints/hint-input.ts'
import { listed } from '../../core/words.ts'
import { fixturesIn } from './fixtures.ts'
import { READ, WRITE } from './refusals.ts'

/** Hints for mistakes that only callers of this API make. */
export function hints(call: Call, clues: Clues): readonly Hint[] {
  const { reason = '' } = call.problem ?? {}
  if (reason.startsWith('credentials.')) return credentialHints(call, reason, clues)
  if (reason === 'subscriber.disabled') {
    const text =
      'Use the credentials of another subscriber: the fixtures list this one as disabled.'
    return [hint('subscriber.disabled', text)]
  }
  if (reason === 'scope.missing') {
    const text = `Use a subscriber with the scope ${call.operation?.id === 'getUsersForDealer' ? READ : WRITE}, or add the scope to mykaarma.subscribers[].scopes of the fixtures with PUT /_standin/fixtures.`
    return [hint('scope.missing', text)]
  }
  if (reason === 'user.unknown') {
    const text =
      'Use the userUuid from the answer to a create: GET /manage/v2/user/dealer/{dealerUuid} lists the users of a dealer.'
    return [hint('user.unknown', text)]
  }
  if (call.method === 'DELETE' && !call.operation) {
    const text =
      'Standin has no call that deletes a myKaarma user, since no page of the vendor about one was found. GET /manage/v2/user/dealer/{dealerUuid} lists the users of a dealer; DELETE /_standin/users/mykaarma/{id} removes one from the sandbox.'
    return [hint('delete.not-found', text)]
  }
  const isOneUser = /^\/v2\/user\/partner\/[^/]+$/.test(call.path)
  if (reason === 'method.not-allowed' && call.method === 'GET' && isOneUser) {
    const text =
      'List the users with GET /manage/v2/user/dealer/{dealerUuid}: no page of the vendor describes a call that reads one user, so Standin has none.'
    return [hint('user.no-get', text)]
  }
  if (reason === 'user.duplicate') return duplicates(clues)
  return unknownIds(call, clues)
}

function credentialHints(call: Call, reason: string, clues: Clues): readonly Hint[] {
  const found = authorizationHints(call, 'Basic')
  if (found.length > 0) return found
  const { subscribers } = fixturesIn(clues)
  const { username, password } = basicCredentials(call) ?? { username: '', password: '' }
  if (reason === 'credentials.wrong-password') {
    const matches = (text: string) => subscribers.get(username)?.password.matches(text) ?? false
    const plain = urlDecoded(password)
    if (plain !== undefined && matches(plain)) {
      const text = 'Put the password into the header without URL-encoding (%3A for a colon).'
      return [hint('credentials.url-encoded', text)]
    }
    if (matches(password.trim())) {
      return [hint('credentials.spaces', 'Remove the white space around the password.')]
    }
    const text =
      'Use the password of this subscriber in the fixtures: mykaarma.subscribers[].password.'
    return [hint('credentials.wrong-password', text)]
  }
  if (reason !== 'credentials.unknown-user') return []
  const names = [...subscribers.keys()]
  const corrected = [username.trim(), urlDecoded(username)].find((name) =>
    subscribers.has(name ?? ''),
  )
  const near =
    corrected ?? names.find((name) => name.toLowerCase() === username.trim().toLowerCase())
  const text =
    near === undefined
      ? `Use a subscriber that this sandbox knows: ${listed(names.slice(0, 5), 'or')}. The fixtures can add others.`
      : `Write the user name as ${near}: case, white space and % matter.`
  return [hint('credentials.unknown-user', text)]
}

function duplicates({ state, sent }: Clues): readonly Hint[] {
  const users = state.collection('mykaarma.users')
  return (['username', 'emailAddress'] as const).flatMap((field) => {
    const value = sent[field]
    const row = typeof value === 'string' ? users.find(field, value) : undefined
    return row ? [duplicateHint('mykaarma', field, row.id)] : []
  })
}

/** Ids that are not in the fixtures: `documented` accepts them with a warning, `strict` refuses. */
function unknownIds(call: Call, clues: Clues): readonly Hint[] {
  const { dealers, roles } = fixturesIn(clues)
  const codes = [call.problem?.reason, ...call.warnings.map(({ code }) => code)]
  const known: Readonly<Record<string, readonly [field: string, ids: readonly string[]]>> = {
    'dealer.unknown': ['dealerUUID', [...dealers.keys()]],
    'department.unknown': ['departmentUUID', [...dealers.values()].flat()],
    'role.unknown': ['roleUUID', [...roles]],
  }
  return Object.entries(known).flatMap(([code, [field, ids]]) => {
    if (!codes.includes(code)) return []
    const text = `Use a ${field} of the fixtures, such as ${listed(ids.slice(0, 3), 'or')}, or add yours to them: the strict profile refuses unknown ones.`
    return [hint(code, text)]
  })
}
