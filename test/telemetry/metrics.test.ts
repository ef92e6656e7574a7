import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DurationHistogram, Metrics } from '../../src/telemetry/metrics.ts'
import { prometheusText } from '../../src/telemetry/prometheus-text.ts'
import { createCaller, type Caller } from '../helpers/caller.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Parses the Prometheus text format; throws for an invalid line. */
function samplesIn(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || /^# (HELP|TYPE) [a-z_]+ .+$/.test(line)) return []
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (!match) throw new Error(`not a sample: ${line}`)
    const [, name = '', inner = '', value] = match
    const labels = [...inner.matchAll(/([a-z_]+)="([^"]*)"(?:,|$)/g)].map(
      ([, label = '', of = '']) => [label, of] as const,
    )
    expect(Number(value)).not.toBeNaN()
    return [{ name, labels: Object.fromEntries(labels), value: Number(value) }]
  })
}

const scraped = async (caller: Caller) => samplesIn((await caller.get('/_standin/metrics')).text)

const valueOf = (samples: readonly Sample[], name: string, labels: Sample['labels'] = {}) =>
  samples.find(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value

test('requests are counted by API, operation and status', async () => {
  const caller = createCaller(await createSandbox())
  await caller.create('cryptlex')
  await caller.create('cryptlex')
  await caller.create('mykaarma')
  await caller.get('/nope')
  await caller.get('/_standin/users', { Host: 'evil.test' })
  const counted = (await scraped(caller)).filter(({ name }) => name === 'standin_requests_total')
  expect(counted.map(({ labels, value }) => [...Object.values(labels), value])).toEqual([
    ['cryptlex', 'createResellerUser', '201', 1],
    ['cryptlex', 'createResellerUser', '409', 1],
    ['mykaarma', 'createUserForPartner', '200', 1],
    ['standin', 'none', '404', 1],
    ['standin', 'none', '421', 1],
  ])
  const again = await scraped(caller)
  expect(valueOf(again, 'standin_requests_total', { operation: 'getMetrics', status: '200' })).toBe(
    1,
  )
})

test('gauges show sandboxes, users and the process', async () => {
  const caller = createCaller(await createSandbox())
  await caller.post('/_standin/sandboxes', { name: 'a' })
  await caller.post('/_standin/seed', { users: 3 })
  await caller.create('cryptlex', {}, '/~a')
  const samples = await scraped(caller)
  expect(valueOf(samples, 'standin_sandboxes')).toBe(2)
  expect(valueOf(samples, 'standin_users', { api: 'cryptlex' })).toBe(4)
  expect(valueOf(samples, 'standin_users', { api: 'formsonfire' })).toBe(3)
  expect(valueOf(samples, 'standin_info', { version: '0.1.0' })).toBe(1)
  expect(valueOf(samples, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  expect(valueOf(samples, 'process_start_time_seconds')).toBeLessThan(Date.now() / 1000)
})

test('metrics count faults and webhook deliveries', async () => {
  const { sandbox, ...server } = await createSandbox()
  const caller = createCaller(server)
  sandbox.faults.add('500;times=2')
  sandbox.faults.add({ fault: 'reset', operation: 'createUser' })
  await caller.post('/_standin/sandboxes', { name: 'a' })
  await caller.post('/~a/_standin/faults', { fault: 'delay=1ms' })
  const before = await scraped(caller)
  expect(valueOf(before, 'standin_faults_armed')).toBe(3)
  expect(valueOf(before, 'standin_faults_fired_total')).toBeUndefined()
  await caller.create('cryptlex')
  await caller.create('mykaarma')
  await caller.create('cryptlex')
  await caller.create('formsonfire').catch(() => undefined)
  await caller.create('cryptlex', {}, '/~a')
  await caller.post('/_standin/settle')
  await caller.post('/~a/_standin/settle')
  const samples = await scraped(caller)
  expect(valueOf(samples, 'standin_faults_armed')).toBe(2)
  const fired = samples.filter(({ name }) => name === 'standin_faults_fired_total')
  expect(fired.map(({ labels, value }) => [labels['api'], value])).toEqual([
    ['cryptlex', 2],
    ['mykaarma', 1],
    ['formsonfire', 1],
  ])
  expect(valueOf(samples, 'standin_requests_total', { operation: 'createUser', status: '0' })).toBe(
    1,
  )
  const deliveries = samples.filter(({ name }) => name === 'standin_deliveries')
  expect(deliveries.map(({ labels, value }) => [labels['state'], value])).toEqual([
    ['pending', 0],
    ['delivered', 2],
    ['failed', 0],
    ['dropped', 0],
  ])
})

test('a flush is measured in both histograms', async () => {
  const caller = createCaller(await createSandbox({ data: createFolder() }))
  for (let i = 0; i < 5; i++) await caller.create('cryptlex', { email: `${i}@example.test` })
  const samples = await scraped(caller)
  expect(valueOf(samples, 'standin_store_flush_seconds_count')).toBeGreaterThanOrEqual(5)
  expect(valueOf(samples, 'standin_store_flush_seconds_sum')).toBeGreaterThan(0)
  const api = { api: 'cryptlex' }
  expect(valueOf(samples, 'standin_request_duration_seconds_count', api)).toBe(5)
  const buckets = samples.filter(
    ({ name, labels }) =>
      name === 'standin_request_duration_seconds_bucket' && labels['api'] === 'cryptlex',
  )
  expect(buckets.map(({ labels }) => labels['le'])).toEqual([
    ...DurationHistogram.bounds.map(String),
    '+Inf',
  ])
  expect(buckets.map(({ value }) => value)).toEqual(
    buckets.map(({ value }) => value).sort((a, b) => a - b),
  )
  expect(buckets.at(-1)!.value).toBe(5)
})

test('the number of samples does not grow with what callers send', async () => {
  const caller = createCaller(await createSandbox({ autoSandboxes: true }))
  const provoke = async (from: number) => {
    for (let i = from; i < from + 100; i++) {
      await caller.get(`/path-${i}`)
      await caller.get(`/v3/resellers/${i}/users?a${i}`)
      await caller.get(`/~box-${i}/v3/nope-${i}`, { 'X-Header': `${i}` })
      await caller.create('cryptlex', { email: `${i}@example.test`, role: `role-${i}` })
      await caller.send({ method: ['PUT', 'PATCH', 'PURGE'][i % 3]!, path: `/${i}` })
    }
    return scraped(caller)
  }
  const keys = (samples: readonly Sample[]) =>
    samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
  await provoke(0)
  const before = keys(await provoke(100))
  expect(keys(await provoke(200))).toEqual(before)
  expect(before.join()).not.toMatch(/box-|path-|example/)
})

test('docs/operations.md lists every metric', async () => {
  const { text } = await createCaller(await createSandbox()).get('/_standin/metrics')
  const document = readFileSync('docs/operations.md', 'utf8')
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(7)
  expect(names.filter((name) => !document.includes(`\`${name}`))).toEqual([])
})

test('registered metrics are part of the output, with escaped labels', async () => {
  const metrics = new Metrics()
  metrics.add({
    name: 'standin_faults_armed',
    help: 'Number of armed faults.',
    type: 'gauge',
    labels: ['api'],
    values: () => [{ labels: { api: 'a"b\\c\nd' }, value: 2 }],
  })
  const text = await prometheusText(metrics)
  expect(text).toContain('# TYPE standin_faults_armed gauge\n')
  expect(text).toContain('standin_faults_armed{api="a\\"b\\\\c\\nd"} 2\n')
})

test('the metrics need the admin token', async () => {
  const caller = createCaller(await createSandbox({ adminToken: 'a-token-for-all' }))
  expect((await caller.get('/_standin/metrics')).status).toBe(401)
  const answer = await caller.get('/_standin/metrics', { Authorization: 'Bearer a-token-for-all' })
  expect(answer.status).toBe(200)
  expect(answer.header('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8')
})
