// The three vendors' APIs behind one interface.
import { send, type Answer } from './http.ts'

const { env } = process

export interface Person {
  readonly firstName: string
  readonly lastName: string
  readonly email: string
}

/** The id of a person's user, `absent` if there is none, or `unknown`. */
export type Found = { readonly id: string } | 'absent' | 'unknown'

export interface System {
  create(person: Person): Promise<Answer>
  /** Id in the answer to a create call. */
  idIn(body: unknown): string | undefined
  find(email: string): Promise<Found>
  /** Absent where the vendor has no call for it. */
  remove?(id: string): Promise<Answer>
}

/** A member of a value that another program sent. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<string, unknown>)[name]
        : undefined,
    value,
  )
}

const textAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The user with this address in a list. */
function inList(answer: Answer, list: unknown, email: string, id: string): Found {
  if (answer.status !== 200 || !Array.isArray(list)) return 'unknown'
  const user: unknown = list.find((one) => textAt(one, 'email')?.toLowerCase() === email)
  const found = textAt(user, id)
  return found === undefined ? 'absent' : { id: found }
}

const bodyOf = (answer: Answer): unknown => ('body' in answer ? answer.body : undefined)

const licences = `${env['STANDIN_CRYPTLEX_URL']}/resellers/reseller-001/users`
// Read for each call: a token may be renewed while the service runs.
const bearer = () => ({ Authorization: `Bearer ${env['STANDIN_CRYPTLEX_TOKEN']}` })

const licence: System = {
  create: (person) =>
    send({
      method: 'POST',
      url: licences,
      headers: bearer(),
      body: {
        ...person,
        role: 'user',
        password: 'analytical-engine-1',
        allowCustomerPortalAccess: true,
      },
    }),
  idIn: (body) => textAt(body, 'id'),
  async find(email) {
    const url = `${licences}?email=${encodeURIComponent(email)}`
    const answer = await send({ method: 'GET', url, headers: bearer() })
    return inList(answer, bodyOf(answer), email, 'id')
  },
  remove: (id) => send({ method: 'DELETE', url: `${licences}/${id}`, headers: bearer() }),
}

const users = `${env['STANDIN_MYKAARMA_URL']}/v2/user`
const basic = () => ({
  Authorization: `Basic ${btoa(`${env['STANDIN_MYKAARMA_USERNAME']}:${env['STANDIN_MYKAARMA_PASSWORD']}`)}`,
})

const dealer: System = {
  create: ({ firstName, lastName, email }) =>
    send({
      method: 'POST',
      url: `${users}/partner`,
      headers: basic(),
      body: {
        dealerUUID: 'dealer-uuid-001',
        departmentUUID: 'department-uuid-001',
        roleUUID: 'role-uuid-001',
        firstName,
        lastName,
        emailAddress: email,
        username: email,
        password: 'analytical-engine-1',
        userInvite: true,
        sendEmail: false,
        userInviteEmailTemplate: 'SIMPLE',
      },
    }),
  idIn: (body) => textAt(body, 'userUuid'),
  async find(email) {
    const answer = await send({
      method: 'GET',
      url: `${users}/dealer/dealer-uuid-001`,
      headers: basic(),
    })
    return inList(answer, at(bodyOf(answer), 'users'), email, 'uuid')
  },
}

const forms = `${env['STANDIN_FORMSONFIRE_URL']}/v2/user`
const company = () => ({
  CompanyId: Number(env['STANDIN_FORMSONFIRE_COMPANY_ID']),
  IntegrationKey: env['STANDIN_FORMSONFIRE_INTEGRATION_KEY'] ?? '',
})

const form: System = {
  create: ({ firstName, lastName, email }) =>
    send({
      method: 'POST',
      url: forms,
      body: {
        ...company(),
        Email: email,
        FirstName: firstName,
        LastName: lastName,
        WebsiteRole: 'User',
      },
    }),
  idIn: (body) => textAt(body, 'User', 'Id'),
  async find(email) {
    const { CompanyId, IntegrationKey } = company()
    // This vendor takes its key in the query of a GET.
    const query = new URLSearchParams({
      CompanyId: String(CompanyId),
      IntegrationKey,
      Email: email,
      Format: 'json',
    })
    const answer = await send({ method: 'GET', url: `${forms}?${query}` })
    if (answer.status === 400) return 'absent' // its answer for an unknown user
    const id = answer.status === 200 ? textAt(bodyOf(answer), 'User', 'Id') : undefined
    return id === undefined ? 'unknown' : { id }
  },
  remove: (id) => send({ method: 'DELETE', url: forms, body: { ...company(), Id: id } }),
}

export const SYSTEMS = { licence, dealer, forms: form } as const
export type SystemName = keyof typeof SYSTEMS
