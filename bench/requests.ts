// The requests of the benchmarks as text, and the part of HTTP that is needed to read their
// answers.
export type Kind =
  'cryptlex' | 'cryptlex-jwt' | 'mykaarma' | 'formsonfire-json' | 'formsonfire-xml' | 'mixed'

const TOKEN = process.env['BENCH_TOKEN'] ?? 'standin-token'
const KEY = '0123456789abcdef0123456789abcdef'

/** Bodies of about the size of the vendors' samples. */
export const REQUESTS: Readonly<
  Record<Kind, (n: number) => readonly [head: string, body: string]>
> = {
  cryptlex: (n) => cryptlex(n, 'standin-token'),
  'cryptlex-jwt': (n) => cryptlex(n, TOKEN),
  mykaarma: (n) => [
    `POST /manage/v2/user/partner HTTP/1.1\r\nAuthorization: Basic ${Buffer.from('partner:partner-secret').toString('base64')}\r\nContent-Type: application/json`,
    `{"dealerUUID":"dealer-uuid-001","firstName":"Ada","lastName":"Byron","emailAddress":"ada${n}@example.test","username":"ada${n}","password":"analytical-engine-1","departmentUUID":"department-uuid-001","userInvite":true,"sendEmail":true}`,
  ],
  'formsonfire-json': (n) => [
    'POST /api/v2/user HTTP/1.1\r\nContent-Type: application/json',
    `{"CompanyId":1815,"Email":"ada${n}@example.test","FirstName":"Ada","Folders":["3f2504e0-4f89-41d3-9a0c-0305e82c3301"],"IntegrationKey":"${KEY}","LastName":"Byron","WebsiteRole":"User"}`,
  ],
  'formsonfire-xml': (n) => [
    'POST /api/v2/user HTTP/1.1\r\nContent-Type: application/xml',
    `<User><CompanyId>1815</CompanyId><Email>ada${n}@example.test</Email><FirstName>Ada</FirstName><Folders><Id>3f2504e0-4f89-41d3-9a0c-0305e82c3301</Id></Folders><IntegrationKey>${KEY}</IntegrationKey><LastName>Byron</LastName><WebsiteRole>User</WebsiteRole></User>`,
  ],
  mixed,
}

/** A mix of all kinds of requests, with at most 2,000 users: most creates are duplicates. */
function mixed(n: number): readonly [string, string] {
  const user = n % 2000
  if (n % 7 === 0) return cryptlex(user, 'no-such-token')
  if (n % 7 === 1) {
    return ['GET /v3/nothing HTTP/1.1\r\nContent-Type: application/json', '{"firstName":7}']
  }
  const kinds = ['cryptlex', 'mykaarma', 'formsonfire-json', 'formsonfire-xml'] as const
  return REQUESTS[kinds[n % 4]!](user)
}

function cryptlex(n: number, token: string): readonly [string, string] {
  return [
    `POST /v3/resellers/reseller-001/users HTTP/1.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json`,
    `{"firstName":"Ada","lastName":"Byron","email":"ada${n}@example.test","role":"user","company":"Analytical Engines","organizationId":"organization-001","allowCustomerPortalAccess":true,"password":"analytical-engine-1"}`,
  ]
}

/** The whole request; with a path, at that one instead of the vendor's. */
export function text([head, body]: readonly [string, string], path?: string): string {
  const line = path === undefined ? head : head.replace(/ \S+/, ` ${path}`)
  return `${line}\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/**
 * Returns true if the text is a complete answer: as long as its Content-Length says, or ending in
 * an empty chunk.
 */
export function isComplete(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /content-length: (\d+)/i.exec(answer)?.[1]
  return length === undefined
    ? answer.endsWith('\r\n0\r\n\r\n')
    : answer.length >= head + 4 + Number(length)
}
