import type { Call } from '../../core/call.ts'
import type { CallParts, Operation, Tools } from '../../core/api.ts'
import { freeDraw, type Collection, type Row, type State } from '../../core/store/state.ts'
import type { NewUser, Organization, User, UserChanges } from './contract.gen.ts'
import { fixturesIn } from './fixtures.ts'
import { refusal } from './refusals.ts'
import { timeAfter, timestamp } from './time.ts'
import { EVENTS } from './webhooks.ts'

/** A user as it is stored. It has the id of its organization, which is stored in another table. */
export interface StoredUser extends Omit<User, 'organization'> {
  readonly resellerId: string
  readonly allowCustomerPortalAccess: boolean
}
interface StoredOrganization extends Organization {
  readonly resellerId: string
}
interface StoredReseller extends Row {
  readonly createdAt: string
}

/** Reserved names (public) that a reseller may give to its users. */
const ROLES = ['user', 'organization-admin', 'reseller-admin']

/** Creates a reseller user, and the reseller and the organization when they are new. */
export const createResellerUser: Operation = (call, state, tools) => {
  const users = usersIn(state)
  const given = call.body as NewUser // the contract has checked it
  const resellerId = call.params['resellerId']!
  ensureReseller(call, resellerId, state, tools)
  refuseRole(call, given, tools)
  // The page allows an absent value, null and empty text; all mean no organization.
  const organizationId = given.organizationId || null
  const organization = organizationId
    ? ensureOrganization(call, organizationId, resellerId, state, tools)
    : null
  if (users.find('email', given.email)) throw refusal('user.duplicate')
  const user = userFrom(users, given, resellerId, organization?.id ?? null, tools)
  users.insert(user)
  const headers = {
    Location: `${call.base}/v3/resellers/${encodeURIComponent(Buffer.from(resellerId).toString())}/users/${user.id}`,
  }
  const body = answerFor(user, organization)
  const events = [{ name: EVENTS.created, data: { ...body }, triggeredAt: user.createdAt }]
  return { status: 201, body, headers, created: user.id, events }
}

/** @param row one of `cryptlex.users` */
export function nameIn(row: Row): string {
  const { firstName, lastName } = row as Partial<StoredUser> // a state that a test put may lack them
  return [firstName, lastName].filter(Boolean).join(' ')
}

/** The user to store for a request; its password is not stored. */
function userFrom(
  users: Collection<StoredUser>,
  given: NewUser,
  resellerId: string,
  organizationId: string | null,
  tools: Tools,
): StoredUser {
  const { fake, id } = freeDraw(users, 'cryptlex.user', tools.fake)
  const now = tools.clock.now()
  const drawn = fake.number.int({ max: 890_999 })
  const ticks = Math.floor(drawn / 99)
  return {
    id,
    createdAt: timestamp(now, ticks),
    // Public: on a new user the two differ by ticks.
    updatedAt: timestamp(now, ticks + 1 + (drawn % 99)),
    ...storedFields(given),
    twoFactorEnabled: false,
    googleSsoEnabled: false,
    lastLoginAt: null,
    organizationId,
    resellerId,
  }
}

/**
 * Changes the fields that are sent. Public: the vendor answers an update with no 409. Assumed: 400
 * for a duplicate, and that null empties a field.
 */
export const updateResellerUser: Operation = (call, state, tools) => {
  const users = usersIn(state)
  const user = userFor(call, state)
  const given = call.body as UserChanges // the contract has checked it
  const organizationId =
    given.organizationId === undefined ? user.organizationId : given.organizationId || null
  if (given.role !== undefined || given.organizationId !== undefined) {
    refuseRole(call, { role: given.role ?? user.role, organizationId }, tools)
  }
  const isMoved = organizationId !== null && organizationId !== user.organizationId
  if (isMoved) ensureOrganization(call, organizationId, user.resellerId, state, tools, 400)
  const owner = given.email === undefined ? undefined : users.find('email', given.email)
  if (owner && owner.id !== user.id) throw refusal('user.duplicate', { status: 400 })
  const changed: StoredUser = {
    ...user,
    updatedAt: timeAfter(user.updatedAt, tools.clock.now()),
    ...storedFields({ ...user, ...given }),
    organizationId,
  }
  users.replace(changed)
  const body = userBody(changed, state, tools)
  const events = [{ name: EVENTS.updated, data: { ...body }, triggeredAt: changed.updatedAt }]
  return { status: 200, body, changed: { kind: 'updated', id: user.id }, events }
}

/** Removes a user permanently. The event has the user as it was. */
export const deleteResellerUser: Operation = (call, state, tools) => {
  const user = userFor(call, state)
  const data = { ...userBody(user, state, tools) }
  usersIn(state).remove(user.id)
  const triggeredAt = timestamp(tools.clock.now(), 0)
  const events = [{ name: EVENTS.deleted, data, triggeredAt }]
  return { status: 204, body: undefined, changed: { kind: 'deleted', id: user.id }, events }
}

/** The path parameters of a call on an existing user. */
export function callOnUser(row: Row): CallParts {
  const { id, resellerId } = row as StoredUser // of this slice's table
  return { params: { id, resellerId } }
}

export function usersIn(state: State): Collection<StoredUser> {
  return state.collection<StoredUser>('cryptlex.users')
}

/** @throws Problem 404 user.unknown, also for a user of another reseller */
function userFor(call: Call, state: State): StoredUser {
  const { id, resellerId } = call.params
  const user = usersIn(state).get(id!) // a parameter of the path
  if (user?.resellerId !== resellerId) throw refusal('user.unknown')
  return user!
}

/** The user in the form of answers and events. */
export function userBody(user: StoredUser, state: State, tools: Tools): User {
  const organization = user.organizationId
    ? organizationFor(user.organizationId, user.resellerId, state, tools)
    : null
  return answerFor(user, organization)
}

/** The fields of a request that are stored unchanged. */
function storedFields(given: Omit<NewUser, 'password' | 'organizationId'>) {
  return {
    name: `${given.firstName} ${given.lastName ?? ''}`.trim(),
    firstName: given.firstName,
    lastName: given.lastName ?? null,
    email: given.email,
    role: given.role,
    company: given.company ?? null,
    allowCustomerPortalAccess: given.allowCustomerPortalAccess,
  }
}

/** The user in an answer: the keys in the page's order, each of them always present. */
function answerFor(user: StoredUser, organization: Organization | null): User {
  return {
    id: user.id,
    createdAt: user.createdAt,
    updatedAt: user.updatedAt,
    name: user.name,
    firstName: user.firstName,
    lastName: user.lastName,
    email: user.email,
    role: user.role,
    twoFactorEnabled: user.twoFactorEnabled,
    googleSsoEnabled: user.googleSsoEnabled,
    lastLoginAt: user.lastLoginAt,
    organizationId: user.organizationId,
    organization,
    company: user.company,
  }
}

function ensureReseller(call: Call, id: string, state: State, tools: Tools): void {
  const resellers = state.collection<StoredReseller>('cryptlex.resellers')
  const known = fixturesIn(tools).resellers.get(id)
  if (!known) {
    call.refuseIfStrict(refusal('reseller.unknown'))
  }
  if (known?.allowedUsers !== undefined) {
    refuseBeyondLimit(call, known.allowedUsers, 'resellerId', id, state)
  }
  if (!resellers.get(id)) {
    resellers.insert({ id, createdAt: timestamp(tools.clock.now(), 0) })
  }
}

function ensureOrganization(
  call: Call,
  id: string,
  resellerId: string,
  state: State,
  tools: Tools,
  limitStatus?: number,
): Organization {
  const known = fixturesIn(tools).organizations.get(id)
  if (known?.resellerId !== resellerId) {
    call.refuseIfStrict(refusal('organization.unknown'))
  }
  if (known?.allowedUsers !== undefined) {
    refuseBeyondLimit(call, known.allowedUsers, 'organizationId', id, state, limitStatus)
  }
  return organizationFor(id, resellerId, state, tools)
}

/** The organization of this id, created on its first use. */
function organizationFor(id: string, resellerId: string, state: State, tools: Tools): Organization {
  const organizations = state.collection<StoredOrganization>('cryptlex.organizations')
  const found = organizations.get(id)
  if (found) return withoutReseller(found)
  const organization = organizationFrom(
    id,
    fixturesIn(tools).organizations.get(id)?.allowedUsers,
    tools,
  )
  organizations.insert({ ...organization, resellerId })
  return organization
}

function refuseBeyondLimit(
  call: Call,
  allowed: number,
  field: 'resellerId' | 'organizationId',
  id: string,
  state: State,
  status?: number,
): void {
  // Public: -1 means unlimited.
  if (allowed === -1 || usersIn(state).count(field, id) < allowed) return
  call.refuseIfStrict(refusal('users.limit-reached', status === undefined ? {} : { status }))
}

/**
 * Generates an organization from its id and the seed, so that sandboxes with the same seed have the
 * same one.
 */
function organizationFrom(
  id: string,
  allowedUsers: number | undefined,
  tools: Tools,
): Organization {
  const fake = tools.fake.named('cryptlex.organization', id)
  const now = tools.clock.now()
  const ticks = fake.number.int({ max: 9999 })
  return {
    id,
    createdAt: timestamp(now, ticks),
    updatedAt: timestamp(now, ticks),
    name: fake.company.name(),
    email: fake.internet.exampleEmail().toLowerCase(),
    description: fake.company.catchPhrase(),
    allowedUsers: allowedUsers ?? fake.number.int({ min: 100, max: 1000 }),
    address: {
      addressLine1: fake.location.streetAddress(),
      addressLine2: fake.location.secondaryAddress(),
      city: fake.location.city(),
      state: fake.location.state(),
      country: fake.location.countryCode(),
      postalCode: fake.location.zipCode(),
    },
  }
}

function withoutReseller({ resellerId: _, ...organization }: StoredOrganization): Organization {
  return organization
}

/** Assumed: which roles a reseller may give, from the vendor's page about customer-type users. */
function refuseRole(
  call: Call,
  { role, organizationId }: Pick<NewUser, 'role' | 'organizationId'>,
  tools: Tools,
): void {
  if (role === 'admin' || role === 'super-admin') call.refuseIfStrict(refusal('role.forbidden'))
  else if (!ROLES.includes(role) && !fixturesIn(tools).roles.has(role)) {
    call.refuseIfStrict(refusal('role.unknown'))
  } else if (role === 'organization-admin' && !organizationId) {
    call.refuseIfStrict(refusal('role.needs-organization'))
  }
}
