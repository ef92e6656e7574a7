import type { Operation, Tools } from '../../core/api.ts'
import { duplicate, invalid, type Violation } from '../../core/problem.ts'
import { freeDraw, type Collection, type Row, type State } from '../../core/store/state.ts'
import type { User, UserCreated } from './contract.gen.ts'
import { knownOf, type Named } from './fixtures.ts'

/** A created user. Credentials and the password are not kept. */
interface KeptUser extends Row {
  readonly companyId: number
  readonly email: string
  /** `companyId:externalId`: one company's ids mean nothing in another. */
  readonly externalKey?: string
  readonly status: 'Invited'
  readonly websiteRole?: string
  readonly folders: readonly string[]
  readonly groups: readonly string[]
  /** Whether the platform would have sent the invitation mail. */
  readonly invited: boolean
  readonly createdAt: string
  readonly given: Omit<User, 'CompanyId' | 'IntegrationKey' | 'Password'>
}

const NO_GUID = /^\{?0{8}-?(0{4}-?){3}0{12}\}?$/
const WEBSITE_ROLES = ['ReadOnly', 'User', 'Admin', 'EnterpriseAdmin', 'VendorAdmin', 'SuperAdmin']

/** POST User. A created user is answered with 200, not 201; `Id` and `Status` are the server's. */
export const createUser: Operation = (call, state, tools) => {
  const users = state.collection<KeptUser>('formsonfire.users')
  const given = call.body as User // the contract has checked it
  const companyId = call.caller as number // what authorize returned
  const { folders, groups } = knownOf(tools)
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
  const { given } = row as Partial<KeptUser> // a state that was put may lack it
  return [given?.FirstName, given?.LastName].filter(Boolean).join(' ')
}

function userFrom(
  id: string,
  { CompanyId: _, IntegrationKey: __, Password: ___, ...given }: User,
  companyId: number,
  tools: Tools,
  lists: { folders: readonly string[]; groups: readonly string[] },
): KeptUser {
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

/** What a create call for this user would send. */
export function givenOf(row: Row): Readonly<Record<string, unknown>> {
  const { given, companyId } = row as KeptUser // of this slice's table
  return { ...given, CompanyId: companyId }
}

/** The user with what this body says, which the contract has checked. */
export function changedUser(
  row: Row,
  body: Readonly<Record<string, unknown>>,
  _state: State,
  tools: Tools,
): KeptUser {
  const user = row as KeptUser // of this slice's table
  const given = body as unknown as User // the contract has checked it
  const { folders, groups } = knownOf(tools)
  const lists = {
    folders: resolved('Folders', given, folders, []),
    groups: resolved('Groups', given, groups, []),
  }
  const made = userFrom(user.id, given, user.companyId, tools, lists)
  return { ...made, status: user.status, invited: user.invited, createdAt: user.createdAt }
}

/** Assumed: 400, since the vendor lists no 409. */
function refuseDuplicate(users: Collection<KeptUser>, user: KeptUser): void {
  const taken = [
    ...(users.find('email', user.email) ? ['Email'] : []),
    ...(user.externalKey && users.find('externalKey', user.externalKey) ? ['ExternalId'] : []),
  ]
  if (taken.length > 0) throw duplicate(taken)
}

/**
 * Ids of what a list names: by GUID, or by name or external id where the request says so.
 *
 * @param unknown gets what names nothing
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
