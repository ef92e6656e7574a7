export type Body = Readonly<Record<string, unknown>>

/** A call on a stored user. */
export interface UserCall {
  readonly method: 'PATCH' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: Body
}

/** A call that creates, changes or deletes a user. */
export type Kind = 'create' | 'change' | 'delete'

/** The calls of one vendor, and the checks that a stored user is complete. */
export interface Vendor {
  readonly api: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** A user with the word in its name and address, and the filler in another field. */
  readonly body: (word: string, filler: string) => Body
  /** A required field. */
  readonly required: string
  readonly idIn: (answer: unknown) => unknown
  /** Several fields with new values; the address too if one is given. */
  readonly changes: (filler: string, address: string | undefined) => Body
  readonly change: (id: string, changes: Body) => UserCall
  /** Undefined: the vendor has no such call. */
  readonly delete?: (id: string) => UserCall
  /** The webhooks of the vendor; undefined: it has none. */
  readonly events?: Readonly<Record<Kind, string>>
  /** The fields of the request that the stored row must have. */
  readonly stored: (body: Body) => Body
  /** Text fields that the server generates. */
  readonly generated: readonly string[]
  /** Fields with a time. */
  readonly times: readonly string[]
}

const address = (word: string) => `${word}@example.test`

/** An id with dashes, as in a path. */
const dashed = (id: string) =>
  id.replace(/^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/, '$1-$2-$3-$4-$5')

/** The name before the `@`. */
const nameIn = (email: string) => email.slice(0, email.indexOf('@'))

const MYKAARMA = '/manage/v2/user/partner'
const CRYPTLEX = '/v3/resellers/reseller-001/users'
const FORMSONFIRE = '/api/v2/user'
const KEYS = { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcdef' }

export const vendors: readonly Vendor[] = [
  {
    api: 'mykaarma',
    path: MYKAARMA,
    headers: { Authorization: `Basic ${btoa('partner:partner-secret')}` },
    body: (word, filler) => ({
      dealerUUID: 'dealer-uuid-001',
      firstName: word,
      lastName: `Byrön ${filler}`.slice(0, 120),
      username: word,
      emailAddress: address(word),
      password: 'analytical-engine',
    }),
    required: 'firstName',
    idIn: (answer) => (answer as { userUuid?: unknown }).userUuid,
    changes: (filler, email) => ({
      lastName: `Lövelace ${filler}`.slice(0, 120),
      bio: `Countess ${filler}`,
      ...(email === undefined ? {} : { emailAddress: email, username: nameIn(email) }),
    }),
    change: (id, body) => ({ method: 'PUT', path: `${MYKAARMA}/${dashed(id)}`, body }),
    stored: ({ password: _, ...rest }) => rest,
    generated: ['id', 'latestInviteStatus'],
    times: ['createdAt'],
  },
  {
    api: 'cryptlex',
    path: CRYPTLEX,
    headers: { Authorization: 'Bearer standin-token' },
    body: (word, filler) => ({
      firstName: word,
      lastName: 'Hopper',
      email: address(word),
      company: `Ünïversal ${filler}`.slice(0, 250),
      role: 'user',
      allowCustomerPortalAccess: true,
      password: 'analytical-engine',
    }),
    required: 'firstName',
    idIn: (answer) => (answer as { id?: unknown }).id,
    changes: (filler, email) => ({
      lastName: `Mürray ${filler}`.slice(0, 250),
      company: `Nâvy ${filler}`.slice(0, 250),
      ...(email === undefined ? {} : { email }),
    }),
    change: (id, body) => ({ method: 'PATCH', path: `${CRYPTLEX}/${dashed(id)}`, body }),
    delete: (id) => ({ method: 'DELETE', path: `${CRYPTLEX}/${dashed(id)}` }),
    events: {
      create: 'reseller.user.created',
      change: 'reseller.user.updated',
      delete: 'reseller.user.deleted',
    },
    stored: ({ password: _, ...rest }) => ({ ...rest, resellerId: 'reseller-001' }),
    generated: ['id', 'name'],
    times: ['createdAt', 'updatedAt'],
  },
  {
    api: 'formsonfire',
    path: FORMSONFIRE,
    headers: { Accept: 'application/json' },
    body: (word, filler) => ({
      ...KEYS,
      Email: address(word),
      ExternalId: word,
      FirstName: word,
      LastName: `Lövelace ${filler}`.slice(0, 250),
    }),
    required: 'FirstName',
    idIn: (answer) => (answer as { User?: { Id?: unknown } }).User?.Id,
    changes: (filler, email) => ({
      LastName: `Hòpper ${filler}`.slice(0, 250),
      Metadata: [{ Key: 'rank', Value: `Admiral ${filler}` }],
      ...(email === undefined ? {} : { Email: email, ExternalId: nameIn(email) }),
    }),
    change: (Id, changes) => ({
      method: 'PUT',
      path: FORMSONFIRE,
      body: { ...KEYS, Id, ...changes },
    }),
    delete: (Id) => ({ method: 'DELETE', path: FORMSONFIRE, body: { ...KEYS, Id } }),
    stored: ({ CompanyId, IntegrationKey: _, ...given }) => ({
      companyId: CompanyId,
      email: given['Email'],
      given,
    }),
    generated: ['id', 'status', 'externalKey'],
    times: ['createdAt'],
  },
]
