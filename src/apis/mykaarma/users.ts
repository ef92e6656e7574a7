import type { Call } from '../../core/call.ts'
import type { Operation, Tools } from '../../core/api.ts'
import { duplicate } from '../../core/problem.ts'
import { freeDraw, type Collection, type Row } from '../../core/store/state.ts'
import type { ApiWarning, CreateUserResponse, NewUser } from './contract.gen.ts'
import { requestId } from './errors.ts'
import { refusal, type Reason } from './refusals.ts'
import { fixturesIn, type Subscriber } from './fixtures.ts'

/** A user as it is stored, without the password: no answer of the vendor has it. */
export interface User extends Row, Omit<NewUser, 'password'> {
  readonly createdAt: string
  /** As the platform shows it later: PENDING with an invitation, INACTIVE without. */
  readonly latestInviteStatus: 'PENDING' | 'INACTIVE'
}

/** Creates a user (Create User for Partner). The page answers a created user with 200, not 201. */
export const createUserForPartner: Operation = (call, state, tools) => {
  const users = state.collection<User>('mykaarma.users')
  const given = call.body as NewUser // the contract has checked it
  refuseForeignDealer(call, given, tools)
  refuseDuplicate(users, given)
  const { id } = freeDraw(users, 'mykaarma.user', tools.fake)
  const user = userFrom(id, given, tools)
  users.insert(user)
  const body: CreateUserResponse = {
    errors: [],
    warnings: call.strict ? warnings(call, given) : [],
    apiRequestId: requestId(tools),
    userUuid: user.id,
  }
  return { status: 200, body, created: user.id }
}

/** @param row one of `mykaarma.users` */
export function nameIn(row: Row): string {
  const { firstName, lastName } = row as Partial<User> // a state that a test put may lack them
  return [firstName, lastName].filter(Boolean).join(' ')
}

function userFrom(id: string, { password: _, ...given }: NewUser, tools: Tools): User {
  return {
    id,
    ...given,
    createdAt: new Date(tools.clock.now()).toISOString(),
    latestInviteStatus: statusOf(given),
  }
}

/** The body of a create call for this user; the page requires no password. */
export function bodyFromRow(row: Row): Readonly<Record<string, unknown>> {
  const { id: _, createdAt: __, latestInviteStatus: ___, ...given } = row as User // of this table
  return given
}

/** The user with the fields of this body, which the contract has checked. */
export function changeRow(row: Row, body: Readonly<Record<string, unknown>>): User {
  const { createdAt } = row as User // of this slice's table
  const { password: _, ...given } = body as NewUser // the contract has checked it
  return { id: row.id, ...given, createdAt, latestInviteStatus: statusOf(given) }
}

function statusOf({ userInvite }: Pick<NewUser, 'userInvite'>): User['latestInviteStatus'] {
  return userInvite ? 'PENDING' : 'INACTIVE'
}

/**
 * Refuses a dealer, department or role that the caller may not use. Public: the caller's rights are
 * checked against dealer and department ids, and a missing right is a 403, never a 404. Assumed:
 * this also holds for creating a user.
 */
function refuseForeignDealer(call: Call, given: NewUser, tools: Tools): void {
  const { dealers, roles } = fixturesIn(tools)
  const granted = (call.caller as Subscriber).dealers // what authorize returned
  const { dealerUUID, departmentUUID, roleUUID } = given
  const refuse = (reason: Reason) => call.refuseIfStrict(refusal(reason))
  const departments = dealerUUID ? dealers.get(dealerUUID) : undefined
  if (dealerUUID && !departments) refuse('dealer.unknown')
  else if (dealerUUID && granted && !granted.includes(dealerUUID)) refuse('dealer.not-granted')
  if (departmentUUID) {
    const [owner] = [...dealers].find(([, list]) => list.includes(departmentUUID)) ?? []
    if (owner === undefined) refuse('department.unknown')
    else if (!dealerUUID && granted && !granted.includes(owner)) refuse('department.not-granted')
    else if (departments && !departments.includes(departmentUUID)) refuse('department.other-dealer')
  }
  if (roleUUID && !roles.has(roleUUID)) refuse('role.unknown')
}

/** Assumed: 400, since the page lists no 409. */
function refuseDuplicate(users: Collection<User>, given: NewUser): void {
  const taken = (['username', 'emailAddress'] as const).filter((field) => {
    const value = given[field]
    return value && users.find(field, value)
  })
  if (taken.length > 0) throw duplicate(taken)
}

/** The warnings of an answer. Assumed: the uses of the documented array `warnings`. */
function warnings(call: Call, given: NewUser): ApiWarning[] {
  const found: ApiWarning[] = []
  const warn = (warningCode: number, warningTitle: string, warningMessage: string) =>
    found.push({ warningCode, warningTitle, warningMessage })
  if (given.userInvite && !given.sendEmail && !given.sendText) {
    warn(100101, 'INVITE_WITHOUT_CHANNEL', 'userInvite needs sendEmail or sendText.')
  }
  if (given.sendEmail && !given.emailAddress) {
    warn(100102, 'INVITE_WITHOUT_ADDRESS', 'sendEmail needs emailAddress.')
  }
  if (given.sendText && !given.textNumber) {
    warn(100102, 'INVITE_WITHOUT_ADDRESS', 'sendText needs textNumber.')
  }
  for (const field of ['phone', 'textNumber'] as const) {
    if (/^\d{10}$/.test(given[field] ?? '')) {
      warn(100103, 'PHONE_NOT_E164', `${field} should be in E.164 form, such as +16305550147.`)
    }
  }
  for (const { code, text } of call.warnings) {
    if (code.startsWith('unknown-field.')) warn(100104, 'UNKNOWN_FIELD', `${text}.`)
  }
  return found
}
