import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { APIS, creation, type Api, type Sent } from '../helpers/caller.ts'
import { expectUpToDate, readDocument, rebuilt, runInShell } from '../helpers/document.ts'
import { createSandbox, type TestSandbox } from '../helpers/sandbox.ts'
import { eventually } from '../helpers/time.ts'
import { faultTables, magicAddresses } from '../core/faults/tables.ts'

const PAGE = 'docs/faults.md'
const REFERENCE = 'docs/fault-reference.md'
const PAGES = [PAGE, 'docs/fault-counts.md', 'docs/fault-outcomes.md', REFERENCE]

/** The block that starts the server of each page; the test starts one. */
const NOT_RUN = 'npm start -- --memory --clock 2026-01-15T09:30:00Z'

/** `npx vitest run test/docs/faults.test.ts -u` rewrites the outputs and tables. */
test.each(PAGES)('%s shows the real outputs of its commands', async (path) => {
  const tables = path === REFERENCE ? await faultTables(await createSandbox()) : {}
  const { url, port } = await createSandbox({ clock: Date.parse('2026-01-15T09:30:00Z') })
  const env = { STANDIN_PORT: String(port), STANDIN_CLOCK: '2026-01-15T09:30:00Z' }
  const run = (block: string) =>
    block === NOT_RUN ? undefined : runInShell(block.replaceAll('http://localhost:4020', url), env)
  const document = await rebuilt(readDocument(path), run, tables)
  await expectUpToDate(path, document)
})

test(`the program in ${PAGE} runs`, async () => {
  const [, program = ''] = /^```js\n(.*?)^```$/ms.exec(readDocument(PAGE)) ?? []
  expect(program).toContain('standin.faults.add(')
  expect(await runInShell(`node --input-type=module <<'END'\n${program}\nEND`, {})).toBe('')
})

test(`the --faults options in ${PAGE} arm the faults that they name`, async () => {
  const shown = [...readDocument(PAGE).matchAll(/`--faults '([^`]+)'`/g)].map(([, value]) => value!)
  const armed = await Promise.all(
    shown.map(async (value) => {
      const { faults } = readConfig(['--faults', value], {}).config
      const { sandbox } = await createSandbox({ faults })
      return sandbox.faults.list().map(({ definition }) => definition)
    }),
  )
  expect(armed).toEqual([
    [{ status: 500, times: 2, api: 'cryptlex' }, { delay: '1s' }],
    [{ connection: 'reset', operation: 'createUser' }],
  ])
})

test('every short form in the pages is valid', async () => {
  const { sandbox } = await createSandbox()
  const text = PAGES.map(readDocument).join('\n')
  const columns = [...text.matchAll(/^\|[^|]*\| (`[^|]*`) +\|/gm)]
  const shown = columns.flatMap(([, cell]) => [...cell!.matchAll(/`([\w-]+(?:[;=][^`]*)?)`/g)])
  const forms = [...new Set(shown.map(([, form]) => form!))].filter((form) =>
    /[;=]|^\d{3}$/.test(form),
  )
  expect(forms.length).toBeGreaterThan(12)
  // A counting field alone is not a fault.
  for (const form of forms) sandbox.faults.add(/^(times|retry)/.test(form) ? `500;${form}` : form)
})

test.each(APIS)('each magic address of the table fires at %s', async (api) => {
  const server = await createSandbox()
  const { faults } = server.sandbox
  const addresses = magicAddresses()
  const sockets = addresses.map(({ address }, i) =>
    sent(server, creation(api, person(api, address, i))),
  )
  await eventually(() => {
    expect(faults.list().filter(({ eligible }) => eligible === 1)).toHaveLength(addresses.length)
  })
  for (const socket of sockets) socket.destroy()

  const read = (await createSandbox()).sandbox.faults
  const inOrder = (effects: readonly object[]) =>
    effects.map((one) => JSON.stringify(one)).toSorted()
  expect(inOrder(faults.list().map(({ effect }) => effect))).toEqual(
    inOrder(addresses.map(({ short }) => read.add(short).effect)),
  )
  expect(new Set(faults.list().map(({ origin }) => origin))).toEqual(new Set(['magic']))
})

/** Returns unique names, so that only the fault can refuse the request. */
function person(api: Api, address: string, i: number): object {
  if (api === 'mykaarma') return { emailAddress: address, username: `ada${i}` }
  return api === 'cryptlex' ? { email: address } : { Email: address, ExternalId: `ada${i}` }
}

/** Sends a request on its own connection and ignores the result. */
function sent({ port }: TestSandbox, { path, headers, body }: Sent): Socket {
  const text = JSON.stringify(body)
  const all = { ...headers, 'Content-Type': 'application/json', 'Content-Length': text.length }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}) // some faults reset the connection
  socket.resume()
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n${text}`)
  return socket
}
