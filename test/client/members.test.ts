import { describe, expect, test } from 'vitest'
import { ExpectationError, StandinError, verifyWebhook } from '../../src/index.ts'
import { APIS } from '../helpers/caller.ts'
import { create, CREATED_EVENT, created, WAYS } from './helpers.ts'

const NOON = '2026-01-15T12:00:00.000Z'

/** Returns the error with which a promise is rejected; throws if it is fulfilled. */
async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error // nothing else is thrown
  }
  throw new Error('It was fulfilled')
}

describe.each(WAYS)('$way', ({ open }) => {
  test('urls and credentials are accepted by every API', async () => {
    const standin = await open()
    for (const api of APIS) {
      expect(standin.urls[api].startsWith(`${standin.url}/`)).toBe(true)
      await created(standin, api)
    }
    const { username, password } = standin.credentials.mykaarma
    expect(standin.credentials.mykaarma.authorization).toBe(
      `Basic ${btoa(`${username}:${password}`)}`,
    )
    expect(standin.credentials.cryptlex.authorization).toBe(
      `Bearer ${standin.credentials.cryptlex.token}`,
    )
    expect(standin.credentials.formsonfire.CompanyId).toBe(1815)
  })

  test('faults are added, listed, changed, replaced and removed', async () => {
    const { faults } = await open()
    const short = await faults.add('503;times=1')
    const whole = await faults.add({ status: 401, match: { fields: { role: 'nobody' } } })
    expect((await faults.list()).map(({ id }) => id)).toEqual([short.id, whole.id])
    expect(await faults.get(whole.id)).toMatchObject({ fault: '401', fired: 0 })
    expect(await faults.change(whole.id, '409')).toMatchObject({ id: whole.id, fault: '409' })
    expect(await faults.remove(whole.id)).toMatchObject({ id: whole.id })
    expect(await faults.replace(['500;times=2', { status: 404 }])).toHaveLength(2)
    expect(await faults.clear()).toHaveLength(2)
    expect(await faults.list()).toEqual([])
  })

  test('a fault fires, and an unfired one has its nearest miss', async () => {
    const standin = await open()
    await standin.faults.add('503;times=1')
    const other = await standin.faults.add({ status: 401, match: { fields: { role: 'nobody' } } })
    expect((await create(standin)).status).toBe(503)
    expect((await create(standin)).status).toBe(201)
    const [unfired, ...more] = await standin.faults.unfired()
    expect(unfired).toMatchObject({ id: other.id, nearestMiss: { why: /role/ } })
    expect(more).toEqual([])
  })

  test('requests are filtered, shown, exported and cleared', async () => {
    const standin = await open()
    const { requests } = standin
    const ids = [await created(standin, 'mykaarma'), await created(standin)]
    expect((await create(standin)).status).toBe(409)
    expect((await requests.list()).map(({ answer }) => answer.status)).toEqual([200, 201, 409])
    expect(await requests.list({ status: 409 })).toHaveLength(1)
    expect(await requests.list({ status: '2xx', api: 'cryptlex' })).toMatchObject([{ id: ids[1] }])
    expect(await requests.list({ email: 'ada@example.test', limit: 2 })).toHaveLength(2)
    expect(await requests.list({ last: 1 })).toMatchObject([{ answer: { status: 409 } }])
    expect(await requests.list({ since: ids[0]! })).toHaveLength(2)
    expect(await requests.list({ since: new Date('2100-01-01') })).toEqual([])
    expect(await requests.get(ids[1]!)).toMatchObject({ operation: 'createResellerUser' })
    expect(await requests.curl(ids[1])).toMatch(/^curl .*\/v3\/resellers/m)
    expect((await requests.curl({ status: 201 })).match(/^curl /gm)).toHaveLength(1)
    expect((await requests.har()).log.entries).toHaveLength(3)
    expect((await requests.har(ids[0])).log.entries).toHaveLength(1)
    expect(await requests.clear()).toBe(3)
    expect(await requests.list()).toEqual([])
  })

  test('a request is explained as data and as text', async () => {
    const standin = await open()
    const id = (await create(standin, 'cryptlex', 'ada', { role: 7 })).headers.get(
      'Standin-Request-Id',
    )!
    const { summary, decisions } = await standin.requests.explain(id)
    expect(summary).toContain('role')
    expect(decisions.at(-1)).toMatchObject({ step: 'answer' })
    expect(await standin.requests.explainInWords(id)).toMatch(new RegExp(`^${id}: POST /.* 400\n`))
  })

  test('requests are awaited; a timeout reports the difference', async () => {
    const standin = await open()
    const wanted = { operation: 'createResellerUser', status: 201 }
    const waiting = standin.requests.await(wanted, { count: 2, timeout: '9m' })
    await created(standin)
    await created(standin, 'cryptlex', 'grace')
    expect((await waiting).requests).toHaveLength(2)

    const error = await rejection(standin.requests.await(wanted, { count: 3, timeout: '20ms' }))
    expect(error).toBeInstanceOf(ExpectationError)
    expect(error.message).toMatch(/^Expected requests did not arrive: 2 of 3/)
    const options = { count: 3, timeout: 20, throws: false }
    expect(await standin.requests.await(wanted, options)).toMatchObject({ fulfilled: false })
  })

  test('requests are verified; a failure reports the difference', async () => {
    const standin = await open()
    const id = await created(standin)
    const ada = {
      name: 'ada',
      operation: 'createResellerUser',
      match: { fields: { email: 'ada@example.test' } },
      count: { exactly: 1 },
    }
    expect(await standin.requests.verify(ada)).toMatchObject({ passed: true })
    await standin.requests.verify([ada, { api: 'mykaarma', count: { exactly: 0 } }])

    const alan = { name: 'alan', match: { fields: { email: 'alan@example.test' } } }
    const error = await rejection(standin.requests.verify([ada, alan]))
    expect(error).toBeInstanceOf(ExpectationError)
    expect(error).toMatchObject({ name: 'AssertionError', result: { passed: false } })
    expect(error.message).toContain('1 of 2 expectations failed\n- alan: ')
    expect(error.message).toContain('"ada@example.test", not "alan@example.test"')
    expect(await standin.requests.verify(alan, { throws: false })).toMatchObject({ passed: false })

    await created(standin, 'cryptlex', 'alan')
    await standin.requests.verify([ada, alan], { order: true })
    await rejection(standin.requests.verify([alan, ada], { order: true }))
    await rejection(standin.requests.verify(ada, { since: id }))
  })

  test('webhooks are awaited, shown, redelivered and received', async () => {
    const standin = await open()
    const { webhooks } = standin
    const mine = webhooks.inbox('mine')
    const { id: webhook } = await webhooks.subscribe({ url: mine.path, token: 'a-token' })
    expect((await webhooks.subscriptions()).map(({ id }) => id)).toContain(webhook)

    const requestId = await created(standin)
    const filter = { event: CREATED_EVENT, subscription: webhook }
    const { deliveries } = await webhooks.await({ ...filter, requestId })
    const { id, body, attempts } = deliveries[0]!
    expect(attempts).toMatchObject([{ status: 200 }])
    expect(await webhooks.delivery(id)).toMatchObject({ id, event: CREATED_EVENT })
    expect(await webhooks.deliveries(filter)).toHaveLength(1)

    const [received] = await mine.list()
    expect(received).toMatchObject({ body, status: 200, signature: { verified: true } })
    const headers = Object.fromEntries(received!.headers.map(([name, value]) => [name, value]))
    expect(verifyWebhook(received!.body, headers, 'a-token').verified).toBe(true)
    expect(verifyWebhook(received!.body, headers, 'another').failedAt).toBe('signature')

    await webhooks.redeliver(id)
    await webhooks.settle()
    await webhooks.redeliver(id, 'wrong-secret')
    await webhooks.settle()
    expect((await mine.list()).map(({ signature }) => signature?.verified)).toEqual([
      true,
      true,
      false,
    ])
    const tested = await webhooks.test({ subscription: webhook, fault: { kind: 'unsigned' } })
    await webhooks.await({ subscription: webhook }, { count: 2 })
    expect(tested.subscription).toBe(webhook)
    expect(await mine.list()).toHaveLength(4)
    await mine.clear()
    expect(await mine.list()).toEqual([])
    const check = await webhooks.check(tested.id)
    expect(check.signature).toMatchObject({ verified: false, failedAt: 'header' })
    expect(await webhooks.change(webhook, { active: false })).toMatchObject({ active: false })
    expect(await webhooks.unsubscribe(webhook)).toMatchObject({ id: webhook })
    expect((await webhooks.subscriptions()).map(({ id: one }) => one)).not.toContain(webhook)
  })

  test('a timeout lists the pending webhooks', async () => {
    const standin = await open()
    await standin.clock.hold()
    await standin.webhooks.subscribe(`${standin.webhooks.inbox('down').path}?status=500`)
    await created(standin)
    const filter = { event: CREATED_EVENT }
    // Waits until each was attempted once.
    await standin.webhooks.settle({ throws: false })
    const missed = await rejection(standin.webhooks.await(filter, { count: 9, timeout: '20ms' }))
    expect(missed).toBeInstanceOf(ExpectationError)
    expect(missed.message).toMatch(
      /^Waited 20ms for 9 delivered reseller\.user\.created, got 1\n- reseller\.user\.created .*500/,
    )
    const pending = await rejection(standin.webhooks.settle({ timeout: '20ms' }))
    expect(pending.message).toMatch(/^1 webhook is still pending\n- .*next at 20/)
    expect(await standin.webhooks.settle({ timeout: 20, throws: false })).toMatchObject({
      settled: false,
    })
    expect(
      await standin.webhooks.await(filter, { count: 9, timeout: 20, throws: false }),
    ).toMatchObject({ fulfilled: false })
  })

  test('the clock is read, set, held, advanced and run', async () => {
    const { clock } = await open()
    expect(await clock.isHeld()).toBe(false)
    const before = Date.now()
    const now = (await clock.now()).getTime()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
    expect((await clock.hold(NOON)).toISOString()).toBe(NOON)
    expect(await clock.isHeld()).toBe(true)
    expect((await clock.advance('5m')).toISOString()).toBe('2026-01-15T12:05:00.000Z')
    expect((await clock.advance(1500)).toISOString()).toBe('2026-01-15T12:05:01.500Z')
    expect((await clock.set(Date.parse(NOON))).toISOString()).toBe(NOON)
    expect((await clock.now()).toISOString()).toBe(NOON)
    await clock.run(new Date(NOON))
    expect(await clock.isHeld()).toBe(false)
    await clock.hold()
    await clock.run()
    expect(await clock.isHeld()).toBe(false)
  })

  test('users are seeded, listed, found, shown, updated and removed', async () => {
    const standin = await open()
    const { users } = standin
    expect(await users.seed(3)).toEqual({ mykaarma: 3, cryptlex: 3, formsonfire: 3 })
    expect(await users.seed(2, ['cryptlex'])).toEqual({ cryptlex: 2 })
    expect(await users.list()).toHaveLength(11)
    expect(await users.list({ limit: 4 })).toHaveLength(4)
    const [first] = await users.list({ api: 'cryptlex', limit: 1 })
    const { id, email = '' } = first!
    expect(await users.find(email, 'cryptlex')).toEqual([first])
    expect((await users.find(email.toUpperCase())).length).toBe(3)
    expect(await users.get('cryptlex', id)).toMatchObject(first!)
    expect(await users.update('cryptlex', id, { company: 'Engines' })).toMatchObject({
      user: { company: 'Engines' },
    })
    expect(await standin.ledger(email)).toMatchObject({ state: 'consistent' })
    expect(await users.remove('cryptlex', id)).toMatchObject({ id })
    expect(await users.find(email, 'cryptlex')).toEqual([])
    expect(await standin.ledger(email)).toMatchObject({ state: 'missing', missing: ['cryptlex'] })
  })

  test('the ledger lists people whose users differ between APIs', async () => {
    const standin = await open()
    await created(standin, 'mykaarma')
    await standin.users.seed(2)
    expect(await standin.ledger()).toMatchObject([{ email: 'ada@example.test', state: 'missing' }])
    expect(await standin.ledger('nobody@example.test')).toMatchObject({ users: [] })
  })

  test('the sandbox is saved, compared, restored and replaced', async () => {
    const standin = await open()
    const { snapshots, users } = standin
    await snapshots.save('empty')
    const empty = await standin.state()
    await created(standin)
    await snapshots.save('one')
    expect((await snapshots.list()).map(({ name }) => name)).toEqual(['empty', 'one'])
    const added = { 'cryptlex.users': { added: [{ email: 'ada@example.test' }] } }
    expect(await snapshots.diff('empty')).toMatchObject(added)
    expect(await snapshots.diff('empty', 'one')).toMatchObject(added)
    await snapshots.restore('empty')
    expect(await users.list()).toEqual([])
    await snapshots.restore('one')
    expect(await users.list()).toHaveLength(1)
    await standin.replaceState(empty)
    expect(await users.list()).toEqual([])
    expect(await snapshots.remove('one')).toMatchObject({ name: 'one' })
    expect(await snapshots.list()).toHaveLength(1)
  })

  test('a reset removes users, faults and requests', async () => {
    const standin = await open()
    await created(standin)
    await standin.faults.add('500')
    await standin.reset()
    expect(await standin.users.list()).toEqual([])
    expect(await standin.faults.list()).toEqual([])
    expect(await standin.requests.list()).toEqual([])
  })

  test('new fixtures bring new credentials; a missing one throws when it is read', async () => {
    const standin = await open()
    const tokens = [{ token: 'another-token', scopes: ['reseller:user:create'] }]
    await standin.useFixtures({ cryptlex: { tokens }, formsonfire: { companies: [] } })
    expect(standin.credentials.cryptlex.token).toBe('another-token')
    await created(standin)
    expect(() => standin.credentials.formsonfire).toThrow(
      'The fixtures have no credential that formsonfire accepts',
    )
    expect(JSON.parse(JSON.stringify(standin.credentials))).not.toHaveProperty('formsonfire')
  })

  test('a sandbox is isolated and removed when it is closed', async () => {
    const standin = await open()
    const noon = new Date(NOON)
    const options = { seed: 7, clock: noon, profile: 'strict', ttl: '5m' } as const
    const one = await standin.sandbox({ name: 'one', ...options })
    const other = await standin.sandbox()
    expect(one.name).toBe('one')
    expect(one.url).toMatch(/\/~one$/)
    expect((await one.clock.now()).toISOString()).toBe(NOON)
    await one.faults.add('500')
    expect((await create(one)).status).toBe(500)
    await created(other)
    expect(await standin.requests.list()).toEqual([])
    expect(await other.users.list()).toHaveLength(1)
    expect(await one.users.list()).toEqual([])

    await one.close()
    await one.close()
    expect(await rejection(one.users.list())).toMatchObject({ reason: 'sandbox.unknown' })
    expect(await other.users.list()).toHaveLength(1)
  })

  test('a refusal has status, reason and detail', async () => {
    const standin = await open()
    const error = await rejection(standin.users.get('cryptlex', 'nobody'))
    expect(error).toBeInstanceOf(StandinError)
    expect(error).toMatchObject({
      name: 'StandinError',
      status: 404,
      reason: 'user.unknown',
      detail: 'cryptlex has no user nobody; GET /_standin/users?api=cryptlex lists its users',
      message:
        'cryptlex has no user nobody; GET /_standin/users?api=cryptlex lists its users (404 user.unknown)',
    })
    // The stack shows the line of the test.
    expect(error.stack).toContain('members.test.ts')
    expect(await rejection(standin.faults.add('6OO'))).toMatchObject({ status: 400 })
  })

  test('calls after close are refused', async () => {
    const standin = await open()
    await standin.close()
    await standin.close()
    const error = await rejection(standin.users.list())
    expect(error).toBeInstanceOf(StandinError)
    if (standin.name === 'default') {
      expect(error.message).toBe(
        `The connection to the Standin at ${standin.url} is closed: close() was called, or the block of await using has ended`,
      )
    } else {
      expect(error.message).toContain(`There is no sandbox ${standin.name}`)
    }
  })
})
