import type { Operation, Tools } from '../../core/api.ts'
import { duplicate, invalid, type Violation } from '../../core/problem.ts'
import { freeDraw, type Collection, type Row, type State } from '../../core/store/state.ts'
import type { User, UserCreated } from './contract.gen.ts'
import { fixturesIn, type Named } from './fixtures.ts'

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

/**
 * Creates a user. The page answers a created user with 200, not 201; `Id` and `Status` come from
 * the server.
 */
export const createUser: Operation = (call, state, tools) => {
  const users = state.collection<StoredUser>('formsonfire.users')
  const given = call.body as User // the contract has checked it
  const companyId = call.caller as number // what authorize returned
  const { folders, groups } = fixturesIn(tools)
  const unknown: Violation[] = []
  const lists = {
    folders: resolved('Folders', given, folders, unknown),
    groups: resolved('Groups', given, groups, unknown),
  }
  if (unknown.length > 0) call.refuseIfStrict(invalid(unknown))
  const { id } = freeDraw(users, 'formsonfire.user', tools.fake)
  const user = userFrom(id, given, companyId, tools, lists)
  refuseDuplicate(users, user)
  users.insert(user)
  const body: UserCreated = { User: { Id: user.id, Status: 'Invited' } }
  return { status: 200, body, created: user.id }
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
  lists: { folders: readonly string[]; groups: readonly string[] },
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

/** The body of a create call for this user. */
export function bodyFromRow(row: Row): Readonly<Record<string, unknown>> {
  const { given, companyId } = row as StoredUser // of this slice's table
  return { ...given, CompanyId: companyId }
}

/** The user with the fields of this body, which the contract has checked. */
export function changeRow(
  row: Row,
  body: Readonly<Record<string, unknown>>,
  _state: State,
  tools: Tools,
): StoredUser {
  const user = row as StoredUser // of this slice's table
  const given = body as unknown as User // the contract has checked it
  const { folders, groups } = fixturesIn(tools)
  const lists = {
    folders: resolved('Folders', given, folders, []),
    groups: resolved('Groups', given, groups, []),
  }
  const changed = userFrom(user.id, given, user.companyId, tools, lists)
  return { ...changed, status: user.status, invited: user.invited, createdAt: user.createdAt }
}

/** Assumed: 400, since the vendor lists no 409. */
function refuseDuplicate(users: Collection<StoredUser>, user: StoredUser): void {
  const taken = [
    ...(users.find('email', user.email) ? ['Email'] : []),
    ...(user.externalKey && users.find('externalKey', user.externalKey) ? ['ExternalId'] : []),
  ]
  if (taken.length > 0) throw duplicate(taken)
}

/**
 * Resolves the entries of a list to ids: by GUID, or by name or external id where the request says
 * so.
 *
 * @param unknown receives a violation for each entry that does not exist
 */
function resolved(
  list: 'Folders' | 'Groups',
  given: User,
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
