export type Body = Readonly<Record<string, unknown>>

/** How a user is created at a vendor, and how it is told that all of it is there. */
export interface Vendor {
  readonly api: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** A user whose name and address hold this word, and whose other texts are as long as the filler. */
  readonly body: (word: string, filler: string) => Body
  /** A field without which it is refused. */
  readonly required: string
  readonly idIn: (answer: unknown) => unknown
  /** What the kept row must hold of what was sent. */
  readonly kept: (body: Body) => Body
  /** Fields that the server makes, all of them texts. */
  readonly made: readonly string[]
  /** Fields that hold a time. */
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
    kept: ({ password: _, ...rest }) => rest,
    made: ['id', 'latestInviteStatus'],
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
    kept: ({ password: _, ...rest }) => ({ ...rest, resellerId: 'reseller-001' }),
    made: ['id', 'name'],
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
    kept: ({ CompanyId, IntegrationKey: _, ...given }) => ({
      companyId: CompanyId,
      email: given['Email'],
      given,
    }),
    made: ['id', 'status', 'externalKey'],
    times: ['createdAt'],
  },
]
