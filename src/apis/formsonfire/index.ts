import { isRecord } from '../../core/contract/schema.ts'
import { json } from '../../core/formats/json.ts'
import type { Vendor } from '../../core/vendor.ts'
import { authorize, statedCredential } from './auth.ts'
import { credentialCases } from './credential-cases.ts'
import { refuse } from './errors.ts'
import { example } from './example.ts'
import {
  credentialSchema,
  firstCompany,
  fixturesSchema,
  goodCredential,
  readFixtures,
} from './fixtures.ts'
import { answerType, bodyType, formats, prepare, readQuery, route } from './formats.ts'
import { hints } from './hints.ts'
import { refusals } from './refusals.ts'
import {
  callOnUser,
  createUser,
  deleteUser,
  getUser,
  nameIn,
  searchUsers,
  updateUser,
} from './users.ts'

export const formsonfire: Vendor = {
  name: 'formsonfire',
  title: 'Forms On Fire v2',
  spec: 'formsonfire.yaml',
  tables: { users: { unique: ['email', 'externalKey'] } },
  formats,
  operations: { createUser, getUser, updateUser, deleteUser, searchUsers },
  users: {
    table: 'users',
    email: 'email',
    operation: 'createUser',
    lookups: ['getUser', 'searchUsers'],
    nameIn,
    bodyForPerson: ({ firstName, lastName, email, username }, known) => ({
      CompanyId: firstCompany(known),
      Email: email,
      ExternalId: username,
      FirstName: firstName,
      LastName: lastName,
    }),
    createCall: ({ CompanyId }) => ({ caller: Number(CompanyId) }),
    update: {
      operation: 'updateUser',
      identifying: ['Id', 'CompanyId', 'IntegrationKey'],
      ignoresNull: true,
      callFor: callOnUser,
    },
    delete: { operation: 'deleteUser', callFor: callOnUser },
  },
  options: {},
  defaultFixtures: 'formsonfire.json',
  fixturesSchema,
  credentialSchema,
  example,
  credentialCases,
  credentialsIn: 'body',
  readFixtures,
  authorize,
  refuse,
  refusals,
  goodCredential,
  statedCredential,
  userFields: ['Email', 'Id'],
  hints,
  route,
  readQuery,
  answerType,
  bodyType,
  prepare,
  // Inferred: the framework's header on every answer.
  admit: () => ({ Vary: 'Accept' }),
  present,
}

/**
 * Formats the GUID: with dashes in XML (the page), as 32 hex digits in JSON (public, a sibling's
 * answer).
 */
function present(body: unknown, mediaType: string): unknown {
  if (mediaType !== json.mediaType || !isRecord(body)) return body
  const { User, Users } = body
  return {
    ...body,
    ...(isRecord(User) ? { User: withBareId(User) } : {}),
    ...(Array.isArray(Users) ? { Users: Users.filter(isRecord).map(withBareId) } : {}),
  }
}

function withBareId(user: Readonly<Record<string, unknown>>) {
  return { ...user, Id: String(user['Id']).replaceAll('-', '') }
}
