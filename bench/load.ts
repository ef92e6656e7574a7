// The load generator, a process of its own: each keep-alive connection sends its next request after
// the answer to the last. It implements just enough HTTP to cost less than the measured server.
import { connect } from 'node:net'

export interface Load {
  readonly port: number
  readonly connections: number
  /** Milliseconds of warm-up, and then of measurement. */
  readonly warmUp: number
  readonly time: number
  readonly kind: Kind
  /** Requests per second over all connections; undefined: as many as possible. */
  readonly rate?: number
  /** First number for user names, so that no two runs create the same user. */
  readonly from: number
}

export interface Result {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly statuses: Readonly<Record<string, number>>
  readonly next: number
}

export type Kind =
  'cryptlex' | 'cryptlex-jwt' | 'mykaarma' | 'formsonfire-json' | 'formsonfire-xml' | 'mixed'

const TOKEN = process.env['BENCH_TOKEN'] ?? 'standin-token'
const KEY = '0123456789abcdef0123456789abcdef'

/** Bodies of about the size of the vendors' samples. */
const REQUESTS: Readonly<Record<Kind, (n: number) => readonly [head: string, body: string]>> = {
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

function run({ port, connections, warmUp, time, kind, from, rate }: Load): Promise<Result> {
  return new Promise((resolve, reject) => {
    const request = REQUESTS[kind]
    const durations: number[] = []
    const statuses: Record<string, number> = {}
    const begin = performance.now() + warmUp
    const end = begin + time
    let next = from
    let open = connections
    for (let i = 0; i < connections; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      let started = 0
      let buffer = ''
      // Time of the next request; the connections alternate.
      let due = performance.now() + (rate ? (i * 1000) / rate : 0)
      const later = () => {
        if (rate === undefined) return send()
        due += (connections * 1000) / rate
        setTimeout(send, Math.max(0, due - performance.now()))
      }
      const send = () => {
        const [head, body] = request(next++)
        started = performance.now()
        socket.write(`${head}\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      }
      socket.on('connect', rate === undefined ? send : later)
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        buffer += chunk.toString('latin1')
        const head = buffer.indexOf('\r\n\r\n')
        if (head < 0) return
        const length = /content-length: (\d+)/i.exec(buffer)?.[1]
        if (buffer.length < head + 4 + Number(length)) return
        const now = performance.now()
        if (now > begin && now <= end) {
          durations.push(now - started)
          const status = buffer.slice(9, 12)
          statuses[status] = (statuses[status] ?? 0) + 1
        }
        buffer = ''
        if (now < end) later()
        else {
          socket.destroy()
          if (--open === 0) {
            durations.sort((a, b) => a - b)
            const at = (share: number) => durations[Math.floor(durations.length * share)] ?? NaN
            const perSecond = (durations.length / time) * 1000
            resolve({ perSecond, p50: at(0.5), p99: at(0.99), statuses, next })
          }
        }
      })
    }
  })
}

if (process.argv[2]) {
  const load = JSON.parse(process.argv[2]) as Load // from bench.ts alone
  console.log(JSON.stringify(await run(load)))
}
