import type { Api, Person, Task } from '../core/api.ts'
import type { ApiPart } from '../core/context.ts'
import type { Vendor } from '../core/vendor.ts'
import type { Examples } from './contract.gen.ts'
import { freeName } from './curls.ts'
import type { SandboxPort } from './ports.ts'

/** People of the history of computing; the example is the first one that no API has as a user. */
const PEOPLE: readonly (readonly [first: string, last: string, company: string])[] = [
  ['Ada', 'Byron', 'Analytical Engines'],
  ['Grace', 'Hopper', 'Compilers and Sons'],
  ['Alan', 'Turing', 'Bletchley Machines'],
  ['Barbara', 'Liskov', 'Abstract Types'],
  ['Edsger', 'Dijkstra', 'Shortest Paths'],
  ['Katherine', 'Johnson', 'Orbital Tables'],
  ['Donald', 'Knuth', 'Literate Press'],
  ['Margaret', 'Hamilton', 'Lunar Software'],
  ['Dennis', 'Ritchie', 'Portable Systems'],
  ['Radia', 'Perlman', 'Spanning Trees'],
  ['Tony', 'Hoare', 'Quick Sorting'],
  ['Frances', 'Allen', 'Optimal Code'],
]

/** Handler of `/examples`: a create call for each API that works when it is sent. */
export function exampleTasks(sandbox: SandboxPort): Record<'getExamples', Task> {
  return {
    getExamples: ({ base }) => {
      const person = newPerson(sandbox)
      const calls = sandbox.vendors.map((part) => exampleOf(part, person, sandbox, base))
      const body: Examples = { calls }
      return { status: 200, body }
    },
  }
}

function exampleOf(
  { api, contract }: ApiPart<Vendor>,
  person: Person,
  sandbox: SandboxPort,
  base: string,
): Examples['calls'][number] {
  const users = (api as Api).users! // every vendor has users
  const operation = contract.operations.find(({ id }) => id === users.operation)! // the start compares them
  const { fixtures } = sandbox.toolsOf(api.name)
  const more = api.example.fields?.(fixtures)
  const given = { ...more, ...users.bodyForPerson(person, fixtures) }
  const { params = {} } = users.createCall(given)
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? name),
  )
  const { authorization, ...credential } = sandbox.credentials[api.name] ?? {}
  const inBody = api.credentialsIn === 'body' ? credential : {}
  const fields = Object.entries(given).filter(([name]) => !(name in params))
  return {
    api: api.name,
    title: api.title,
    operation: operation.id,
    method: operation.method.toUpperCase(),
    path: `${base}${contract.prefix}${path}`,
    headers: {
      ...(authorization === undefined ? {} : { Authorization: String(authorization) }),
      'Content-Type': 'application/json',
    },
    body: { ...Object.fromEntries(fields), ...inBody },
  }
}

/** A person whom no API has, by user name and address. */
function newPerson(sandbox: SandboxPort): Person {
  const names = PEOPLE.map(([first]) => first.toLowerCase())
  const username = freeName(sandbox, names)
  const index = names.indexOf(username.replace(/\d+$/, ''))
  const [firstName, lastName, company] = PEOPLE[index]! // freeName takes one of the names
  const email = `${username}@example.test`
  return { firstName, lastName, company, username, email, phone: '+15550100100' }
}
