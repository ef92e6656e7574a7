export type Body = Readonly<Record<string, unknown>>

/** The create of one vendor, and the checks that a stored user is complete. */
export interface Vendor {
  readonly api: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** A user with the word in its name and address, and the filler in another field. */
  readonly body: (word: string, filler: string) => Body
  /** A required field. */
  readonly required: string
  readonly idIn: (answer: unknown) => unknown
  /** The fields of the request that the stored row must have. */
  readonly stored: (body: Body) => Body
  /** Text fields that the server generates. */
  readonly generated: readonly string[]
  /** Fields with a time. */
  readonly times: readonly string[]
}

const address = (word: string) => `${word}@example.test`

export const vendors: readonly Vendor[] = [
  {
    api: 'mykaarma',
    path: '/manage/v2/user/partner',
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
    stored: ({ password: _, ...rest }) => rest,
    generated: ['id', 'latestInviteStatus'],
    times: ['createdAt'],
  },
  {
    api: 'cryptlex',
    path: '/v3/resellers/reseller-001/users',
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
    stored: ({ password: _, ...rest }) => ({ ...rest, resellerId: 'reseller-001' }),
    generated: ['id', 'name'],
    times: ['createdAt', 'updatedAt'],
  },
  {
    api: 'formsonfire',
    path: '/api/v2/user',
    headers: { Accept: 'application/json' },
    body: (word, filler) => ({
      CompanyId: 1815,
      Email: address(word),
      ExternalId: word,
      FirstName: word,
      IntegrationKey: '0123456789abcdef0123456789abcdef',
      LastName: `Lövelace ${filler}`.slice(0, 250),
    }),
    required: 'FirstName',
    idIn: (answer) => (answer as { User?: { Id?: unknown } }).User?.Id,
    stored: ({ CompanyId, IntegrationKey: _, ...given }) => ({
      companyId: CompanyId,
      email: given['Email'],
      given,
    }),
    generated: ['id', 'status', 'externalKey'],
    times: ['createdAt'],
  },
]
