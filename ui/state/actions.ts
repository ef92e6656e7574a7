import { signal } from '@preact/signals'
import type { Answers } from '../../src/client/routes.gen.ts'
import {
  callAdmin,
  httpCall,
  Refusal,
  type AdminCall,
  type HttpCall,
  type OperationId,
} from '../api/client.ts'
import { cliFor, typescriptFor } from '../code/code.ts'
import { refresh } from './overview.ts'

/** A call that was made, with the code that makes it again. */
export interface MadeCall extends HttpCall {
  readonly isAdmin: boolean
  readonly cli?: string | undefined
  readonly typescript?: string | undefined
}

/** A message about an action, with its call. */
export interface Notice {
  readonly id: number
  readonly tone: 'ok' | 'bad'
  readonly text: string
  readonly call: MadeCall
  /** A button, for example one that undoes the action. */
  readonly button?: NoticeButton
}

export interface NoticeButton {
  readonly label: string
  readonly run: () => void
}

export const notices = signal<readonly Notice[]>([])
let count = 0
const MAX_NOTICES = 3

export function dismiss(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id)
}

export function notify(
  tone: Notice['tone'],
  text: string,
  call: MadeCall,
  button?: NoticeButton,
): void {
  const notice = { id: ++count, tone, text, call, ...(button ? { button } : {}) }
  notices.value = [...notices.value, notice].slice(-MAX_NOTICES)
}

/** Returns the call of an action in the form in which a notice shows it. */
export function madeCall(call: AdminCall): MadeCall {
  return { ...httpCall(call), isAdmin: true, cli: cliFor(call), typescript: typescriptFor(call) }
}

interface ActOptions {
  readonly button?: NoticeButton | undefined
  readonly refused?: ((refusal: Refusal) => void) | undefined
}

/**
 * Makes a call of the admin API that changes something, and shows a notice with the call. Every
 * action of the dashboard uses this function.
 *
 * @param done text of the notice
 * @param options.button button of the notice, if the call succeeds
 * @param options.refused shows a refusal elsewhere than in a notice, such as beside a field
 * @returns undefined if it was refused; the notice says why
 */
export async function act<Id extends OperationId>(
  call: AdminCall<Id>,
  done: (answer: Answers[Id]) => string,
  { button, refused }: ActOptions = {},
): Promise<Answers[Id] | undefined> {
  try {
    const answer = await callAdmin(call)
    notify('ok', done(answer), madeCall(call), button)
    return answer
  } catch (error) {
    if (refused && error instanceof Refusal) refused(error)
    else notify('bad', messageOf(error), madeCall(call))
    return undefined
  } finally {
    refresh()
  }
}

/**
 * Sends a request to a vendor's API and shows a notice with it. Answers of all statuses are shown.
 */
export async function send(
  call: HttpCall,
  done: (status: number, requestId: string | null) => string,
): Promise<string | undefined> {
  const made = { ...call, isAdmin: false }
  try {
    const { method, url, headers, body } = call
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
    const id = response.headers.get('Standin-Request-Id')
    notify(response.ok ? 'ok' : 'bad', done(response.status, id), made)
    return id ?? undefined
  } catch {
    notify('bad', 'The connection ended without an answer', made)
    return undefined
  } finally {
    refresh()
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
