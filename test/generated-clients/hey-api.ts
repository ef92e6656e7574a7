import type { Call, Driver } from './driver.ts'
import { createClient as createCryptlexClient } from './generated/cryptlex.hey-api/client'
import * as cryptlex from './generated/cryptlex.hey-api'
import { createClient as createFormsOnFireClient } from './generated/formsonfire.hey-api/client'
import * as formsonfire from './generated/formsonfire.hey-api'
import { createClient as createMykaarmaClient } from './generated/mykaarma.hey-api/client'
import * as mykaarma from './generated/mykaarma.hey-api'

/** Collects the calls to one API, by the names of its functions. */
function recorder<Sdk>(_sdk: Sdk) {
  const calls: Call[] = []
  const record = (
    operation: keyof Sdk & string,
    // Undefined if no answer arrived.
    { response }: { readonly response?: Response },
    read?: unknown,
  ) => void calls.push({ operation, status: response?.status ?? 0, read })
  return { calls, record }
}

// The generated clients send the credentials where the contract's security schemes say.
export const driver: Driver = {
  mykaarma: async ({ url }) => {
    const { calls, record } = recorder(mykaarma)
    const authorized = (name: string) =>
      createMykaarmaClient({ baseUrl: `${url}/manage`, auth: `${name}:${name}-secret` })
    const client = authorized('partner')

    const created = await mykaarma.createUserForPartner({
      client,
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

    const updated = await mykaarma.updateUserForPartner({
      client,
      path: { user_uuid: created.data?.userUuid ?? '' },
      body: { lastName: 'Lovelace', emailAddress: 'countess@example.test' },
    })
    record('updateUserForPartner', updated, updated.data?.errors)

    const listed = await mykaarma.getUsersForDealer({
      client,
      path: { dealerUuid: 'dealer-uuid-001' },
      query: { includeInvalid: true },
    })
    const users = listed.data?.users.map(({ lastName, email }) => [lastName, email])
    record('getUsersForDealer', listed, users)

    const refused = await mykaarma.createUserForPartner({ client: authorized('reader'), body: {} })
    record('createUserForPartner', refused, refused.error?.errors[0]?.errorTitle)
    return calls
  },

  cryptlex: async ({ url, receiver, settled }) => {
    const { calls, record } = recorder(cryptlex)
    const authorized = (auth: string) => createCryptlexClient({ baseUrl: `${url}/v3`, auth })
    const client = authorized('standin-token')
    const webhooks = { client: authorized('standin-token-webhooks') }

    const hook = await cryptlex.createWebhook({
      ...webhooks,
      body: { name: 'crm', url: receiver, token: 'a-secret', events: ['reseller.user.created'] },
    })
    record('createWebhook', hook, hook.data?.events)
    const hookPath = { path: { id: hook.data?.id ?? '' } }
    const hooks = await cryptlex.listWebhooks({ ...webhooks, query: { page: 1, limit: 10 } })
    record(
      'listWebhooks',
      hooks,
      hooks.data?.map(({ name }) => name),
    )
    const changed = await cryptlex.updateWebhook({
      ...webhooks,
      ...hookPath,
      body: { events: ['reseller.user.created', 'reseller.user.deleted'] },
    })
    record('updateWebhook', changed, changed.data?.events)
    const shown = await cryptlex.getWebhook({ ...webhooks, ...hookPath })
    record('getWebhook', shown, shown.data?.events.length)

    const resellerId = 'reseller-001'
    const newUser = {
      firstName: 'Ada',
      lastName: 'Byron',
      email: 'ada@example.test',
      role: 'user',
      organizationId: 'organization-001',
      allowCustomerPortalAccess: true,
      password: 'analytical-engine-1',
    }
    const creation = { client, path: { resellerId }, body: newUser }
    const created = await cryptlex.createResellerUser(creation)
    record('createResellerUser', created, created.data?.name)
    const taken = await cryptlex.createResellerUser(creation)
    record('createResellerUser', taken, typeof taken.error?.code)
    const id = created.data?.id ?? ''
    const updated = await cryptlex.updateResellerUser({
      client,
      path: { resellerId, id },
      body: { lastName: 'Lovelace', company: 'Analytical Engines' },
    })
    record('updateResellerUser', updated, updated.data?.name)
    const list = () =>
      cryptlex.listResellerUsers({
        client,
        path: { resellerId },
        query: { id: { eq: id }, email: 'ada@example.test', limit: 5 },
      })
    const listed = await list()
    record(
      'listResellerUsers',
      listed,
      listed.data?.map(({ company }) => company),
    )
    const removed = await cryptlex.deleteResellerUser({ client, path: { resellerId, id } })
    record('deleteResellerUser', removed)
    const empty = await list()
    record('listResellerUsers', empty, empty.data)

    await settled()
    const logs = await cryptlex.listWebhookEventLogs({
      ...webhooks,
      query: { webhookId: hook.data?.id ?? '' },
    })
    record('listWebhookEventLogs', logs, logs.data?.map(({ event }) => event).toSorted())
    record('deleteWebhook', await cryptlex.deleteWebhook({ ...webhooks, ...hookPath }))
    return calls
  },

  formsonfire: async ({ url }) => {
    const { calls, record } = recorder(formsonfire)
    const keys = { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcdef' }
    const client = createFormsOnFireClient({
      baseUrl: `${url}/api`,
      headers: { Accept: 'application/json' },
      auth: ({ name }) => (name === 'CompanyId' ? '1815' : keys.IntegrationKey),
    })

    const created = await formsonfire.createUser({
      client,
      query: { format: 'json' },
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
    const updated = await formsonfire.updateUser({
      client,
      body: { ...keys, Id, LastName: 'Lovelace' },
    })
    record('updateUser', updated, updated.data?.User.Status)
    const shown = await formsonfire.getUser({ client, query: { Id } })
    record('getUser', shown, [shown.data?.User.LastName, shown.data?.User.Metadata])
    const found = await formsonfire.searchUsers({
      client,
      query: { Email: 'ada', PageNo: 0, PageSize: 5 },
    })
    record(
      'searchUsers',
      found,
      found.data?.Users.map(({ ExternalId }) => ExternalId),
    )
    const deleted = await formsonfire.deleteUser({ client, body: { ...keys, Id } })
    record('deleteUser', deleted, deleted.data)
    const gone = await formsonfire.getUser({ client, query: { Id } })
    record('getUser', gone, gone.error?.ResponseStatus.ErrorCode)
    return calls
  },
}
