// A service that gives a new employee an account in three systems, and survives what they do.
// Compare ../naive/service.ts, which has the same calls.
//
// POST /people {firstName, lastName, email}   adds a person; the answer says how far it is
// GET /people/{email}                         the state of each account
// DELETE /people/{email}                      removes the accounts that can be removed
// POST /webhooks                              the receiver of Cryptlex' webhooks
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { ensureNoUser, ensureUser, type Account } from './accounts.ts'
import { SYSTEMS, type Person, type SystemName } from './systems.ts'
import { Receiver } from './webhooks.ts'

/** Milliseconds after which the work of a webhook is done without it. */
const PATIENCE = 300
const LARGEST_BODY = 1024 * 1024

interface Entry {
  readonly person: Person
  readonly accounts: Partial<Record<SystemName, Account>>
  /** The creation of the account at Forms On Fire; the webhook and its timer share it. */
  forms?: Promise<void>
}

const people = new Map<string, Entry>()

/** Adds a person, or returns the one who was added already. */
async function addPerson(person: Person): Promise<Entry> {
  const known = people.get(person.email)
  if (known) return known
  const entry: Entry = { person, accounts: {} }
  people.set(person.email, entry) // the webhook may come before the answer
  entry.accounts.licence = await ensureUser(SYSTEMS.licence, person)
  entry.accounts.dealer = await ensureUser(SYSTEMS.dealer, person)
  if (entry.accounts.licence.state === 'active') {
    setTimeout(() => void openForms(entry), PATIENCE)
  } else {
    entry.accounts.forms = { state: 'later', why: 'there is no licence yet' }
  }
  return entry
}

/** Creates the account at Forms On Fire once, whoever asks for it. */
function openForms(entry: Entry): Promise<void> {
  entry.forms ??= createForms(entry)
  return entry.forms
}

async function createForms({ person, accounts }: Entry): Promise<void> {
  accounts.forms = await ensureUser(SYSTEMS.forms, person)
}

async function removePerson({ person, accounts, forms }: Entry): Promise<void> {
  await forms
  for (const name of ['licence', 'forms'] as const) {
    const account = accounts[name]
    if (account) accounts[name] = await ensureNoUser(SYSTEMS[name], person.email, account)
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY) throw new Error('The body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function personIn(body: Buffer): Person {
  const { firstName, lastName, email } = JSON.parse(body.toString()) as Record<string, unknown>
  if ([firstName, lastName, email].some((text) => typeof text !== 'string' || text === '')) {
    throw new Error('A person has a firstName, a lastName and an email')
  }
  return {
    firstName: String(firstName),
    lastName: String(lastName),
    email: String(email).toLowerCase(),
  }
}

export function createService(secret: string): Server {
  const receiver = new Receiver(secret, ({ event, email }) => {
    const entry = people.get(email)
    if (entry && event === 'reseller.user.created') void openForms(entry)
  })

  const handle = async (request: IncomingMessage): Promise<[status: number, body?: object]> => {
    const [, place, name = ''] = (request.url ?? '').split('/')
    if (place === 'webhooks') {
      const signature = request.headers['webhook-signature']
      const body = await bodyOf(request)
      return [receiver.receive(body, typeof signature === 'string' ? signature : undefined)]
    }
    if (request.method === 'POST') {
      return [200, (await addPerson(personIn(await bodyOf(request)))).accounts]
    }
    const entry = people.get(decodeURIComponent(name).toLowerCase())
    if (entry === undefined) return [404, {}]
    if (request.method === 'DELETE') await removePerson(entry)
    return [200, entry.accounts]
  }

  const answer = async (request: IncomingMessage): Promise<[status: number, text: string]> => {
    try {
      const [status, body] = await handle(request)
      return [status, body === undefined ? '' : JSON.stringify(body)]
    } catch (error) {
      return [400, JSON.stringify({ error: String(error) })]
    }
  }

  return createServer((request, response) => {
    void answer(request).then(([status, text]) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text),
    )
  })
}
