// A service that gives a new employee an account in three systems: a first version, as it is often
// written. It works as long as everything else does. Compare ../careful/service.ts.
//
// POST /people {firstName, lastName, email}   a user at Cryptlex and at myKaarma; the webhook of the
//                                             first then creates the one at Forms On Fire
// GET /people/{email}                         the ids of the accounts
// DELETE /people/{email}                      removes those that can be removed
// POST /webhooks                              the receiver of Cryptlex' webhooks
import { createServer, type IncomingMessage, type Server } from 'node:http'

const { env } = process

interface Person {
  firstName: string
  lastName: string
  email: string
  licence?: string
  dealer?: string
  forms?: string
}

const people = new Map<string, Person>()

async function send(method: string, url: string, headers: object, body: object): Promise<unknown> {
  const answer = await fetch(url, {
    method,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  return text === '' ? {} : JSON.parse(text)
}

const licences = `${env['STANDIN_CRYPTLEX_URL']}/resellers/reseller-001/users`
const bearer = { Authorization: `Bearer ${env['STANDIN_CRYPTLEX_TOKEN']}` }
const basic = {
  Authorization: `Basic ${btoa(`${env['STANDIN_MYKAARMA_USERNAME']}:${env['STANDIN_MYKAARMA_PASSWORD']}`)}`,
}
const forms = `${env['STANDIN_FORMSONFIRE_URL']}/v2/user`
const company = {
  CompanyId: Number(env['STANDIN_FORMSONFIRE_COMPANY_ID']),
  IntegrationKey: env['STANDIN_FORMSONFIRE_INTEGRATION_KEY'],
}

async function addPerson(person: Person): Promise<void> {
  const { firstName, lastName, email } = person
  people.set(email, person)
  const user = { firstName, lastName, email, role: 'user', password: 'analytical-engine-1' }
  const licence = await send('POST', licences, bearer, { ...user, allowCustomerPortalAccess: true })
  person.licence = (licence as { id: string }).id
  const dealer = await send('POST', `${env['STANDIN_MYKAARMA_URL']}/v2/user/partner`, basic, {
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
  })
  person.dealer = (dealer as { userUuid: string }).userUuid
}

async function receive(webhook: { event: string; data: { email: string } }): Promise<void> {
  if (webhook.event !== 'reseller.user.created') return
  const person = people.get(webhook.data.email)!
  const created = await send(
    'POST',
    forms,
    {},
    {
      ...company,
      Email: person.email,
      FirstName: person.firstName,
      LastName: person.lastName,
      WebsiteRole: 'User',
    },
  )
  person.forms = (created as { User: { Id: string } }).User.Id
}

async function removePerson(email: string): Promise<void> {
  const person = people.get(email)!
  await send('DELETE', `${licences}/${person.licence}`, bearer, {})
  await send('DELETE', forms, {}, { ...company, Id: person.forms })
  people.delete(email)
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return JSON.parse(text)
}

export function createService(): Server {
  return createServer((request, response) => {
    const email = decodeURIComponent(request.url!.split('/')[2] ?? '')
    const handle = async (): Promise<unknown> => {
      if (request.url === '/webhooks') return receive((await bodyOf(request)) as never)
      if (request.method === 'POST') return addPerson((await bodyOf(request)) as Person)
      if (request.method === 'DELETE') return removePerson(email)
      return people.get(email)
    }
    handle().then(
      (result) => response.end(JSON.stringify(result ?? {})),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
}
