import { fileURLToPath } from 'node:url'
import type { Operation } from '../../../src/core/api.ts'
import type { Call } from '../../../src/core/call.ts'
import { json } from '../../../src/core/formats/json.ts'
import { duplicate, Problem } from '../../../src/core/problem.ts'
import { freeDraw, type Row } from '../../../src/core/store/state.ts'
import type { Vendor, VendorFixtures } from '../../../src/core/vendor.ts'

interface Key {
  readonly key: string
  readonly readOnly?: boolean
}
interface User extends Row {
  readonly mail: string
  readonly name?: string
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const keysIn = (fixtures: unknown) =>
  (fixtures as { keys?: readonly Key[] } | undefined)?.keys ?? []
const stated = (call: Call) => /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1]

const refusals = {
  'key.missing': () => new Problem(401, 'key.missing', 'A key is required'),
  'key.wrong': () => new Problem(401, 'key.wrong', 'The key is not known'),
  'key.read-only': () => new Problem(403, 'key.read-only', 'The key may only read'),
}

const createAcmeUser: Operation = (call, state, tools) => {
  const users = state.collection<User>('acme.users')
  const body = call.body as Omit<User, 'id'> // the contract has checked it
  if (users.find('mail', body.mail)) throw duplicate(['mail'], 409)
  const user = { id: freeDraw(users, 'acme.user', tools.fake).id, ...body }
  users.insert(user)
  return { status: 201, body: user, created: user.id }
}

/** The smallest vendor there can be: one operation, one table, one kind of credential. */
export const acme: Vendor = {
  name: 'acme',
  title: 'Acme Users',
  spec: here('acme.yaml'),
  tables: { users: { unique: ['mail'] } },
  formats: [json],
  operations: { createAcmeUser },
  users: {
    table: 'users',
    email: 'mail',
    operation: 'createAcmeUser',
    nameIn: (row) => (row as User).name ?? '',
    bodyForPerson: ({ email, firstName }) => ({ mail: email, name: firstName }),
    createCall: () => ({}),
    bodyFromRow: ({ id: _, ...body }) => body,
    changeRow: ({ id }, body) => ({ id, ...body }),
  },
  credentialsIn: 'header',
  userFields: ['mail'],
  readFixtures: keysIn,
  authorize: (call, { fixtures }) => {
    const key = stated(call)
    if (key === undefined) throw refusals['key.missing']()
    const found = (fixtures as readonly Key[]).find((one) => one.key === key)
    if (!found) throw refusals['key.wrong']()
    if (found.readOnly) throw refusals['key.read-only']()
  },
  refuse: ({ status, message }) => ({ status, body: { error: message } }),
  refusals,
  goodCredential: (fixtures) => {
    const good = keysIn(fixtures).find(({ readOnly }) => !readOnly)
    return good && { key: good.key, authorization: `Bearer ${good.key}` }
  },
  statedCredential: stated,
  options: {},
  defaultFixtures: here('acme.json'),
  fixturesSchema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      keys: {
        type: 'array',
        items: {
          type: 'object',
          required: ['key'],
          properties: { key: { type: 'string' }, readOnly: { type: 'boolean' } },
        },
      },
      users: { type: 'array', items: { type: 'object' } },
    },
  },
  credentialSchema: {
    type: 'object',
    required: ['key', 'authorization'],
    properties: { key: { type: 'string' }, authorization: { type: 'string' } },
  },
  example: {
    credential: { key: 'acme-key' },
    shown: 'Bearer acme-key',
    curl: (url, user, { key }) =>
      `curl -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '{"mail":"${user}@example.test"}' ${url}/acme/users`,
  },
  credentialCases: (fixtures: VendorFixtures) =>
    Promise.resolve([
      { title: 'a key', authorization: `Bearer ${keysIn(fixtures)[0]?.key}`, status: 201 },
      { title: 'no key', status: 401, reason: 'key.missing' },
      { title: 'another key', authorization: 'Bearer nope', status: 401, reason: 'key.wrong' },
      {
        title: 'a key that may only read',
        authorization: 'Bearer acme-read-key',
        status: 403,
        reason: 'key.read-only',
      },
    ]),
}
