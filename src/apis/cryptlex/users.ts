import type { Call } from '../../core/call.ts'
import type { Event, Operation, Tools } from '../../core/api.ts'
import { freeDraw, type Collection, type Row, type State } from '../../core/store/state.ts'
import type { NewUser, Organization, User } from './contract.gen.ts'
import { knownOf } from './fixtures.ts'
import { refusal } from './refusals.ts'
import { timestamp } from './time.ts'
import { EVENTS } from './webhooks.ts'

/** The organization is kept once, not in each of its users. */
interface KeptUser extends Omit<User, 'organization'> {
  readonly resellerId: string
  readonly allowCustomerPortalAccess: boolean
}
interface KeptOrganization extends Organization {
  readonly resellerId: string
}
interface KeptReseller extends Row {
  readonly createdAt: string
}

/** Reserved names (public) that a reseller may give to its users. */
const ROLES = ['user', 'organization-admin', 'reseller-admin']

/** Creates a reseller user, and the reseller and the organization when they are new. */
export const createResellerUser: Operation = (call, state, tools) => {
  const users = state.collection<KeptUser>('cryptlex.users')
  const given = call.body as NewUser // the contract has checked it
  const resellerId = call.params['resellerId']!
  keepReseller(call, resellerId, state, tools)
  refuseRole(call, given, tools)
  // Absent, null and the empty text that the page allows all mean: none.
  const organizationId = given.organizationId || null
  const organization = organizationId
    ? keepOrganization(call, organizationId, resellerId, state, tools)
    : null
  if (users.find('email', given.email)) throw refusal('user.duplicate')
  const user = userFrom(users, given, resellerId, organization?.id ?? null, tools)
  users.insert(user)
  const headers = {
    Location: `${call.base}/v3/resellers/${encodeURIComponent(Buffer.from(resellerId).toString())}/users/${user.id}`,
  }
  const body = answered(user, organization)
  const events = [{ name: EVENTS.created, data: { ...body }, triggeredAt: user.createdAt }]
  return { status: 201, body, headers, created: user.id, events }
}

/** @param row one of `cryptlex.users` */
export function nameIn(row: Row): string {
  const { firstName, lastName } = row as Partial<KeptUser> // a state that was put may lack them
  return [firstName, lastName].filter(Boolean).join(' ')
}

/** What is kept of the request; the password is not. */
function userFrom(
  users: Collection<KeptUser>,
  given: NewUser,
  resellerId: string,
  organizationId: string | null,
  tools: Tools,
): KeptUser {
  const { fake, id } = freeDraw(users, 'cryptlex.user', tools.fake)
  const now = tools.clock.now()
  const drawn = fake.number.int({ max: 890_999 })
  const ticks = Math.floor(drawn / 99)
  return {
    id,
    createdAt: timestamp(now, ticks),
    // Public: on a new user the two differ by ticks.
    updatedAt: timestamp(now, ticks + 1 + (drawn % 99)),
    ...kept(given),
    twoFactorEnabled: false,
    googleSsoEnabled: false,
    lastLoginAt: null,
    organizationId,
    resellerId,
  }
}

/** What a create call for this user would send; its password is not kept. */
export function givenOf(row: Row): Readonly<Record<string, unknown>> {
  const user = row as KeptUser // of this slice's table
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

/** The user with what this body says, which the contract has checked. */
export function changedUser(
  row: Row,
  body: Readonly<Record<string, unknown>>,
  state: State,
  tools: Tools,
): KeptUser {
  const user = row as KeptUser // of this slice's table
  const given = body as unknown as NewUser // the contract has checked it
  const organizationId = given.organizationId || null
  if (organizationId) organizationFor(organizationId, user.resellerId, state, tools)
  return {
    ...user,
    updatedAt: timestamp(tools.clock.now(), 0),
    ...kept(given),
    organizationId,
  }
}

/** Assumed: that these events are told, and that they tell the user as it is, or last was. */
export function userEvents(
  what: 'updated' | 'deleted',
  row: Row,
  state: State,
  tools: Tools,
): readonly Event[] {
  const user = row as KeptUser // of this slice's table
  const organization = user.organizationId
    ? organizationFor(user.organizationId, user.resellerId, state, tools)
    : null
  const triggeredAt = timestamp(tools.clock.now(), 0)
  return [{ name: EVENTS[what], data: { ...answered(user, organization) }, triggeredAt }]
}

/** What is kept of a request as it is. */
function kept(given: NewUser) {
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

/** The keys in the page's order, all of them always there. */
function answered(user: KeptUser, organization: Organization | null): User {
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

function keepReseller(call: Call, id: string, state: State, tools: Tools): void {
  const resellers = state.collection<KeptReseller>('cryptlex.resellers')
  const known = knownOf(tools).resellers.get(id)
  if (!known) {
    call.refuseIfStrict(refusal('reseller.unknown'))
  }
  if (known?.allowedUsers !== undefined) {
    refuseMore(call, known.allowedUsers, 'resellerId', id, state)
  }
  if (!resellers.get(id)) {
    resellers.insert({ id, createdAt: timestamp(tools.clock.now(), 0) })
  }
}

function keepOrganization(
  call: Call,
  id: string,
  resellerId: string,
  state: State,
  tools: Tools,
): Organization {
  const known = knownOf(tools).organizations.get(id)
  if (known?.resellerId !== resellerId) {
    call.refuseIfStrict(refusal('organization.unknown'))
  }
  if (known?.allowedUsers !== undefined) {
    refuseMore(call, known.allowedUsers, 'organizationId', id, state)
  }
  return organizationFor(id, resellerId, state, tools)
}

/** The organization of this id, made when it is first met. */
function organizationFor(id: string, resellerId: string, state: State, tools: Tools): Organization {
  const organizations = state.collection<KeptOrganization>('cryptlex.organizations')
  const found = organizations.get(id)
  if (found) return shown(found)
  const made = organizationFrom(id, knownOf(tools).organizations.get(id)?.allowedUsers, tools)
  organizations.insert({ ...made, resellerId })
  return made
}

function refuseMore(
  call: Call,
  allowed: number,
  field: 'resellerId' | 'organizationId',
  id: string,
  state: State,
): void {
  if (state.collection<KeptUser>('cryptlex.users').count(field, id) < allowed) return
  call.refuseIfStrict(refusal('users.limit-reached'))
}

/** Made up from the organization's id, so that the same id is the same organization everywhere. */
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

function shown({ resellerId: _, ...organization }: KeptOrganization): Organization {
  return organization
}

/** Assumed: which roles a reseller may give, from the vendor's words about customer-type users. */
function refuseRole(call: Call, { role, organizationId }: NewUser, tools: Tools): void {
  if (role === 'admin' || role === 'super-admin') call.refuseIfStrict(refusal('role.forbidden'))
  else if (!ROLES.includes(role) && !knownOf(tools).roles.has(role)) {
    call.refuseIfStrict(refusal('role.unknown'))
  } else if (role === 'organization-admin' && !organizationId) {
    call.refuseIfStrict(refusal('role.needs-organization'))
  }
}
