import type { Api } from '../../core/api.ts'
import { json } from '../../core/formats/json.ts'
import { loadMessage, protobufFormat } from '../../core/formats/protobuf.ts'
import { authorize, statedCredential } from './auth.ts'
import { explain } from './errors.ts'
import { goodCredential, readFixtures, OPERATOR } from './fixtures.ts'
import { refusals } from './refusals.ts'
import { hints } from './hints.ts'
import { changedUser, createUserForPartner, givenOf, nameIn } from './users.ts'

const MESSAGE = 'CreateUserForPartnerResponse'

/** Throws an Error when a user's .proto cannot answer for the project's own. */
export function checkProto(file: string): void {
  loadMessage(file, MESSAGE)
}

/** @param proto the .proto whose message answers in protobuf, the project's own or a user's */
export function mykaarma(proto: string): Api {
  return {
    name: 'mykaarma',
    title: 'myKaarma Manage',
    spec: 'mykaarma.yaml',
    tables: { users: { unique: ['username', 'emailAddress'] } },
    formats: [json, protobufFormat(proto, MESSAGE)],
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
      bodyFromRow: givenOf,
      changeRow: changedUser,
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
}
