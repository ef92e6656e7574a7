import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { connectStandin, startStandin, type StandinOptions } from '../../src/index.ts'
import { createFolder, fixture } from '../helpers/sandbox.ts'
import { LONG } from '../helpers/time.ts'
import { closing, create, created, TOKEN } from './helpers.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const NOON = '2026-01-15T12:00:00.000Z'
const run = promisify(execFile)

const start = async (options?: StandinOptions) => closing(await startStandin(options))

describe('startStandin', () => {
  test.each([NOON, new Date(NOON), Date.parse(NOON)])('holds the clock at %s', async (clock) => {
    const standin = await start({ clock })
    expect((await standin.clock.now()).toISOString()).toBe(NOON)
    expect(await standin.clock.isHeld()).toBe(true)
  })

  test('takes a profile as text or by API', async () => {
    for (const profile of ['cryptlex=strict', { all: 'documented', cryptlex: 'strict' }] as const) {
      const standin = await start({ profile })
      expect((await create(standin, 'cryptlex', 'ada', { role: 'nobody' })).status).toBe(400)
      expect((await create(standin, 'mykaarma', 'ada', { dealerUUID: 'none' })).status).toBe(200)
    }
  })

  test('generates the same users from the same seed', async () => {
    const people = async (seed: number) => {
      const standin = await start({ seed })
      await standin.users.seed(2)
      return (await standin.users.list()).map(({ id, email }) => [id, email])
    }
    expect(await people(7)).toEqual(await people(7))
    expect(await people(7)).not.toEqual(await people(8))
  })

  test('takes fixtures as an object or a file', async () => {
    const fixtures = { cryptlex: { tokens: [{ token: 'mine', scopes: ['reseller:user:create'] }] } }
    const path = join(createFolder(), 'fixtures.json')
    writeFileSync(path, JSON.stringify(fixtures))
    for (const given of [fixtures, path]) {
      const standin = await start({ fixtures: given })
      expect(standin.credentials.cryptlex.token).toBe('mine')
      await created(standin)
    }
  })

  test('takes faults as text, short forms or definitions', async () => {
    for (const faults of ['503;times=1', ['503;times=1'], [{ status: 503, times: 1 }]]) {
      const standin = await start({ faults })
      expect((await create(standin)).status).toBe(503)
      expect((await create(standin)).status).toBe(201)
    }
    const standin = await start({ faults: 'off' })
    await expect(standin.faults.add('500')).rejects.toThrow('Faults are off')
  })

  test('takes an admin token, which every other client then needs', async () => {
    const { url } = await start({ adminToken: TOKEN })
    await expect(connectStandin(url)).rejects.toMatchObject({ status: 401 })
    await (await connectStandin({ url, adminToken: TOKEN })).close()
    const open = await start({ adminToken: 'none' })
    await (await connectStandin(open.url)).close()
  })

  test('stores the state in a folder, where the next start loads it', async () => {
    const data = createFolder()
    const first = await startStandin({ data })
    await created(first)
    await first.close()
    expect(await (await start({ data })).users.list()).toHaveLength(1)
  })

  test('refuses unknown options and invalid values', async () => {
    const refused = (options: object) => startStandin(options)
    await expect(refused({ sed: 1 })).rejects.toThrow('"sed" is not an option; did you mean seed?')
    await expect(refused({ profile: 'strct' })).rejects.toThrow('profile must be documented or ')
    await expect(refused({ clock: new Date(NaN) })).rejects.toThrow('clock must be a time with ')
    await expect(refused({ faults: ['6OO'] })).rejects.toThrow('"6OO" is not a part of a fault')
    await expect(refused({ fixtures: { cryptlx: {} } })).rejects.toThrow('cryptlx')
    await expect(refused({ adminToken: 'short' })).rejects.toThrow(
      'adminToken must have at least 8 ASCII characters without spaces, or be none, got 5 char',
    )
  })

  test('starts servers that share nothing', async () => {
    const [one, other] = await Promise.all([start(), start()])
    await created(one)
    expect(one.url).not.toBe(other.url)
    expect(await other.users.list()).toEqual([])
  })

  test('stops the server at the end of an await using block', async () => {
    let url: string
    {
      await using standin = await startStandin()
      url = standin.url
      await created(standin)
    }
    await expect(connectStandin(url)).rejects.toMatchObject({ reason: 'server.unreachable' })
  })
})

/** Runs a program that uses the built package, and returns its output. */
async function program(text: string, ...flags: string[]): Promise<string> {
  const args = [...flags, '--input-type=module', '--eval', text]
  return (await run(process.execPath, args, { cwd: ROOT, timeout: LONG.timeout - 10_000 })).stdout
}

describe('resource use', () => {
  test('200 starts and stops leak no handles and no memory', LONG, async () => {
    const printed = await program(
      `
      import { request } from 'node:http'
      import { existsSync, readFileSync } from 'node:fs'
      import { startStandin } from 'standin'
      const body = ${JSON.stringify(fixture('cryptlex.json'))}
      const heap = []
      const took = []
      const open = () =>
        process.getActiveResourcesInfo().filter((name) => /Server|Timeout|FS/.test(name))
      // Without the time in which other programs had the processor, which Linux counts.
      const schedule = '/proc/self/schedstat'
      const waited = () =>
        existsSync(schedule) ? Number(readFileSync(schedule, 'utf8').split(' ')[1]) / 1e6 : 0
      const now = () => performance.now() - waited()
      for (let i = 1; i <= 200; i++) {
        const before = now()
        const standin = await startStandin()
        took.push(now() - before)
        const sandbox = await standin.sandbox()
        const { authorization } = sandbox.credentials.cryptlex
        const headers = { 'Content-Type': 'application/json', Authorization: authorization }
        const url = sandbox.urls.cryptlex + '/resellers/reseller-001/users'
        // Node's client keeps connections alive, which must not delay the close.
        const status = await new Promise((resolve, reject) => {
          const sent = request(url, { method: 'POST', headers }, (answer) => {
            answer.resume().on('end', () => resolve(answer.statusCode))
          })
          sent.on('error', reject).end(body)
        })
        if (status !== 201) throw new Error('It answered ' + status)
        await sandbox.webhooks.await()
        await standin.close()
        if (i % 50 === 0) {
          // The client sees the end of its connection a moment after the server closed it.
          for (let wait = 0; wait < 500 && (wait === 0 || open().length > 0); wait++) {
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
          gc()
          heap.push(process.memoryUsage().heapUsed)
        }
      }
      console.log(JSON.stringify({ heap, open: open(), took: took.slice(1).sort((a, b) => a - b) }))
      `,
      '--expose-gc',
    )
    // The program has ended by itself, so nothing listens any more.
    const { heap, open, took } = JSON.parse(printed) as {
      readonly heap: readonly [number, number, number, number]
      readonly open: readonly string[]
      readonly took: readonly number[]
    }
    const median = took[100]!
    console.log(`median start ${median.toFixed(1)} ms; heap ${heap.map((n) => n >> 10)} KiB`)
    expect(open).toEqual([])
    expect(took[100]).toBeLessThan(150)
    expect(heap[3] - heap[1]).toBeLessThan(100 * 6 * 1024)
  })

  test('connectStandin does not load the server', async () => {
    await using standin = await startStandin()
    const printed = await program(`
      import { connectStandin } from 'standin'
      const standin = await connectStandin('${standin.url}')
      console.log((await standin.users.list()).length, process.memoryUsage().rss >> 20)
    `)
    // The program has ended by itself, although the client was not closed.
    expect(printed).toMatch(/^0 \d+\n$/)
    expect(Number(printed.split(' ')[1])).toBeLessThan(70)
  })
})

test('the exported types are those of the contracts', async () => {
  const folder = createFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/standin'))
  symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const compilerOptions = { strict: true, module: 'nodenext', target: 'es2024', noEmit: true }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, types: ['node'] }, include: ['*.ts'] }),
  )
  writeFileSync(
    join(folder, 'use.ts'),
    `import { connectStandin, startStandin, verifyWebhook } from 'standin'
import type { admin, cryptlex, formsonfire, mykaarma, Standin, StandinOptions } from 'standin'

const options: StandinOptions = { seed: 1, clock: new Date(), profile: 'strict', faults: ['500'] }
const standin: Standin = await startStandin(options)
const fault: admin.Fault = await standin.faults.add({ status: 500, times: 2 })
const user: cryptlex.NewUser = {
  firstName: 'Ada', email: 'ada@example.test', role: 'user', allowCustomerPortalAccess: true, password: 'x',
}
const other: Partial<mykaarma.NewUser> = { firstName: 'Ada' }
const third: Partial<formsonfire.User> = { FirstName: 'Ada' }
const event = (given: cryptlex.UserCreatedEvent): string => given.event
const requests: admin.RecordedRequest[] = await standin.requests.list({ status: 201 })
const verified: boolean = verifyWebhook('', {}, 'secret').verified
await using elsewhere = await connectStandin({ url: standin.urls.cryptlex, adminToken: undefined })
// @ts-expect-error -- there is no such state
await standin.webhooks.await({ state: 'lost' })
// @ts-expect-error -- a fault has no such field
await standin.faults.add({ stauts: 500 })
export { elsewhere, event, fault, other, requests, third, user, verified }
`,
  )
  const { stdout } = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
    (error: { stdout: string }) => error,
  )
  expect(stdout).toBe('')
})
