import { createStrictClient } from './strict-client.ts'
import type { Call, Driver } from './driver.ts'
import type {
  operations as CryptlexOperations,
  paths as CryptlexPaths,
} from './generated/cryptlex.openapi-typescript.ts'
import type {
  operations as FormsOnFireOperations,
  paths as FormsOnFirePaths,
} from './generated/formsonfire.openapi-typescript.ts'
import type {
  operations as MykaarmaOperations,
  paths as MykaarmaPaths,
} from './generated/mykaarma.openapi-typescript.ts'

/** Collects the calls to one API, by the names of its operations. */
function recorder<Operations>() {
  const calls: Call[] = []
  const record = (
    operation: keyof Operations & string,
    { response }: { readonly response: Response },
    read?: unknown,
  ) => void calls.push({ operation, status: response.status, read })
  return { calls, record }
}

export const driver: Driver = {
  mykaarma: async ({ url }) => {
    const { calls, record } = recorder<MykaarmaOperations>()
    const authorized = (name: string) =>
      createStrictClient<MykaarmaPaths>({
        baseUrl: `${url}/manage`,
        headers: { Authorization: `Basic ${btoa(`${name}:${name}-secret`)}` },
      })
    const client = authorized('partner')

    const created = await client.POST('/v2/user/partner', {
      body: {
        dealerUUID: 'dealer-uuid-001',
        departmentUUID: 'department-uuid-001',
        roleUUID: 'role-uuid-001',
        firstName: 'Ada',
        lastName: 'Byron',
        emailAddress: 'ada@example.test',
        username: 'ada.byron',
        password: 'analytical-engine-1',
        userInvite: true,
        sendEmail: true,
        userInviteEmailTemplate: 'SIMPLE',
      },
    })
    record('createUserForPartner', created, created.data?.errors)

    const updated = await client.PUT('/v2/user/partner/{user_uuid}', {
      params: { path: { user_uuid: created.data?.userUuid ?? '' } },
      body: { lastName: 'Lovelace', emailAddress: 'countess@example.test' },
    })
    record('updateUserForPartner', updated, updated.data?.errors)

    const listed = await client.GET('/v2/user/dealer/{dealerUuid}', {
      params: { path: { dealerUuid: 'dealer-uuid-001' }, query: { includeInvalid: true } },
    })
    const users = listed.data?.users.map(({ lastName, email }) => [lastName, email])
    record('getUsersForDealer', listed, users)

    const refused = await authorized('reader').POST('/v2/user/partner', { body: {} })
    record('createUserForPartner', refused, refused.error?.errors[0]?.errorTitle)
    return calls
  },

  cryptlex: async ({ url, receiver, settled }) => {
    const { calls, record } = recorder<CryptlexOperations>()
    const authorized = (token: string) =>
      createStrictClient<CryptlexPaths>({
        baseUrl: `${url}/v3`,
        headers: { Authorization: `Bearer ${token}` },
      })
    const client = authorized('standin-token')
    const webhooks = authorized('standin-token-webhooks')
    const reseller = { resellerId: 'reseller-001' }

    const hook = await webhooks.POST('/webhooks', {
      body: { name: 'crm', url: receiver, token: 'a-secret', events: ['reseller.user.created'] },
    })
    record('createWebhook', hook, hook.data?.events)
    const hookPath = { params: { path: { id: hook.data?.id ?? '' } } }
    const hooks = await webhooks.GET('/webhooks', { params: { query: { page: 1, limit: 10 } } })
    record(
      'listWebhooks',
      hooks,
      hooks.data?.map(({ name }) => name),
    )
    const changed = await webhooks.PATCH('/webhooks/{id}', {
      ...hookPath,
      body: { events: ['reseller.user.created', 'reseller.user.deleted'] },
    })
    record('updateWebhook', changed, changed.data?.events)
    const shown = await webhooks.GET('/webhooks/{id}', hookPath)
    record('getWebhook', shown, shown.data?.events.length)

    const newUser = {
      firstName: 'Ada',
      lastName: 'Byron',
      email: 'ada@example.test',
      role: 'user',
      organizationId: 'organization-001',
      allowCustomerPortalAccess: true,
      password: 'analytical-engine-1',
    }
    const created = await client.POST('/resellers/{resellerId}/users', {
      params: { path: reseller },
      body: newUser,
    })
    record('createResellerUser', created, created.data?.name)
    const taken = await client.POST('/resellers/{resellerId}/users', {
      params: { path: reseller },
      body: newUser,
    })
    record('createResellerUser', taken, typeof taken.error?.code)
    const id = created.data?.id ?? ''
    const updated = await client.PATCH('/resellers/{resellerId}/users/{id}', {
      params: { path: { ...reseller, id } },
      body: { lastName: 'Lovelace', company: 'Analytical Engines' },
    })
    record('updateResellerUser', updated, updated.data?.name)
    const list = () =>
      client.GET('/resellers/{resellerId}/users', {
        params: { path: reseller, query: { id: { eq: id }, email: 'ada@example.test', limit: 5 } },
      })
    const listed = await list()
    record(
      'listResellerUsers',
      listed,
      listed.data?.map(({ company }) => company),
    )
    const removed = await client.DELETE('/resellers/{resellerId}/users/{id}', {
      params: { path: { ...reseller, id } },
    })
    record('deleteResellerUser', removed)
    const empty = await list()
    record('listResellerUsers', empty, empty.data)

    await settled()
    const logs = await webhooks.GET('/webhook-event-logs', {
      params: { query: { webhookId: hook.data?.id ?? '' } },
    })
    record('listWebhookEventLogs', logs, logs.data?.map(({ event }) => event).toSorted())
    record('deleteWebhook', await webhooks.DELETE('/webhooks/{id}', hookPath))
    return calls
  },

  formsonfire: async ({ url }) => {
    const { calls, record } = recorder<FormsOnFireOperations>()
    const client = createStrictClient<FormsOnFirePaths>({
      baseUrl: `${url}/api`,
      headers: { Accept: 'application/json' },
    })
    const keys = { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcdef' }
    const query = { ...keys, CompanyId: '1815' }

    const created = await client.POST('/v2/user', {
      params: { query: { format: 'json' } },
      body: {
        ...keys,
        Email: 'ada@example.test',
        ExternalId: 'ada-1815',
        FirstName: 'Ada',
        LastName: 'Byron',
        WebsiteRole: 'User',
        Folders: ['3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
        Metadata: [{ Key: 'engine', Value: 'analytical' }],
      },
    })
    record('createUser', created, created.data?.User.Status)
    const Id = created.data?.User.Id ?? ''
    const updated = await client.PUT('/v2/user', { body: { ...keys, Id, LastName: 'Lovelace' } })
    record('updateUser', updated, updated.data?.User.Status)
    const shown = await client.GET('/v2/user', { params: { query: { ...query, Id } } })
    record('getUser', shown, [shown.data?.User.LastName, shown.data?.User.Metadata])
    const found = await client.GET('/v2/user/search', {
      params: { query: { ...query, Email: 'ada', PageNo: 0, PageSize: 5 } },
    })
    record(
      'searchUsers',
      found,
      found.data?.Users.map(({ ExternalId }) => ExternalId),
    )
    const deleted = await client.DELETE('/v2/user', { body: { ...keys, Id } })
    record('deleteUser', deleted, deleted.data)
    const gone = await client.GET('/v2/user', { params: { query: { ...query, Id } } })
    record('getUser', gone, gone.error?.ResponseStatus.ErrorCode)
    return calls
  },
}
