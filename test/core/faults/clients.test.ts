import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BODY_FAULTS, CONNECTIONS, OUTCOMES } from '../../../src/core/fault.ts'
import { SHORT_WORDS } from '../../../src/core/faults/short-form.ts'
import { createCaller, creation, named } from '../../helpers/caller.ts'
import { xmlEndpoint } from '../../helpers/raw-requests.ts'
import { createSandbox, fixture, type TestSandbox } from '../../helpers/sandbox.ts'
import { CLIENTS, FAULTS, PATIENCE, type Client, type Fault } from './catalogue.ts'
import type { Seen, ToSend } from './clients/batch.ts'

const HERE = fileURLToPath(new URL('clients/', import.meta.url))
const NODE = [process.execPath, '--import', import.meta.resolve('tsx')]

/** Milliseconds until created-later has created the user. */
const LATER = 6000

/** The command of each client: a program that reads a list of requests from stdin. */
const PROGRAMS: Readonly<Record<Client, readonly string[]>> = {
  'Node fetch': [...NODE, `${HERE}node.ts`],
  'Node http': [...NODE, `${HERE}node.ts`],
  curl: [...NODE, `${HERE}curl.ts`],
  'http.client': ['python3', `${HERE}python.py`],
  urllib: ['python3', `${HERE}python.py`],
}

// All clients run in parallel, each with its own server, since they mostly wait.
test('each client reports each fault as the table says, and exactly the users of the table exist', async () => {
  const observed = await Promise.all(
    CLIENTS.map(async (client) => {
      const rows = new Map<Fault, Row>()
      let left = FAULTS
      // Those that differ are tried again: on a busy machine a client may give up too early.
      for (let tries = 0; tries < 3 && left.length > 0; tries++) {
        for (const [i, row] of (await observe(client, left)).entries()) rows.set(left[i]!, row)
        left = left.filter(
          (fault) => inWords(rows.get(fault)!) !== inWords(expectedOf(client, fault)),
        )
      }
      return FAULTS.map((fault) => rows.get(fault)!)
    }),
  )

  const expected = CLIENTS.map((client) => FAULTS.map((fault) => expectedOf(client, fault)))
  // Flat, so that a failure shows the differing rows.
  expect(observed.flat().map(inWords)).toEqual(expected.flat().map(inWords))
})

/** Has a client send a request with each of these faults, and returns what it and the state show. */
async function observe(client: Client, asked: readonly Fault[]): Promise<Row[]> {
  const sandbox = await createSandbox()
  const caller = createCaller(sandbox)
  for (const [i, fault] of asked.entries()) {
    if (fault.taken) await caller.create('cryptlex', named('cryptlex', `ada${i}`))
  }
  const reports = await run(client, sandbox, asked.map(requestFor))
  const { faults } = sandbox.sandbox
  expect(faults.list().filter(({ fired }) => fired === 0)).toEqual([])

  await sandbox.sandbox.turnClock(() => ({ ahead: LATER }))
  return asked.map(({ short, seen }, i) => {
    const report = reports[i]!.map(formatted).join(', then ')
    const isAllowed = [seen[client]].flat().includes(report)
    const users = usersNamed(sandbox, `ada${i}@`)
    return { client, short, seen: isAllowed ? seen[client] : report, users }
  })
}

function expectedOf(client: Client, { short, seen, created }: Fault): Row {
  const users = { no: 0, yes: 1, later: 1, twice: 2 }[created]
  return { client, short, seen: seen[client], users }
}

test('the table has every word of the short form, every connection, body and outcome', () => {
  const words = FAULTS.flatMap(({ short }) => short.split(/;|=|commit-/))
  const all = [...SHORT_WORDS, ...CONNECTIONS, ...BODY_FAULTS, ...OUTCOMES]
  expect(all.filter((word) => !words.includes(word))).toEqual([])
})

test('a request on a connection that a fault has ended is not executed', async () => {
  const sandbox = await createSandbox()
  const faults = ['close', 'close-after', 'cut', 'wrong-length', 'bad-chunk', 'slow-body;bytes=200']
  await Promise.all(faults.map((fault, i) => sentTwice(sandbox, fault, i)))
  expect(faults.map((_, i) => usersNamed(sandbox, `first${i}@`))).toEqual([0, 1, 1, 1, 1, 1])
  expect(usersNamed(sandbox, 'second')).toBe(0)
})

interface Row {
  readonly client: Client
  readonly short: string
  readonly seen: Fault['seen'][Client]
  readonly users: number
}

const inWords = ({ client, short, seen, users }: Row) =>
  `${client} ${short}: ${[seen].flat().join(' or ')}, ${users} users`

/** Builds a good create call for `ada<i>` that requests this fault. */
function requestFor({ short, at = 'cryptlex', next, slow }: Fault, i: number): ToSend {
  const good = goodRequest(at, `ada${i}`)
  const another = { headers: good.headers, body: goodRequest(at, `ada${i}.another`).body }
  const again = { headers: good.headers, body: good.body }
  return {
    ...good,
    headers: { ...good.headers, 'Standin-Fault': short },
    patience: slow ? PATIENCE : 15_000,
    ...(next === undefined ? {} : { next: next === 'again' ? again : another }),
  }
}

function goodRequest(at: Fault['at'], name: string): Omit<ToSend, 'patience' | 'next'> {
  if (at === 'xml') {
    const body = fixture('formsonfire.xml').replace('ada@', `${name}@`).replace('ada-1815', name)
    return {
      path: xmlEndpoint.path,
      headers: { 'Content-Type': 'application/xml' },
      body,
      type: 'application/xml',
    }
  }
  const api = at === 'protobuf' ? 'mykaarma' : 'cryptlex'
  const type = at === 'protobuf' ? 'application/x-protobuf' : 'application/json'
  const { path, headers, body } = creation(api, named(api, name))
  return {
    path,
    headers: { ...headers, 'Content-Type': 'application/json', Accept: type },
    body: JSON.stringify(body),
    type,
  }
}

async function run(client: Client, { url }: TestSandbox, list: readonly ToSend[]) {
  const [program = '', ...args] = PROGRAMS[client]
  const kind = client === 'Node fetch' ? 'fetch' : client
  const child = spawn(program, [...args, url, kind], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(list))
  return JSON.parse(await text(child.stdout)) as Seen[][] // the program wrote it so
}

/** Formats a report: a status or an error and, where the client read an id, whether it found one. */
function formatted({ seen, id }: Seen): string {
  if (id === undefined || !seen.startsWith('2')) return seen
  if (id === '') return `${seen}, no id`
  return /^[0-9a-f-]{36}$/.test(id) ? seen : `${seen}, a wrong id`
}

function usersNamed({ sandbox: { store } }: TestSandbox, start: string): number {
  return (['mykaarma', 'cryptlex', 'formsonfire'] as const).flatMap((api) =>
    store
      .collection(`${api}.users`)
      .all()
      // Each API has its own name for the id.
      .filter((row) => JSON.stringify(row).includes(`"${start}`)),
  ).length
}

/** Sends a second request when the server has ended the connection, and waits until it is gone. */
function sentTwice({ port }: TestSandbox, fault: string, i: number): Promise<void> {
  const { path, headers, body } = goodRequest('cryptlex', `first${i}`)
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const second = goodRequest('cryptlex', `second${i}`)
    socket.on('end', () => socket.end(inBytes(path, headers, second.body)))
    socket.on('error', () => {}) // a reset is an end too
    socket.on('close', () => resolve())
    socket.resume()
    socket.write(inBytes(path, { ...headers, 'Standin-Fault': fault }, body))
  })
}

function inBytes(path: string, headers: ToSend['headers'], body: string): string {
  const all = { Host: 'localhost', ...headers, 'Content-Length': Buffer.byteLength(body) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}
