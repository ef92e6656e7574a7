// Creates and removes users in a system that may fail in any way, without a second user and without
// one that nobody knows of.
import type { Answer } from './http.ts'
import type { Person, System } from './systems.ts'

/** An account as far as it is known. `later`: not possible now, to be tried again. */
export type Account =
  | { readonly state: 'active'; readonly id: string }
  | { readonly state: 'gone' }
  | { readonly state: 'refused' | 'later'; readonly why: string }

const MAX_TRIES = 3
/** Milliseconds before the second try; they double with each further one. */
const FIRST_PAUSE = 40
/** Seconds of Retry-After for which a caller is kept waiting. */
const LONGEST_WAIT = 5

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const isSuccess = ({ status }: Answer) => typeof status === 'number' && status < 300
const isFinal = ({ status }: Answer) =>
  typeof status === 'number' && status >= 300 && status < 500 && ![408, 425, 429].includes(status)
const whyOf = (answer: Answer) =>
  answer.status === 'unknown' ? answer.why : `the answer was ${answer.status}`

/** Waits before the next try: what the API asks for, else longer each time. */
async function waitAfter(answer: Answer, tries: number): Promise<boolean> {
  const seconds = 'retryAfter' in answer ? answer.retryAfter : undefined
  if (seconds !== undefined && seconds > LONGEST_WAIT) return false
  const spread = 0.75 + Math.random() / 2 // so that many clients do not come back together
  await pause(seconds === undefined ? FIRST_PAUSE * 2 ** (tries - 1) * spread : seconds * 1000 + 20)
  return true
}

/** Makes sure that a person has exactly one user. */
export async function ensureUser(system: System, person: Person): Promise<Account> {
  let why = ''
  let renewed = false
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const answer = await system.create(person)
    const id = 'body' in answer && isSuccess(answer) ? system.idIn(answer.body) : undefined
    if (id !== undefined) return { state: 'active', id }
    why = whyOf(answer)
    if (answer.status === 401 && !renewed) {
      renewed = true // the next try reads the credentials again
      continue
    }
    const permitted = isFinal(answer) || tries === MAX_TRIES || (await waitAfter(answer, tries))
    // Whatever the answer was, the user may exist: from this try, or from one whose answer was lost.
    const found = await system.find(person.email)
    if (typeof found === 'object') return { state: 'active', id: found.id }
    if (isFinal(answer)) return { state: 'refused', why }
    if (!permitted) break
  }
  return { state: 'later', why }
}

/** Makes sure that a person has no user. */
export async function ensureNoUser(
  system: System,
  email: string,
  account: Account,
): Promise<Account> {
  if (account.state !== 'active' || !system.remove) return account
  let why = ''
  let renewed = false
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const answer = await system.remove(account.id)
    if (isSuccess(answer)) return { state: 'gone' }
    why = whyOf(answer)
    if (answer.status === 401 && !renewed) {
      renewed = true
      continue
    }
    if (!isFinal(answer) && tries < MAX_TRIES) await waitAfter(answer, tries)
    // A refusal may mean that an earlier try has removed it.
    if ((await system.find(email)) === 'absent') return { state: 'gone' }
    if (isFinal(answer)) return { state: 'refused', why }
  }
  return { state: 'later', why }
}
