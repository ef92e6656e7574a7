import { expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { requestsOf } from '../../helpers/requests.ts'
import { createSandbox, CRYPTLEX } from '../../helpers/sandbox.ts'
import { eventually } from '../../helpers/time.ts'

const HEADERS = { Authorization: 'Bearer standin-token', 'Content-Type': 'application/json' }
const SECRET = 'planted-secret-1'

/** A body whose secret is named beyond the part that is kept. */
const longBody = (length = 70_000) =>
  JSON.stringify({ company: SECRET, pad: 'x'.repeat(length), password: SECRET })

test('an entry is redacted once, and the result is freed with the entry', async () => {
  const server = await createSandbox({ requestLogSize: 2 })
  const caller = createCaller(server)
  const { redactions } = server.sandbox.requests
  for (let i = 0; i < 2; i++) await caller.post(CRYPTLEX, { company: 'a' }, HEADERS)
  expect(redactions.bytes).toBe(0)
  await requestsOf(caller)
  const { bytes } = redactions
  expect(bytes).toBeGreaterThan(0)
  await requestsOf(caller)
  expect(redactions.bytes).toBe(bytes)
  await caller.post(CRYPTLEX, { company: 'a' }, HEADERS)
  expect(redactions.bytes).toBeLessThan(bytes)
  await caller.delete('/_standin/requests')
  expect(redactions.bytes).toBe(0)
})

test('the cache of redacted entries has a limit', async () => {
  const server = await createSandbox({ requestLogBytes: 60_000 })
  const caller = createCaller(server)
  for (let i = 0; i < 20; i++) await caller.post(CRYPTLEX, { company: 'a' }, HEADERS)
  const first = await requestsOf(caller)
  expect(server.sandbox.requests.redactions.bytes).toBeLessThanOrEqual(60_000)
  expect(await requestsOf(caller)).toEqual(first)
})

test('a secret that is named beyond the kept part of a body is shown nowhere', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post(CRYPTLEX, longBody(), HEADERS)
  const [entry] = [...server.sandbox.requests.after()]
  await eventually(() => expect(entry!.unread).toBeUndefined())
  const { requests } = await requestsOf(caller)
  expect(requests[0]!.body!.text).toContain('"company":"[redacted]"')
  expect(JSON.stringify(requests)).not.toContain(SECRET)
})

test('a body that is too long to be searched is not shown', async () => {
  const server = await createSandbox({ maxBody: 8 * 1024 * 1024 })
  const caller = createCaller(server)
  await caller.post(CRYPTLEX, longBody(5_000_000), HEADERS)
  const { requests } = await requestsOf(caller)
  expect(requests[0]!.body).toMatchObject({ text: '[redacted]', cut: true })
})

test.each(['', '&format=har', '&format=curl'])(
  'a large list%s is the same as its parts',
  async (format) => {
    const server = await createSandbox()
    const caller = createCaller(server)
    const pad = 'x'.repeat(60_000)
    for (let i = 0; i < 12; i++) await caller.post(CRYPTLEX, { company: `${i}`, pad }, HEADERS)
    const read = (query: string) => caller.get(`/_standin/requests?${query}${format}`)
    const large = await read('limit=1000')
    if (format === '&format=curl') {
      const parts = await Promise.all(
        Array.from({ length: 12 }, (_, i) => read(`limit=1&after=${i}`)),
      )
      expect(large.text).toBe(parts.map(({ text }) => text).join('\n'))
      return
    }
    const listOf = (text: string): unknown[] => {
      const body = JSON.parse(text) as { requests?: unknown[]; log?: { entries: unknown[] } } // as documented
      return body.requests ?? body.log!.entries
    }
    const parts = await Promise.all(
      Array.from({ length: 12 }, (_, i) => read(`limit=1&after=${i}`)),
    )
    expect(listOf(large.text)).toEqual(parts.flatMap(({ text }) => listOf(text)))
  },
)
