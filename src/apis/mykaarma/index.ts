import { existsSync } from 'node:fs'
import { ConfigError, messageOf } from '../../core/errors.ts'
import { json } from '../../core/formats/json.ts'
import { loadMessage, protobufFormat } from '../../core/formats/protobuf.ts'
import type { Vendor } from '../../core/vendor.ts'
import { packaged } from '../../package.ts'
import { authorize, statedCredential } from './auth.ts'
import { credentialCases } from './credential-cases.ts'
import { explain } from './errors.ts'
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
import { changeRow, createUserForPartner, bodyFromRow, nameIn } from './users.ts'

/** The message of a .proto file that a create is answered with. */
const MESSAGE = 'CreateUserForPartnerResponse'

export const mykaarma: Vendor<typeof options> = {
  name: 'mykaarma',
  title: 'myKaarma Manage',
  spec: 'mykaarma.yaml',
  tables: { users: { unique: ['username', 'emailAddress'] } },
  formats: formatsWith(packaged('specs/mykaarma.proto')),
  operations: { createUserForPartner },
  users: {
    table: 'users',
    email: 'emailAddress',
    operation: 'createUserForPartner',
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
    bodyFromRow,
    changeRow,
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
  explain,
  refusals,
  goodCredential,
  statedCredential,
  userFields: ['emailAddress', 'username'],
  hints,
  admit: (call, tools) => {
    // Public, a guideline of the vendor: the caller's correlation id comes back, or a new one.
    const given = call.headers['x-correlation-id']
    const usable = typeof given === 'string' && /^[\x21-\x7e]{1,128}$/.test(given)
    const id = usable ? given : tools.fake.draw('mykaarma.correlation').string.uuid()
    return { 'X-Correlation-ID': id }
  },
}

function formatsWith(proto: string): Vendor['formats'] {
  return [json, protobufFormat(proto, MESSAGE)]
}

/** @throws ConfigError for a .proto file that lacks the message or cannot be read */
function checkProto(file: string): void {
  if (!existsSync(file))
    throw new ConfigError(`${file} (--proto) cannot be read: it does not exist`)
  try {
    loadMessage(file, MESSAGE)
  } catch (error) {
    throw new ConfigError(`${messageOf(error)} (--proto)`, { cause: error })
  }
}
