import type { Credential } from '../core/api.ts'
import type { State } from '../core/store/state.ts'

/** A command that creates a user, and what it needs of a credential. */
interface Example {
  /** Of the package's own fixtures, which everybody has. */
  readonly known: Credential
  readonly write: (url: string, user: string, credential: Credential) => string
}

const JSON_TYPE = "-H 'Content-Type: application/json'"

const EXAMPLES: Readonly<Record<string, Example>> = {
  mykaarma: {
    known: { username: 'partner', password: 'partner-secret' },
    write: (url, user, { username, password }) =>
      `curl -u ${username}:${password} ${JSON_TYPE} -d '{"dealerUUID":"dealer-uuid-001","firstName":"Ada","lastName":"Byron","username":"${user}","emailAddress":"${user}@example.test"}' ${url}/manage/v2/user/partner`,
  },
  cryptlex: {
    known: { token: 'standin-token' },
    write: (url, user, { token }) =>
      `curl -H 'Authorization: Bearer ${token}' ${JSON_TYPE} -d '{"firstName":"Ada","lastName":"Byron","email":"${user}@example.test","role":"user","allowCustomerPortalAccess":true,"password":"analytical-engine"}' ${url}/v3/resellers/reseller-001/users`,
  },
  formsonfire: {
    known: { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcdef' },
    write: (url, user, { CompanyId, IntegrationKey }) =>
      `curl -H 'Content-Type: application/xml' -d '<User><CompanyId>${CompanyId}</CompanyId><Email>${user}@example.test</Email><FirstName>Ada</FirstName><IntegrationKey>${IntegrationKey}</IntegrationKey><LastName>Byron</LastName></User>' ${url}/api/v2/user`,
  },
}

/**
 * A command per API that creates a user whom none of them has yet, so that it succeeds when it is
 * pasted.
 *
 * @param url where the sandbox is
 * @param accepted what is shown of a credential: the package's own if it is among these, and else
 *   the name of what is to be put there
 */
export function curlsFor(
  url: string,
  state: State,
  accepted: Readonly<Record<string, Credential>>,
): readonly string[] {
  const user = freeName(state)
  return Object.entries(EXAMPLES).map(([api, { known, write }]) => {
    const isKnown = Object.entries(known).every(([name, value]) => accepted[api]?.[name] === value)
    const blanks = Object.keys(known).map((name) => [name, name.toUpperCase()])
    return write(url, user, isKnown ? known : (Object.fromEntries(blanks) as Credential)) // texts
  })
}

/** A user that none of the APIs has yet. */
function freeName(state: State): string {
  const taken = (name: string) =>
    state.collection('mykaarma.users').find('username', name) ??
    state.collection('mykaarma.users').find('emailAddress', `${name}@example.test`) ??
    state.collection('cryptlex.users').find('email', `${name}@example.test`) ??
    state.collection('formsonfire.users').find('email', `${name}@example.test`)
  let name = 'ada'
  for (let n = 2; taken(name); n++) name = `ada${n}`
  return name
}
