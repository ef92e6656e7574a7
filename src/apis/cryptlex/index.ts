import type { Api } from '../../core/api.ts'
import { json } from '../../core/formats/json.ts'
import { authorize, statedCredential } from './auth.ts'
import { explain } from './errors.ts'
import { goodCredential, firstReseller, readFixtures } from './fixtures.ts'
import { refusals } from './refusals.ts'
import { admit, rateLimitHeaders } from './rate-limit.ts'
import { hints } from './hints.ts'
import { changedUser, createResellerUser, givenOf, nameIn, userEvents } from './users.ts'
import { webhookOperations, webhookStyle } from './webhooks.ts'

export const cryptlex: Api = {
  name: 'cryptlex',
  title: 'Cryptlex Web API v3',
  spec: 'cryptlex.yaml',
  tables: {
    users: { unique: ['email'], counted: ['resellerId', 'organizationId'] },
    organizations: { unique: [] },
    resellers: { unique: [] },
  },
  formats: [json],
  operations: { createResellerUser, ...webhookOperations },
  users: {
    table: 'users',
    email: 'email',
    operation: 'createResellerUser',
    nameIn,
    bodyForPerson: ({ firstName, lastName, email, company }, known) => ({
      resellerId: firstReseller(known),
      firstName,
      lastName,
      email,
      company,
      role: 'user',
      allowCustomerPortalAccess: true,
      password: 'is-not-kept',
    }),
    createCall: ({ resellerId }) => ({ params: { resellerId: String(resellerId) } }),
    bodyFromRow: givenOf,
    changeRow: changedUser,
    events: userEvents,
  },
  webhooks: webhookStyle,
  credentialsIn: 'header',
  readFixtures,
  authorize,
  explain,
  refusals,
  goodCredential,
  statedCredential,
  userFields: ['email'],
  hints,
  admit,
  rateLimitHeaders,
  // Public: every answer is JSON, errors included.
  answerType: (call) => {
    const accept = call.headers.accept
    if (accept !== undefined && !/\*\/\*|application\/(\*|json)/i.test(accept)) {
      call.warn('accept.ignored', 'The answer is JSON whatever the Accept header asks for')
    }
    return json.mediaType
  },
}
