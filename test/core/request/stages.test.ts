import net from 'node:net'
import { expect, test } from 'vitest'
import { refusals as cryptlexRefusals } from '../../../src/apis/cryptlex/refusals.ts'
import { refusals as formsonfireRefusals } from '../../../src/apis/formsonfire/refusals.ts'
import { refusals as mykaarmaRefusals } from '../../../src/apis/mykaarma/refusals.ts'
import { STAGES } from '../../../src/core/stages.ts'
import { createCaller } from '../../helpers/caller.ts'
import { endpoints, raw, send, type Sent } from '../../helpers/raw-requests.ts'
import { createSandbox, type Settings, type TestSandbox } from '../../helpers/sandbox.ts'
import { eventually } from '../../helpers/time.ts'
import { MISTAKES } from '../explain/mistakes.ts'

/** Reasons of the slices, which the table of stages does not list. */
const OF_SLICES = new Set(
  [mykaarmaRefusals, cryptlexRefusals, formsonfireRefusals].flatMap((all) => Object.keys(all)),
)

/**
 * Refusals that this test does not provoke: they need a failing disk, hundreds of connections or
 * sandboxes, or a race. The request log has no requests to the admin API, `admin.…` included.
 */
const NOT_PROVOKED = new Set([
  'arrival admin.closed',
  'arrival admin.token-missing',
  'arrival admin.token-wrong',
  'arrival sandboxes.too-many',
  'arrival connections.too-many',
  'arrival headers.too-slow',
  'arrival sandbox.busy',
  'operation sandbox.unknown',
  'saving state.write-failed',
])

const listed = STAGES.flatMap(({ name, reasons }) => reasons.map((reason) => `${name} ${reason}`))

/** Returns the stage and the reason of every refusal in the request log. */
async function refusalsIn(server: TestSandbox): Promise<string[]> {
  const { requests } = (await createCaller(server).get('/_standin/requests?limit=1000')).json<{
    requests: { stage: string; problem?: { reason: string } }[]
  }>()
  return requests.flatMap(({ stage, problem }) => (problem ? [`${stage} ${problem.reason}`] : []))
}

const withHeader = (name: string, value: string): Sent => ({ headers: { [name]: value } })

/** Requests to every endpoint, made from its good one, that core or the server refuses. */
const REFUSED: readonly ((good: string) => Sent)[] = [
  () => ({ path: '/v3/resellers/%zz/users' }),
  () => ({ path: '/nowhere' }),
  () => ({ method: 'DELETE' }),
  () => withHeader('Standin-Fault', 'nonsense'),
  (body) => ({ ...withHeader('Authorization', 'x'), body: body.replace('ada@', 'a+fault.x@') }),
  (body) => ({ body: body.replace('ada@', 'ada+fault.nonsense@') }),
  () => withHeader('Accept', 'text/csv'),
  () => withHeader('Content-Type', 'text/csv'),
  () => withHeader('Content-Encoding', 'zstd'),
  () => withHeader('Content-Type', 'application/json; charset=x-nothing'),
  () => ({ body: 'x'.repeat(6000) }),
  () => ({ body: '{' }),
  () => ({ body: '[]' }),
  () => ({ method: 'GET', path: '/v3/resellers/reseller-001/users?limit=0' }),
  (body) => ({ body: body.replace('</Email>', '</Email><Email>b@example.test</Email>') }),
  () => withHeader('Host', 'a, b'),
  () => withHeader('Host', 'elsewhere.test'),
  () => withHeader('Origin', 'https://elsewhere.test'),
  () => ({ path: '/~nope/v3/resellers/reseller-001/users' }),
  () => ({ path: '/~Not-A-Name/v3/resellers/reseller-001/users' }),
]

/** Bytes that are not a complete request, or not one that reaches an API. */
const BYTES = [
  'hello\r\n\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
  `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  'POST /v3/resellers/reseller-001/users HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
]

/** Sends the head of a good request with a part of its body, and disconnects at once or late. */
async function sendPart(server: TestSandbox, reason: string): Promise<void> {
  const { path, headers } = endpoints[0]!
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = net.connect(server.port, '127.0.0.1')
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 400\r\n${lines.join('')}\r\n{"a`,
  )
  socket.on('error', () => {})
  if (reason === 'body.aborted') setTimeout(() => socket.destroy(), 20)
  await eventually(async () => expect(await refusalsIn(server)).toContain(`body ${reason}`))
  socket.destroy()
}

async function refusalsOf(
  settings: Settings,
  work: (server: TestSandbox) => Promise<void>,
): Promise<string[]> {
  const server = await createSandbox(settings)
  await work(server)
  return refusalsIn(server)
}

test('every reason of core and the server is listed at its stage', async () => {
  const mistakes = MISTAKES.flatMap(([, all]) => all).filter(({ settings }) => !settings)
  const seen = new Set([
    ...(await refusalsOf({}, async (server) => {
      for (const { sent } of mistakes) {
        const length = sent.headers['Content-Length'] ?? Buffer.byteLength(sent.body)
        const fits = Number(length) === Buffer.byteLength(sent.body)
        if (fits) await send(server, endpoints[0]!, { ...sent })
      }
    })),
    ...(await refusalsOf({ maxBody: 5000, bodyTimeout: 100 }, async (server) => {
      for (const endpoint of endpoints) {
        for (const made of REFUSED) {
          await send(server, endpoint, { body: endpoint.body, ...made(endpoint.body) })
        }
      }
      for (const bytes of BYTES) await raw(server, bytes)
      await sendPart(server, 'body.too-slow')
    })),
    ...(await refusalsOf({}, (server) => sendPart(server, 'body.aborted'))),
    ...(await refusalsOf({ autoSandboxes: true }, async (server) => {
      await raw(
        server,
        'GET /~Not-A-Name/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      )
    })),
    ...(await refusalsOf({ profile: { all: 'strict' } }, async (server) => {
      for (const endpoint of endpoints) {
        const body = endpoint.body.replace(/"email(Address)?":\s*"[^"]*"/i, '"$1": "no-address"')
        await send(server, endpoint, { body })
        await send(server, endpoint, { body: `<?xml version="1.0" encoding="utf-16"?>${body}` })
      }
    })),
  ])
  const ofCore = [...seen].filter((one) => !OF_SLICES.has(one.split(' ')[1]!))
  expect(ofCore.filter((one) => !listed.includes(one))).toEqual([])
  expect(listed.filter((one) => !seen.has(one) && !NOT_PROVOKED.has(one))).toEqual([])
})
