import type { Call } from '../../core/call.ts'
import type { Operation, Tools } from '../../core/api.ts'
import { duplicate } from '../../core/problem.ts'
import { freeDraw, type Collection, type Row } from '../../core/store/state.ts'
import type {
  ApiWarning,
  CreateUserResponse,
  DealerUser,
  DealerUsersResponse,
  NewUser,
  UserChanges,
} from './contract.gen.ts'
import { requestId } from './errors.ts'
import { refusal, type Reason } from './refusals.ts'
import { fixturesIn, type Subscriber } from './fixtures.ts'

/**
 * A user as it is stored. The password is not stored, because no answer of the vendor contains it.
 */
export interface User extends Row, Omit<NewUser, 'password'> {
  readonly createdAt: string
  /**
   * Invitation status that the list of users shows: PENDING for a user with an invitation,
   * otherwise INACTIVE.
   */
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

/** Changes a user (Update User for Partner). Assumed: fields that are absent or null stay. */
export const updateUserForPartner: Operation = (call, state, tools) => {
  const users = state.collection<User>('mykaarma.users')
  const user = users.get(call.params['user_uuid'] ?? '')
  if (!user) throw refusal('user.unknown')
  const given = call.body as UserChanges // the contract has checked it
  const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))
  refuseDealerOf(call, user, tools)
  refuseDuplicate(users, changes, user.id)
  users.replace({ ...user, ...changes })
  const body: CreateUserResponse = {
    errors: [],
    warnings: call.strict ? warnings(call, changes) : [],
    apiRequestId: requestId(tools),
    userUuid: user.id,
  }
  return { status: 200, body, changed: { kind: 'updated', id: user.id } }
}

/**
 * Lists the users of a dealer, and the users without a dealer who are in one of its departments.
 */
export const getUsersForDealer: Operation = (call, state, tools) => {
  const dealerUUID = call.params['dealerUuid'] ?? ''
  refuseForeignDealer(call, { dealerUUID }, tools)
  const departments = fixturesIn(tools).dealers.get(dealerUUID) ?? []
  const users = state.collection<User>('mykaarma.users').all()
  const body: DealerUsersResponse = {
    errors: [],
    warnings: [],
    apiRequestId: requestId(tools),
    users: users
      .filter((user) =>
        user.dealerUUID
          ? user.dealerUUID === dealerUUID
          : departments.includes(user.departmentUUID ?? ''),
      )
      .map(listedUser),
  }
  return { status: 200, body }
}

/**
 * Returns a user with the field names of the list. Assumed: all values that cannot be set by a
 * create or an update.
 */
function listedUser(user: User): DealerUser {
  const isInvited = user.latestInviteStatus === 'PENDING'
  return {
    firstName: user.firstName ?? null,
    lastName: user.lastName ?? null,
    userName: user.username ?? null,
    email: user.emailAddress ?? null,
    phone: user.phone ?? null,
    textNumber: user.textNumber ?? null,
    nickName: user.nickName ?? null,
    uuid: user.id,
    passwordExpires: null,
    forcePasswordChange: false,
    latestInviteStatus: user.latestInviteStatus ?? null,
    latestInviteDate: isInvited ? user.createdAt : null,
    latestInviteUUID: null,
    isValid: true,
    lastLoginTimestamp: null,
    userRolloutStage: null,
  }
}

/** Refuses the update of a user whose dealer the caller may not use. */
function refuseDealerOf(call: Call, user: User, tools: Tools): void {
  const granted = (call.caller as Subscriber).dealers // what authorize returned
  if (!granted) return
  const { dealers } = fixturesIn(tools)
  const owner = [...dealers].find(([, list]) => list.includes(user.departmentUUID ?? ''))?.[0]
  const dealer = user.dealerUUID ?? owner
  if (dealer && !granted.includes(dealer)) call.refuseIfStrict(refusal('dealer.not-granted'))
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

/**
 * Refuses a user name or address that another user has. Assumed: 400, since the page lists no 409.
 */
function refuseDuplicate(users: Collection<User>, given: NewUser, except?: string): void {
  const taken = (['username', 'emailAddress'] as const).filter((field) => {
    const value = given[field]
    const owner = value ? users.find(field, value) : undefined
    return owner !== undefined && owner.id !== except
  })
  if (taken.length > 0) throw duplicate(taken)
}

/**
 * Returns the warnings of an answer. The array `warnings` is documented; when it has an entry is
 * assumed.
 */
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
