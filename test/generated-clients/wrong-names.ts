// Calls with one wrong name each, which the compiler must find: the test expects an error on each line
// that ends in "operation: name", about this name, and no other. Nothing runs this file.
import { createStrictClient } from './strict-client.ts'
import * as cryptlex from './generated/cryptlex.hey-api'
import type { paths as CryptlexPaths } from './generated/cryptlex.openapi-typescript.ts'
import * as formsonfire from './generated/formsonfire.hey-api'
import type { paths as FormsOnFirePaths } from './generated/formsonfire.openapi-typescript.ts'
import * as mykaarma from './generated/mykaarma.hey-api'
import type { paths as MykaarmaPaths } from './generated/mykaarma.openapi-typescript.ts'

const id = 'an-id'
const user = { firstName: '', email: '', role: '', allowCustomerPortalAccess: true, password: '' }
const keys = { CompanyId: 1815, IntegrationKey: '' }

/* prettier-ignore */
export async function byOpenapiFetch() {
  const m = createStrictClient<MykaarmaPaths>({})
  await m.POST('/v2/user/partner', { body: { emailAdress: '' } }) // createUserForPartner: emailAdress
  await m.PUT('/v2/user/partner/{user_uuid}', {
    params: { path: { user_uuid: id } },
    body: { firstname: '' }, // updateUserForPartner: firstname
  })
  const { data: dealer } = await m.GET('/v2/user/dealer/{dealerUuid}', { params: { path: { dealerUuid: id } } })
  dealer?.users[0]?.emailAddress // getUsersForDealer: emailAddress

  const c = createStrictClient<CryptlexPaths>({})
  const reseller = { resellerId: id }
  await c.POST('/resellers/{resellerId}/users', {
    params: { path: reseller },
    body: { ...user, organisationId: id }, // createResellerUser: organisationId
  })
  await c.GET('/resellers/{resellerId}/users', {
    params: { path: reseller, query: { pageSize: 5 } }, // listResellerUsers: pageSize
  })
  const { data: changed } = await c.PATCH('/resellers/{resellerId}/users/{id}', {
    params: { path: { ...reseller, id } },
    body: {},
  })
  changed?.isGoogleSsoEnabled // updateResellerUser: isGoogleSsoEnabled
  await c.DELETE('/resellers/{resellerId}/users/{id}', {
    params: { path: { ...reseller, userId: id } }, // deleteResellerUser: userId
  })
  const { data: hooks } = await c.GET('/webhooks', {})
  hooks?.[0]?.token // listWebhooks: token
  await c.POST('/webhooks', {
    body: { name: '', url: '', events: [], secret: '' }, // createWebhook: secret
  })
  const { error } = await c.GET('/webhooks/{id}', { params: { path: { id } } })
  error?.errorCode // getWebhook: errorCode
  await c.PATCH('/webhooks/{id}', {
    params: { path: { id } },
    body: { enabled: true }, // updateWebhook: enabled
  })
  await c.DELETE('/webhooks/{id}', { params: { path: { webhookId: id } } }) // deleteWebhook: webhookId
  const { data: logs } = await c.GET('/webhook-event-logs', {})
  logs?.[0]?.responseCode // listWebhookEventLogs: responseCode

  const f = createStrictClient<FormsOnFirePaths>({})
  const { data: created } = await f.POST('/v2/user', { body: { ...keys, Email: '', FirstName: '', LastName: '' } })
  created?.User.UserId // createUser: UserId
  const { data: shown } = await f.GET('/v2/user', {})
  shown?.User.Password // getUser: Password
  await f.PUT('/v2/user', { body: { ...keys, Id: id, lastName: '' } }) // updateUser: lastName
  await f.DELETE('/v2/user', { params: { query: { Email: '' } } }) // deleteUser: Email
  await f.GET('/v2/user/search', { params: { query: { Page: 1 } } }) // searchUsers: Page
}

/* prettier-ignore */
export async function byHeyApi() {
  await mykaarma.createUserForPartner({ body: { emailAdress: '' } }) // createUserForPartner: emailAdress
  await mykaarma.updateUserForPartner({ path: { user_uuid: id }, body: { firstname: '' } }) // updateUserForPartner: firstname
  const { data: dealer } = await mykaarma.getUsersForDealer({ path: { dealerUuid: id } })
  dealer?.users[0]?.emailAddress // getUsersForDealer: emailAddress

  const reseller = { resellerId: id }
  await cryptlex.createResellerUser({ path: reseller, body: { ...user, organisationId: id } }) // createResellerUser: organisationId
  await cryptlex.listResellerUsers({ path: reseller, query: { pageSize: 5 } }) // listResellerUsers: pageSize
  const { data: changed } = await cryptlex.updateResellerUser({ path: { ...reseller, id }, body: {} })
  changed?.isGoogleSsoEnabled // updateResellerUser: isGoogleSsoEnabled
  await cryptlex.deleteResellerUser({ path: { ...reseller, userId: id } }) // deleteResellerUser: userId
  const { data: hooks } = await cryptlex.listWebhooks()
  hooks?.[0]?.token // listWebhooks: token
  await cryptlex.createWebhook({ body: { name: '', url: '', events: [], secret: '' } }) // createWebhook: secret
  const { error } = await cryptlex.getWebhook({ path: { id } })
  error?.errorCode // getWebhook: errorCode
  await cryptlex.updateWebhook({ path: { id }, body: { enabled: true } }) // updateWebhook: enabled
  await cryptlex.deleteWebhook({ path: { webhookId: id } }) // deleteWebhook: webhookId
  const { data: logs } = await cryptlex.listWebhookEventLogs()
  logs?.[0]?.responseCode // listWebhookEventLogs: responseCode

  const { data: created } = await formsonfire.createUser({ body: { ...keys, Email: '', FirstName: '', LastName: '' } })
  created?.User.UserId // createUser: UserId
  const { data: shown } = await formsonfire.getUser()
  shown?.User.Password // getUser: Password
  await formsonfire.updateUser({ body: { ...keys, Id: id, lastName: '' } }) // updateUser: lastName
  await formsonfire.deleteUser({ query: { Email: '' } }) // deleteUser: Email
  await formsonfire.searchUsers({ query: { Page: 1 } }) // searchUsers: Page
}
