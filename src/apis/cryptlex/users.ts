import type { Call } from '../../core/call.ts'
import type { Event, Operation, Tools } from '../../core/api.ts'
import { freeDraw, type Collection, type Row, type State } from '../../core/store/state.ts'
import type { NewUser, Organization, User } from './contract.gen.ts'
import { fixturesIn } from './fixtures.ts'
import { refusal } from './refusals.ts'
import { timestamp } from './time.ts'
import { EVENTS } from './webhooks.ts'

/** A user as it is stored: with the id of its organization, which has a table of its own. */
interface StoredUser extends Omit<User, 'organization'> {
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
  const users = state.collection<StoredUser>('cryptlex.users')
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

/** The body of a create call for this user, with a made-up password: passwords are not stored. */
export function bodyFromRow(row: Row): Readonly<Record<string, unknown>> {
  const user = row as StoredUser // of this slice's table
  return {
    firstName: user.firstName,
    lastName: user.lastName,
    email: user.email,
    role: user.role,
    company: user.company,
    organizationId: user.organizationId,
    allowCustomerPortalAccess: user.allowCustomerPortalAccess,
    password: 'is-not-kept',
  }
}

/** The user with the fields of this body, which the contract has checked. */
export function changeRow(
  row: Row,
  body: Readonly<Record<string, unknown>>,
  state: State,
  tools: Tools,
): StoredUser {
  const user = row as StoredUser // of this slice's table
  const given = body as unknown as NewUser // the contract has checked it
  const organizationId = given.organizationId || null
  if (organizationId) organizationFor(organizationId, user.resellerId, state, tools)
  return {
    ...user,
    updatedAt: timestamp(tools.clock.now(), 0),
    ...storedFields(given),
    organizationId,
  }
}

/** Assumed: that these events exist, with the user as it is, or as it was before its removal. */
export function userEvents(
  change: 'updated' | 'deleted',
  row: Row,
  state: State,
  tools: Tools,
): readonly Event[] {
  const user = row as StoredUser // of this slice's table
  const organization = user.organizationId
    ? organizationFor(user.organizationId, user.resellerId, state, tools)
    : null
  const triggeredAt = timestamp(tools.clock.now(), 0)
  return [{ name: EVENTS[change], data: { ...answerFor(user, organization) }, triggeredAt }]
}

/** The fields of a request that are stored unchanged. */
function storedFields(given: NewUser) {
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
): Organization {
  const known = fixturesIn(tools).organizations.get(id)
  if (known?.resellerId !== resellerId) {
    call.refuseIfStrict(refusal('organization.unknown'))
  }
  if (known?.allowedUsers !== undefined) {
    refuseBeyondLimit(call, known.allowedUsers, 'organizationId', id, state)
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
): void {
  if (state.collection<StoredUser>('cryptlex.users').count(field, id) < allowed) return
  call.refuseIfStrict(refusal('users.limit-reached'))
}

/** Generates an organization from its id alone, so that every sandbox has the same one. */
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
function refuseRole(call: Call, { role, organizationId }: NewUser, tools: Tools): void {
  if (role === 'admin' || role === 'super-admin') call.refuseIfStrict(refusal('role.forbidden'))
  else if (!ROLES.includes(role) && !fixturesIn(tools).roles.has(role)) {
    call.refuseIfStrict(refusal('role.unknown'))
  } else if (role === 'organization-admin' && !organizationId) {
    call.refuseIfStrict(refusal('role.needs-organization'))
  }
}
