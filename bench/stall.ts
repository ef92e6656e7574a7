// npm run bench:stall [-- --rounds 3 --users 100000 --deliveries 100000 --requests 1000
//   --only users]
//
// Measures how long calls of the admin API delay requests to other sandboxes. A separate process
// calls another sandbox every few milliseconds while one call runs. The duration of the longest of
// its calls is the wait. Prints one Markdown table with the shortest wait of all rounds for each
// call, because other programs can only make a wait longer. The first row is the wait without any
// call.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { get, request, Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MAIN, start, stop, type Running } from './program.ts'

/** Milliseconds between two calls of the probe. */
const PROBE_INTERVAL = 2
/** Id of the subscription of the pending deliveries; its URL has no receiver. */
const SUBSCRIPTION = 'stall-subscription'

interface Answer {
  readonly status: number
  readonly text: string
}

/** One call of the admin API, or of a vendor's. */
interface Step {
  readonly title: string
  readonly method: string
  readonly path: string
  readonly body?: string
}

interface Row {
  readonly scene: string
  readonly title: string
  readonly status: number
  readonly took: number
  readonly wait: number
}

// --- the probe ---------------------------------------------------------------------------------

/**
 * Calls another sandbox repeatedly. Answers each message with the duration of the longest call
 * since the previous message.
 */
function probe(port: number): void {
  const agent = new Agent({ keepAlive: true })
  let worst = 0
  const beat = () => {
    const began = performance.now()
    get({ port, path: '/~other/_standin/clock', agent }, (message) => {
      message.resume()
      message.on('end', () => {
        worst = Math.max(worst, performance.now() - began)
        setTimeout(beat, PROBE_INTERVAL)
      })
    }).on('error', () => setTimeout(beat, 20))
  }
  beat()
  process.on('message', () => {
    process.send!(worst) // this process is forked
    worst = 0
  })
  process.on('disconnect', () => process.exit())
}

// --- the measurement ---------------------------------------------------------------------------

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      users: { type: 'string', default: '100000' },
      deliveries: { type: 'string', default: '100000' },
      requests: { type: 'string', default: '1000' },
      only: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds)
  const scenes = {
    requests: () =>
      measure(`${values.requests} requests × 8 KB`, rounds, requestSteps, (port) =>
        fillRequests(port, Number(values.requests)),
      ),
    users: () =>
      measure(`${values.users} users`, rounds, stateSteps, (port) =>
        fillState(port, Number(values.users), 0),
      ),
    deliveries: () =>
      measure(`${values.deliveries} pending deliveries`, rounds, deliverySteps, (port) =>
        fillState(port, 0, Number(values.deliveries)),
      ),
  }
  const rows: Row[] = []
  for (const [name, run] of Object.entries(scenes)) {
    if (values.only === undefined || values.only === name) rows.push(...(await run()))
  }
  console.log('| state | call | status | took ms | others wait ms |')
  console.log('| --- | --- | ---: | ---: | ---: |')
  for (const { scene, title, status, took, wait } of rows) {
    console.log(`| ${scene} | ${title} | ${status} | ${took.toFixed(0)} | ${wait.toFixed(0)} |`)
  }
}

/** Measures each step on a server of its own, which `fill` prepares. */
async function measure(
  scene: string,
  rounds: number,
  steps: (port: number) => Promise<readonly Step[]>,
  fill: (port: number) => Promise<void>,
): Promise<readonly Row[]> {
  const args = ['--port', '0', '--memory', '--webhook-url', 'none', '--log', 'off']
  const running: Running = await start([MAIN, ...args])
  const { port } = running
  process.once('exit', () => running.child.kill())
  await call(port, 'POST', '/_standin/sandboxes', '{"name":"other"}')
  await fill(port)
  const child = fork(fileURLToPath(import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, STALL_PROBE: String(port) },
  })
  const worst = async () => {
    child.send('report')
    const [wait] = (await once(child, 'message')) as [number]
    return wait
  }
  await worst()
  await pause(500)
  const rows: Row[] = []
  const idle: Step = { title: '(none)', method: '', path: '' }
  for (const step of [idle, ...(await steps(port))]) {
    let best: Row | undefined
    for (let round = 0; round < rounds; round++) {
      await pause(100)
      await worst()
      const began = performance.now()
      const { status } =
        step === idle ? await pause(500, { status: 0 }) : await callStep(port, step)
      const took = performance.now() - began
      if (status >= 400 && !step.title.includes('refused')) continue // done by an earlier round
      await pause(40)
      const wait = await worst()
      if (!best || wait < best.wait) best = { scene, title: step.title, status, took, wait }
    }
    if (best) rows.push(best)
  }
  child.disconnect()
  await stop(running)
  return rows
}

function callStep(port: number, { method, path, body }: Step): Promise<Answer> {
  return call(port, method, path, body)
}

function call(port: number, method: string, path: string, body?: string): Promise<Answer> {
  const authorization = { Authorization: 'Bearer standin-token' }
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' }
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, method, path, headers: { ...authorization, ...type } },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

// --- the states --------------------------------------------------------------------------------

async function fillRequests(port: number, count: number): Promise<void> {
  const pad = 'password=abc '.repeat(615)
  for (let i = 0; i < count; i++) {
    const body = { firstName: 'Ada', lastName: 'B', email: `l${i}@example.test`, role: 'user', pad }
    await call(port, 'POST', '/v3/resellers/reseller-001/users', JSON.stringify(body))
  }
}

/** A state with this number of users in all APIs together, and of pending deliveries. */
async function fillState(port: number, users: number, deliveries: number): Promise<void> {
  await call(port, 'POST', '/_standin/seed', '{"users":1}')
  const state = JSON.parse((await call(port, 'GET', '/_standin/state')).text) as Record<
    string,
    Record<string, object[]>
  >
  const vendors = Object.entries(state).filter(([, tables]) => Array.isArray(tables['users']))
  for (const [, tables] of vendors) {
    const [user] = tables['users']!
    tables['users'] = Array.from({ length: Math.floor(users / vendors.length) }, (_, i) =>
      copyOf(user!, i),
    )
  }
  const createdAt = Date.now()
  const nextAt = createdAt + 86_400_000
  const sample = {
    event: 'user.created',
    subscription: SUBSCRIPTION,
    url: 'http://127.0.0.1:1/hook',
    body: JSON.stringify({ text: 'x'.repeat(300) }),
    createdAt,
    state: 'pending',
    nextAt,
    attempts: [],
  }
  state['webhooks'] = {
    subscriptions: [subscription(createdAt)],
    deliveries: Array.from({ length: deliveries }, (_, i) => ({ id: `whd_${i}`, ...sample })),
  }
  const { status, text } = await call(port, 'PUT', '/_standin/state', JSON.stringify(state))
  if (status !== 200) throw new Error(text)
}

function subscription(at: number): object {
  return {
    id: SUBSCRIPTION,
    name: 'Stall',
    url: 'http://127.0.0.1:1/hook',
    token: 'secret',
    active: true,
    events: ['user.created'],
    status: 'Healthy',
    failures: 0,
    createdAt: at,
    updatedAt: at,
  }
}

/** Returns a copy of the user with other values in the unique fields. */
function copyOf(user: object, i: number): object {
  const dash = (text: string) => `${i.toString(16).padStart(8, '0')}${text.slice(8)}`
  return Object.fromEntries(
    Object.entries(user).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'string') return [name, value]
      if (value.includes('@')) return [name, `user${i}@example.test`]
      if (/^id$|uuid$|externalkey$/i.test(name)) return [name, dash(value)]
      return [name, /user_?name/i.test(name) ? `user${i}` : value]
    }),
  )
}

// --- the calls ---------------------------------------------------------------------------------

const read = (path: string): Step => ({
  title: `GET ${path.replace('/_standin', '')}`,
  method: 'GET',
  path,
})

/** Calls that are measured with every state. */
const COMMON = ['health', 'ready', 'metrics', 'sandboxes', 'deliveries'].map((name) =>
  read(`/_standin/${name}`),
)

async function requestSteps(): Promise<readonly Step[]> {
  const expectations = Array.from({ length: 100 }, (_, i) => ({
    match: { fields: { email: `l${i}@example.test` } },
    count: { exactly: 1 },
  }))
  return await Promise.resolve([
    ...COMMON,
    read('/'),
    read('/_standin/requests'),
    read('/_standin/requests?limit=1000'),
    read('/_standin/requests?text=zzz'),
    read('/_standin/requests?email=l7@example.test'),
    read('/_standin/requests?limit=1000&format=har'),
    read('/_standin/requests?limit=1000&format=curl'),
    read('/_standin/requests/await?text=zzz&timeout=10ms'),
    {
      title: 'POST /verify (100 expectations)',
      method: 'POST',
      path: '/_standin/verify',
      body: JSON.stringify({ expectations }),
    },
    { title: 'DELETE /requests', method: 'DELETE', path: '/_standin/requests' },
  ])
}

async function stateSteps(port: number): Promise<readonly Step[]> {
  const { text } = await call(port, 'GET', '/_standin/state')
  const { users } = JSON.parse((await call(port, 'GET', '/_standin/users?limit=1')).text) as {
    users: [{ api: string; id: string }]
  }
  const [{ api, id }] = users
  const snapshot = (method: string, rest = '', name = 'stall'): Step => {
    const path = `/_standin/snapshots/${name}${rest}`
    return { title: `${method} ${path.replace('/_standin', '')}`, method, path }
  }
  return [
    ...COMMON,
    read('/_standin/users'),
    read('/_standin/users?limit=1000'),
    read('/_standin/users?limit=1000&after=formsonfire:33000'),
    read('/_standin/users?email=user7@example.test'),
    read(`/_standin/users/${api}/${id}`),
    read('/_standin/ledger'),
    read('/_standin/ledger?email=user7@example.test'),
    read('/_standin/state'),
    { title: 'PUT /state', method: 'PUT', path: '/_standin/state', body: text },
    { title: 'PUT /state (refused)', method: 'PUT', path: '/_standin/state', body: `${text}}` },
    snapshot('PUT'),
    snapshot('GET', '/diff'),
    snapshot('POST', '/restore'),
    read('/_standin/snapshots'),
    snapshot('DELETE'),
    { title: 'POST /seed', method: 'POST', path: '/_standin/seed', body: '{"users":1000}' },
    { title: 'POST /reset', method: 'POST', path: '/_standin/reset' },
  ]
}

async function deliverySteps(port: number): Promise<readonly Step[]> {
  const { text } = await call(port, 'GET', '/_standin/state')
  return [
    ...COMMON,
    read('/_standin/deliveries?state=delivered'),
    read('/_standin/deliveries?limit=1000&after=whd_90000'),
    read('/_standin/deliveries/whd_7'),
    read('/_standin/deliveries/await?timeout=10ms'),
    { title: 'POST /settle', method: 'POST', path: '/_standin/settle', body: '{"timeout":"10ms"}' },
    read('/_standin/state'),
    { title: 'PUT /state', method: 'PUT', path: '/_standin/state', body: text },
    { title: 'POST /reset', method: 'POST', path: '/_standin/reset' },
  ]
}

const probedPort = process.env['STALL_PROBE']
if (probedPort === undefined) await main()
else probe(Number(probedPort))
