import { existsSync } from 'node:fs'
import { ConfigError, messageOf } from '../../core/errors.ts'
import { json } from '../../core/formats/json.ts'
import { checkMessage, protobufFormat } from '../../core/formats/protobuf.ts'
import type { Vendor } from '../../core/vendor.ts'
import { packaged } from '../../package.ts'
import { authorize, statedCredential } from './auth.ts'
import type { CreateUserResponse } from './contract.gen.ts'
import { credentialCases } from './credential-cases.ts'
import { refuse } from './errors.ts'
import { example } from './example.ts'
import {
  credentialSchema,
  fixturesSchema,
  goodCredential,
  OPERATOR,
  readFixtures,
} from './fixtures.ts'
import { hints } from './hints.ts'
import { options } from './options.ts'
import { refusals } from './refusals.ts'
import { createUserForPartner, getUsersForDealer, nameIn, updateUserForPartner } from './users.ts'

/** Name of the message in a .proto file that describes the answer to a create call. */
const MESSAGE = 'CreateUserForPartnerResponse'

/** An answer with a value for every member; a .proto file is checked with it. */
const SAMPLE: CreateUserResponse = {
  errors: [{ errorCode: 100010, errorTitle: 'TITLE', errorMessage: 'Message.' }],
  warnings: [{ warningCode: 100104, warningTitle: 'TITLE', warningMessage: 'Message.' }],
  apiRequestId: '0f2d6f0e-6a1e-4c1b-9c54-2f6a0b8f5a11',
  userUuid: '4b0f6b9a-2f8e-4f0b-8d0c-6f5e2c7e9d31',
}

export const mykaarma: Vendor<typeof options> = {
  name: 'mykaarma',
  title: 'myKaarma Manage',
  spec: 'mykaarma.yaml',
  tables: { users: { unique: ['username', 'emailAddress'] } },
  formats: formatsWith(packaged('specs/mykaarma.proto')),
  operations: { createUserForPartner, updateUserForPartner, getUsersForDealer },
  users: {
    table: 'users',
    email: 'emailAddress',
    operation: 'createUserForPartner',
    lookups: ['getUsersForDealer'],
    nameIn,
    bodyForPerson: ({ firstName, lastName, email, username, phone }) => ({
      firstName,
      lastName,
      emailAddress: email,
      username,
      phone,
      userInvite: true,
      sendEmail: true,
    }),
    createCall: () => ({ caller: OPERATOR }),
    update: {
      operation: 'updateUserForPartner',
      ignoresNull: true,
      callFor: ({ id }, body) => ({ params: { user_uuid: id }, caller: OPERATOR, body }),
    },
  },
  options,
  defaultFixtures: 'mykaarma.json',
  fixturesSchema,
  credentialSchema,
  example,
  credentialCases,
  configure: ({ proto }) => {
    if (proto === undefined) return mykaarma
    checkProto(proto)
    return { ...mykaarma, formats: formatsWith(proto) }
  },
  credentialsIn: 'header',
  readFixtures,
  authorize,
  refuse,
  refusals,
  goodCredential,
  statedCredential,
  userFields: ['emailAddress', 'username'],
  hints,
  admit: (call, tools) => {
    // Public, a guideline of the vendor: the answer repeats the caller's correlation id, or has a
    // new one.
    const given = call.headers['x-correlation-id']
    const usable = typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given)
    const id = usable ? given : tools.fake.draw('mykaarma.correlation').string.uuid()
    return { 'X-Correlation-ID': id }
  },
}

function formatsWith(proto: string): Vendor['formats'] {
  return [json, protobufFormat(proto, MESSAGE)]
}

/** @throws ConfigError for a .proto file that cannot be read or cannot hold an answer */
function checkProto(file: string): void {
  if (!existsSync(file))
    throw new ConfigError(`${file} (--proto) cannot be read: it does not exist`)
  try {
    checkMessage(file, MESSAGE, SAMPLE)
  } catch (error) {
    throw new ConfigError(`${messageOf(error)} (--proto)`, { cause: error })
  }
}
