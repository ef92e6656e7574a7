import type { CallParts, Operation, Reply, Tools } from '../../core/api.ts'
import type { Call } from '../../core/call.ts'
import { duplicate, invalid, type Violation } from '../../core/problem.ts'
import { freeDraw, type Collection, type Row, type State } from '../../core/store/state.ts'
import type {
  CreatedUser,
  FoundUser,
  User,
  UserCreated,
  UserDeleted,
  UserFound,
  UsersFound,
  UserToDelete,
  UserUpdate,
} from './contract.gen.ts'
import { fixturesIn, type Named } from './fixtures.ts'
import { refusal } from './refusals.ts'

/** A user as it is stored, without credentials and password. */
interface StoredUser extends Row {
  readonly companyId: number
  readonly email: string
  /** `companyId:externalId`: external ids are unique within a company. */
  readonly externalKey?: string
  readonly status: 'Invited'
  readonly websiteRole?: string
  readonly folders: readonly string[]
  readonly groups: readonly string[]
  /** True where the platform would have sent the invitation mail. */
  readonly invited: boolean
  readonly createdAt: string
  readonly given: Omit<User, 'CompanyId' | 'IntegrationKey' | 'Password'>
}

const NO_GUID = /^\{?0{8}-?(0{4}-?){3}0{12}\}?$/
const WEBSITE_ROLES = ['ReadOnly', 'User', 'Admin', 'EnterpriseAdmin', 'VendorAdmin', 'SuperAdmin']

// --- operations --------------------------------------------------------------------------------

/**
 * Creates a user. The page answers a created user with 200, not 201; `Id` and `Status` come from
 * the server.
 */
export const createUser: Operation = (call, state, tools) => {
  const users = usersIn(state)
  const given = call.body as User // the contract has checked it
  const lists = listsFor(call, given, tools)
  const { id } = freeDraw(users, 'formsonfire.user', tools.fake)
  const user = userFrom(id, given, companyOf(call), tools, lists)
  refuseDuplicate(users, user)
  users.insert(user)
  return { ...answerFor(user), created: user.id }
}

/** Returns one user of the company, by the first of `Id`, `Email` and `ExternalId` that is given. */
export const getUser: Operation = (call, state, tools) => {
  const [id, email, externalId] = ['Id', 'Email', 'ExternalId'].map((name) => call.query.get(name))
  const users = usersIn(state)
  const company = companyOf(call)
  if (!id && !email && !externalId) throw refusal('user.unnamed')
  const user = id
    ? userOf(users, id)
    : email
      ? users.find('email', email)
      : users.find('externalKey', `${company}:${externalId}`)
  const body: UserFound = { User: shownUser(ofCompany(user, company), call, tools) }
  return { status: 200, body }
}

const DEFAULT_PAGE_SIZE = 250

/** Returns a page of the users of the company that match all parameters, oldest first. */
export const searchUsers: Operation = (call, state, tools) => {
  const { query } = call
  if (!['Name', 'Email', 'ExternalId'].some((name) => query.has(name))) {
    throw refusal('search.empty')
  }
  if (query.get('IncludeDeletedUserAudits') === 'true') {
    call.warn('audits.none', 'The sandbox has no audits of deleted users, so none are included')
  }
  const [name, email, externalId, status] = ['Name', 'Email', 'ExternalId', 'Status'].map((field) =>
    query.get(field)?.toLowerCase(),
  )
  const company = companyOf(call)
  const found = usersIn(state)
    .all()
    .filter(
      (user) =>
        user.companyId === company &&
        (name === undefined || nameIn(user).toLowerCase().includes(name)) &&
        (email === undefined || user.email.toLowerCase().includes(email)) &&
        (externalId === undefined || user.given.ExternalId?.toLowerCase() === externalId) &&
        (status === undefined || user.status.toLowerCase() === status),
    )
  const size = Number(query.get('PageSize') ?? DEFAULT_PAGE_SIZE)
  const start = Number(query.get('PageNo') ?? 0) * size
  const body: UsersFound = {
    Users: found.slice(start, start + size).map((user) => shownUser(user, call, tools)),
  }
  return { status: 200, body }
}

/** Updates a user. Assumed: fields that are absent stay, and so does the status. */
export const updateUser: Operation = (call, state, tools) => {
  const users = usersIn(state)
  const given = call.body as UserUpdate // the contract has checked it
  const user = ofCompany(userOf(users, given.Id), companyOf(call))
  const sent = listsFor(call, given, tools)
  const lists = {
    folders: given.Folders ? sent.folders : user.folders,
    groups: given.Groups ? sent.groups : user.groups,
  }
  const updated = userFrom(user.id, merged(user, given, lists), user.companyId, tools, lists)
  const changed = {
    ...updated,
    status: user.status,
    invited: user.invited,
    createdAt: user.createdAt,
  }
  refuseDuplicate(users, changed)
  users.replace(changed)
  return { ...answerFor(changed), changed: { kind: 'updated', id: user.id } }
}

/** Deletes a user at once. Fields other than its id and the credentials are ignored (public). */
export const deleteUser: Operation = (call, state) => {
  const users = usersIn(state)
  const { Id } = (call.body ?? {}) as UserToDelete // the contract has checked it
  const id = call.query.get('Id') ?? Id
  if (!id) throw invalid([{ part: 'body', at: ['Id'], rule: 'required' }])
  const user = ofCompany(userOf(users, id), companyOf(call))
  users.remove(user.id)
  const body: UserDeleted = {}
  return { status: 200, body, changed: { kind: 'deleted', id: user.id } }
}

// --- parts of operations -----------------------------------------------------------------------

function usersIn(state: State): Collection<StoredUser> {
  return state.collection<StoredUser>('formsonfire.users')
}

function companyOf(call: Call): number {
  return call.caller as number // what authorize returned
}

/** @throws Problem for a user that does not exist or belongs to another company */
function ofCompany(user: StoredUser | undefined, company: number): StoredUser {
  if (user?.companyId !== company) throw refusal('user.unknown')
  return user
}

/**
 * Returns the user with this id, which is a GUID in any form, or any text if a test has replaced
 * the state.
 */
function userOf(users: Collection<StoredUser>, id: string): StoredUser | undefined {
  return users.get(dashed(id)) ?? users.get(id)
}

/** A GUID in the form of the stored ids: dashed, in lower case. Other text stays as it is. */
function dashed(id: string): string {
  const hex = id.replaceAll(/[{}\s-]/g, '').toLowerCase()
  const parts = /^([\da-f]{8})([\da-f]{4})([\da-f]{4})([\da-f]{4})([\da-f]{12})$/.exec(hex)
  return parts ? parts.slice(1).join('-') : id
}

function answerFor({ id, status }: StoredUser): Reply {
  const User: CreatedUser = { Id: id, Status: status }
  const body: UserCreated = { User }
  return { status: 200, body }
}

/**
 * Returns the fields of a user after an update. Folders and groups are stored as ids, so the
 * switches `UseNames` and `UseExternalIds` of the request are left out. A list that is not sent
 * keeps its entries.
 */
function merged(user: StoredUser, { Id: _, ...sent }: UserUpdate, lists: IdsOfLists): User {
  const given = { ...givenOf(user), ...withoutEmpty(sent) }
  const { UseNames: __, UseExternalIds: ___, ...fields } = given
  return {
    ...fields,
    ...(fields.Folders ? { Folders: [...lists.folders] } : {}),
    ...(fields.Groups ? { Groups: [...lists.groups] } : {}),
  }
}

/**
 * Returns the fields as they were sent. A user from a state that a test has replaced may have only
 * an address.
 */
function givenOf({ given, email }: StoredUser): StoredUser['given'] {
  const stored: StoredUser['given'] | undefined = given // see above
  return stored ?? ({ Email: email } as StoredUser['given']) // as incomplete as the state
}

/** Removes fields that are null, which count as not sent. */
function withoutEmpty(fields: Omit<UserUpdate, 'Id'>): Partial<User> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null))
}

/** The user as it is returned: without password, credentials and switches of the request. */
function shownUser(user: StoredUser, { query }: Call, tools: Tools): FoundUser {
  const { folders, groups } = fixturesIn(tools)
  const { ColorCode, Country, ExternalId, FirstName, LastName, Metadata, TimeZone, Type } =
    user.given
  const shown = (ids: readonly string[], known: readonly Named[]) =>
    ids.map((id) => {
      const entry = known.find((one) => one.id === id)
      if (query.get('UseNames') === 'true') return entry?.name ?? id
      return query.get('UseExternalIds') === 'true' ? (entry?.externalId ?? id) : id
    })
  const fields = {
    ColorCode,
    Country,
    Email: user.email,
    ExternalId,
    FirstName,
    Folders: shown(user.folders, folders),
    Groups: shown(user.groups, groups),
    Id: user.id,
    LastName,
    Metadata,
    Status: user.status,
    TimeZone,
    Type,
    WebsiteRole: user.websiteRole,
  }
  // Inferred: the framework leaves out members that are null, and stored fields may be null.
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as unknown as FoundUser // Id and Status are never absent
}

/** @param row one of `formsonfire.users` */
export function nameIn(row: Row): string {
  const { given } = row as Partial<StoredUser> // a state that a test put may lack it
  return [given?.FirstName, given?.LastName].filter(Boolean).join(' ')
}

function userFrom(
  id: string,
  { CompanyId: _, IntegrationKey: __, Password: ___, ...given }: User,
  companyId: number,
  tools: Tools,
  lists: IdsOfLists,
): StoredUser {
  const { ExternalId, WebsiteRole } = given
  const role = WEBSITE_ROLES.find((name) => name.toLowerCase() === WebsiteRole?.toLowerCase())
  return {
    id,
    companyId,
    email: given.Email,
    ...(ExternalId ? { externalKey: `${companyId}:${ExternalId}` } : {}),
    status: 'Invited',
    ...(WebsiteRole ? { websiteRole: role ?? WebsiteRole } : {}),
    ...lists,
    invited: given.DoNotEmail !== true,
    createdAt: new Date(tools.clock.now()).toISOString(),
    given,
  }
}

/** Returns a call on an existing user, with these fields in its body. */
export function callOnUser(row: Row, fields: Readonly<Record<string, unknown>>): CallParts {
  const { id, companyId } = row as StoredUser // of this slice's table
  return { caller: companyId, body: { ...fields, Id: id } }
}

/** Assumed: 400, since the vendor lists no 409. */
function refuseDuplicate(users: Collection<StoredUser>, user: StoredUser): void {
  const isTaken = (column: string, value: string | undefined) => {
    const found = value === undefined ? undefined : users.find(column, value)
    return found !== undefined && found.id !== user.id
  }
  const taken = [
    ...(isTaken('email', user.email) ? ['Email'] : []),
    ...(isTaken('externalKey', user.externalKey) ? ['ExternalId'] : []),
  ]
  if (taken.length > 0) throw duplicate(taken)
}

/** The ids of the sent folders and groups. Assumed: `strict` refuses those that do not exist. */
function listsFor(call: Call, given: ListsOfUser, tools: Tools) {
  const { folders, groups } = fixturesIn(tools)
  const unknown: Violation[] = []
  const lists = {
    folders: resolved('Folders', given, folders, unknown),
    groups: resolved('Groups', given, groups, unknown),
  }
  if (unknown.length > 0) call.refuseIfStrict(invalid(unknown))
  return lists
}

interface IdsOfLists {
  readonly folders: readonly string[]
  readonly groups: readonly string[]
}

/**
 * The folders and groups in a request, and the switches that say whether they are names or external
 * ids.
 */
type ListsOfUser = {
  readonly [Name in 'Folders' | 'Groups' | 'UseNames' | 'UseExternalIds']?: User[Name] | undefined
}

/**
 * Resolves the entries of a list to ids. The entries are GUIDs, unless the request declares them as
 * names or external ids.
 *
 * @param unknown receives a violation for each entry that does not exist
 */
function resolved(
  list: 'Folders' | 'Groups',
  given: ListsOfUser,
  known: readonly Named[],
  unknown: Violation[],
): string[] {
  return (given[list] ?? []).flatMap((item, i) => {
    if (NO_GUID.test(item)) return []
    const plain = item.replaceAll(/[{}-]/g, '').toLowerCase()
    const found = known.find(({ id, name, externalId }) =>
      given.UseNames
        ? name === item
        : given.UseExternalIds
          ? externalId === item
          : id.replaceAll('-', '').toLowerCase() === plain,
    )
    if (!found) unknown.push({ part: 'body', at: [list, i], rule: 'known' })
    return [found?.id ?? item]
  })
}
