import { json } from '../../core/formats/json.ts'
import { preferredType } from '../../core/request/negotiation.ts'
import type { Vendor } from '../../core/vendor.ts'
import { authorize, statedCredential } from './auth.ts'
import type { Fixtures } from './contract.gen.ts'
import { credentialCases } from './credential-cases.ts'
import { refuse } from './errors.ts'
import { example } from './example.ts'
import {
  credentialSchema,
  firstReseller,
  fixturesSchema,
  fixturesWith,
  goodCredential,
  readFixtures,
} from './fixtures.ts'
import { hints } from './hints.ts'
import { options } from './options.ts'
import { admit, rateLimitHeaders } from './rate-limit.ts'
import { refusals, USER_SCOPES } from './refusals.ts'
import { listResellerUsers } from './user-list.ts'
import {
  callOnUser,
  createResellerUser,
  deleteResellerUser,
  nameIn,
  updateResellerUser,
} from './users.ts'
import { webhookOperations, webhookStyle } from './webhooks.ts'

export const cryptlex: Vendor<typeof options> = {
  name: 'cryptlex',
  title: 'Cryptlex Web API v3',
  spec: 'cryptlex.yaml',
  tables: {
    users: { unique: ['email'], counted: ['resellerId', 'organizationId'] },
    organizations: { unique: [] },
    resellers: { unique: [] },
  },
  formats: [json],
  operations: {
    createResellerUser,
    listResellerUsers,
    updateResellerUser,
    deleteResellerUser,
    ...webhookOperations,
  },
  users: {
    table: 'users',
    email: 'email',
    operation: 'createResellerUser',
    lookups: ['listResellerUsers'],
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
    update: {
      operation: 'updateResellerUser',
      callFor: (row, changes) => ({ ...callOnUser(row), body: changes }),
    },
    delete: { operation: 'deleteResellerUser', callFor: callOnUser },
  },
  webhooks: webhookStyle,
  options,
  defaultFixtures: 'cryptlex.json',
  fixturesSchema,
  credentialSchema,
  example,
  credentialCases,
  fixturesWith,
  tokens: {
    scope: USER_SCOPES.join(' '),
    mint: async (request, fixtures) => {
      const { mintToken } = await import('./mint-token.ts') // loads jose, which the start does not need
      const { signing } = fixtures as Fixtures // checked against the fixtures' schema
      return mintToken(request, signing?.secret ?? '')
    },
  },
  credentialsIn: 'header',
  readFixtures,
  authorize,
  refuse,
  refusals,
  goodCredential,
  statedCredential,
  userFields: ['email'],
  hints,
  admit,
  rateLimitHeaders,
  // Assumed: the leniency of ASP.NET Core, which the vendor seems to use.
  lenient: { mediaTypes: /^(text\/json|application\/[\w.!#$&^-]+\+json)$/ },
  // Public: every answer is JSON, errors included.
  answerType: (call) => {
    if (preferredType(call.headers.accept, [json.mediaType]) === undefined) {
      call.warn('accept.ignored', 'The answer is JSON whatever the Accept header asks for')
    }
    return json.mediaType
  },
}
