import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Row } from '../../../src/core/store/state.ts'
import type { Disk, Durability } from '../../../src/core/store/write-ahead-log.ts'
import { Store, type StoreOptions } from '../../../src/core/store/store.ts'
import { afterKill, createFolder } from '../../helpers/sandbox.ts'
import { bestOf, took } from '../../helpers/time.ts'

interface Person extends Row {
  readonly email: string
  readonly team?: string
}

const TABLES = { api: { users: { unique: ['email'], counted: ['team'] } } }

interface TestStore {
  readonly store: Store
  readonly warnings: string[]
  readonly add: (...people: Person[]) => Promise<void>
  readonly ids: () => string[]
}

/** A store on this folder, closed when the test ends unless the test does it. */
async function open(folder: string, more: Partial<StoreOptions> = {}): Promise<TestStore> {
  const warnings: string[] = []
  const store = await Store.open({
    folder,
    durability: 'fsync',
    tables: TABLES,
    log: { warn: (message) => warnings.push(message), bug: (message) => warnings.push(message) },
    ...more,
  })
  onTestFinished(() => store.close())
  const users = store.collection<Person>('api.users')
  return {
    store,
    warnings,
    ids: () => users.all().map(({ id }) => id),
    add: async (...people) => {
      store.transact(() => {
        for (const person of people) users.insert(person)
      })
      await store.saved()
    },
  }
}

const person = (id: string, team = 'red'): Person => ({ id, email: `${id}@example.test`, team })

/** From now on no state file is written in a quiet moment: all there is stays in the journal. */
function withoutQuietMoments(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

const journals = (folder: string) =>
  fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(folder, name))

/** The real disk, but for the calls that a test makes fail. */
function failingDisk(fail: Partial<Record<keyof Disk, () => Error | undefined>>): Disk {
  return {
    openSync: (...args) => {
      const error = fail.openSync?.()
      if (error) throw error
      return fs.openSync(...args)
    },
    writeSync: (fd, bytes, offset) => {
      const error = fail.writeSync?.()
      if (!error) return fs.writeSync(fd, bytes, offset)
      // As a full disk does it: a part of the line is there.
      fs.writeSync(fd, bytes, offset, Math.min(5, bytes.length - offset))
      throw error
    },
    fdatasync: (fd, callback) => {
      const error = fail.fdatasync?.()
      if (error) setImmediate(() => callback(error))
      else fs.fdatasync(fd, callback)
    },
    ftruncateSync: (...args) => {
      const error = fail.ftruncateSync?.()
      if (error) throw error
      fs.ftruncateSync(...args)
    },
  }
}

const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
const broken = Object.assign(new Error('input/output error'), { code: 'EIO' })

test.each<Durability>(['fsync', 'write'])(
  'what was saved with %s outlives a kill',
  async (durability) => {
    const folder = createFolder()
    const { add } = await open(folder, { durability })
    await add(person('ada'))
    await add(person('grace'), person('alan'))

    const { ids, store, warnings } = await open(afterKill(folder))
    expect(ids()).toEqual(['ada', 'grace', 'alan'])
    expect(store.collection<Person>('api.users').find('email', 'GRACE@example.test')?.id).toBe(
      'grace',
    )
    expect(store.collection<Person>('api.users').count('team', 'red')).toBe(3)
    expect(warnings).toEqual([])
  },
)

test('a transaction that throws leaves nothing behind', async () => {
  const folder = createFolder()
  const { add, store, ids } = await open(folder)
  await add(person('ada'))
  const users = store.collection<Person>('api.users')
  expect(() =>
    store.transact(() => {
      users.insert(person('grace'))
      users.replace({ ...person('ada'), email: 'other@example.test' })
      users.remove('ada')
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(ids()).toEqual(['ada'])
  expect(users.find('email', 'ada@example.test')?.id).toBe('ada')
  expect(users.find('email', 'other@example.test')).toBeUndefined()
  expect((await open(afterKill(folder))).ids()).toEqual(['ada'])
})

test('the state file is what JSON.stringify writes, with the rows in their order', async () => {
  const folder = createFolder()
  const { add, store } = await open(folder)
  await add(...Array.from({ length: 450 }, (_, i) => person(`user-${i}`)))
  store.next('api.user')
  await store.close()
  const text = fs.readFileSync(join(folder, 'state.json'), 'utf8')
  const document = JSON.parse(text) as { api: { users: Row[] }; standin: object }
  expect(text).toBe(`${JSON.stringify(document, null, 2)}\n`)
  expect(document.api.users).toHaveLength(450)
  expect(document.standin).toEqual({ format: 1, seq: 1, counters: { 'api.user': 1 } })
  expect(fs.statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600)
  expect(fs.readdirSync(folder).filter((name) => /tmp|lock/.test(name))).toEqual([])
})

test('the state file follows while the server is idle, and the old journals go', async () => {
  const folder = createFolder()
  const { add } = await open(folder)
  const written = () => fs.readFileSync(join(folder, 'state.json'), 'utf8')
  for (const id of ['ada', 'grace', 'alan']) {
    await add(person(id))
    await expect.poll(written).toContain(id)
  }
  await expect.poll(() => journals(folder).length).toBeLessThanOrEqual(2)
})

test('a file edited by hand is honoured', async () => {
  const folder = createFolder()
  const first = await open(folder)
  await first.add(person('ada'), person('grace'))
  await first.store.close()
  const file = join(folder, 'state.json')
  const document = JSON.parse(fs.readFileSync(file, 'utf8')) as { api: { users: Person[] } }
  document.api.users = [person('alan')]
  fs.writeFileSync(file, JSON.stringify(document))
  expect((await open(folder)).ids()).toEqual(['alan'])
})

test('a file made by hand, without a transaction number, stands for all there is', async () => {
  const folder = createFolder()
  const first = await open(folder)
  await first.add(person('ada'))
  const copy = afterKill(folder)
  fs.writeFileSync(
    join(copy, 'state.json'),
    JSON.stringify({ standin: { format: 1 }, api: { users: [person('alan')] } }),
  )
  const second = await open(copy)
  expect(second.ids()).toEqual(['alan'])
  await second.add(person('grace'))
  expect((await open(afterKill(copy))).ids()).toEqual(['alan', 'grace'])
})

test('a last line that was cut short is left out, with a word about it', async () => {
  withoutQuietMoments()
  const folder = createFolder()
  const { add } = await open(folder)
  await add(person('ada'))
  await add(person('grace'))
  const whole = fs.readFileSync(journals(folder)[0]!)
  const start = whole.indexOf(0x0a) + 1
  // Cut at every byte of the last line.
  for (let length = start; length < whole.length; length += 7) {
    const copy = afterKill(folder)
    fs.truncateSync(journals(copy)[0]!, length)
    const { ids, warnings, store } = await open(copy)
    expect(ids()).toEqual(['ada'])
    if (length > start) expect(warnings.join()).toMatch(/journal-0*1\.log, line 2, was cut short/)
    await store.close()
    expect((await open(copy)).ids()).toEqual(['ada'])
  }
})

test('damage in the middle of the journal stops the start, naming file and line', async () => {
  withoutQuietMoments()
  const folder = createFolder()
  const { add } = await open(folder)
  for (const id of ['ada', 'grace', 'alan']) await add(person(id))
  const copy = afterKill(folder)
  const file = journals(copy)[0]!
  const text = fs.readFileSync(file, 'utf8').replace('grace', 'grdce')
  fs.writeFileSync(file, text)
  await expect(open(copy)).rejects.toThrow(/journal-0*1\.log, line 2, is damaged.*--recover/)
  const { ids } = await open(copy, { recover: true })
  expect(ids()).toEqual(['ada'])
  expect(fs.readdirSync(copy).some((name) => name.includes('.corrupt-'))).toBe(true)
})

test.each([
  [
    '{"standin": {"format": 1},\n "api": {,}}',
    /state\.json cannot be read: unexpected text at line 2, column 10\. .*--recover/,
  ],
  ['', /state\.json cannot be read: it is empty\. /],
  ['\0\0\0\0', /state\.json cannot be read/],
  ['[]', /holds no Standin state: it holds no object/],
  ['null', /holds no Standin state: it holds no object/],
  ['{"api": {"users": []}}', /standin\.format is missing/],
  ['{"standin": {"format": 2}}', /its format 2 is newer than this Standin knows \(1\)/],
  ['{"standin": {"format": 1}, "api": []}', /"api" is no object of tables/],
  ['{"standin": {"format": 1}, "api": {"users": {}}}', /api\.users is no list/],
  ['{"standin": {"format": 1}, "api": {"users": [{}]}}', /api\.users\[0\]\.id is no text/],
  [
    '{"standin": {"format": 1}, "api": {"users": [{"id": "a"}, {"id": "a"}]}}',
    /api\.users\[1\]\.id "a" is there twice/,
  ],
])('a state file that cannot be read stops the start: %s', async (text, message) => {
  const folder = createFolder()
  const file = join(folder, 'state.json')
  fs.writeFileSync(file, text)
  await expect(open(folder)).rejects.toThrow(message)
  await expect(open(folder)).rejects.toThrow(file)
  expect(fs.readFileSync(file, 'utf8')).toBe(text)
})

test('--recover goes on from the file before and the journals: nothing saved is lost', async () => {
  const folder = createFolder()
  const first = await open(folder)
  for (const id of ['ada', 'grace']) {
    await first.add(person(id))
    await expect.poll(() => fs.readFileSync(join(folder, 'state.json'), 'utf8')).toContain(id)
  }
  await first.add(person('alan'))
  const copy = afterKill(folder)
  fs.writeFileSync(join(copy, 'state.json'), '{"standin": {"for')
  const { ids, warnings } = await open(copy, { recover: true })
  expect(ids()).toEqual(['ada', 'grace', 'alan'])
  expect(warnings.join()).toMatch(/state\.json\.corrupt-\d+, and state\.previous\.json is used/)
})

test('a state file that is gone while its journal goes on stops the start', async () => {
  const folder = createFolder()
  const first = await open(folder)
  await first.add(person('ada'))
  await first.store.close()
  const second = await open(folder)
  await second.add(person('grace'))
  await second.store.close()
  fs.rmSync(join(folder, 'state.json'))
  await expect(open(folder)).rejects.toThrow(/state\.json is missing, but journal-\d+\.log goes on/)
})

test('a second store on the folder is refused within a second, and the first goes on', async () => {
  const folder = createFolder()
  const { add, ids } = await open(folder)
  const refused = () =>
    expect(open(folder)).rejects.toThrow(/is in use by another Standin \(process \d+ on .*--data/)
  expect(await bestOf(1000, () => took(refused))).toBeLessThan(1000)
  await add(person('ada'))
  expect(ids()).toEqual(['ada'])
})

test('a lock of a process elsewhere counts while it shows signs of life, and no longer', async () => {
  const folder = createFolder()
  const file = join(folder, 'lock')
  fs.writeFileSync(file, JSON.stringify({ pid: 1, place: 'elsewhere pid:[1]', started: '1' }))
  const beat = setInterval(() => fs.utimesSync(file, new Date(), new Date()), 20)
  onTestFinished(() => clearInterval(beat))
  const refused = () => expect(open(folder)).rejects.toThrow(/in use/)
  expect(await bestOf(1000, () => took(refused))).toBeLessThan(1000)
  clearInterval(beat)
  await (await open(folder)).add(person('ada'))
})

test.each([
  ['the disk is full', { writeSync: () => full }],
  ['the disk fails to write', { writeSync: () => broken }],
  ['the disk fails to flush', { fdatasync: () => broken }],
] as const)(
  '%s: who waits is refused, what was saved stays, the store goes on',
  async (_, fault) => {
    const folder = createFolder()
    let failing = false
    const disk = failingDisk(
      Object.fromEntries(
        Object.entries(fault).map(([call, error]) => [call, () => (failing ? error() : undefined)]),
      ),
    )
    const { add, ids, store } = await open(folder, { disk })
    await add(person('ada'))
    failing = true
    const refusals = await Promise.allSettled([
      add(person('grace')),
      add(person('alan'), person('kurt')),
    ])
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({
        status: 'rejected',
        reason: { status: 500, reason: 'state.write-failed' },
      })
    }
    expect(ids()).toEqual(['ada'])
    expect(
      store.collection<Person>('api.users').find('email', 'grace@example.test'),
    ).toBeUndefined()
    expect((await open(afterKill(folder))).ids()).toEqual(['ada'])
    failing = false
    await add(person('grace'))
    expect((await open(afterKill(folder))).ids()).toEqual(['ada', 'grace'])
  },
)

test('a line that can neither be written nor taken back does not come back at the next start', async () => {
  const folder = createFolder()
  let failing = false
  const when = (error: Error) => () => (failing ? error : undefined)
  const disk = failingDisk({ fdatasync: when(broken), ftruncateSync: when(broken) })
  const { add } = await open(folder, { disk })
  await add(person('ada'))
  failing = true
  await expect(add(person('grace'))).rejects.toThrow(/could not be written/)
  failing = false
  await add(person('alan'))
  expect((await open(afterKill(folder))).ids()).toEqual(['ada', 'alan'])
})

test('a change made while another waits for the disk is lost with it, not without it', async () => {
  const folder = createFolder()
  let failing = true
  const held: (() => void)[] = []
  const disk: Disk = {
    ...failingDisk({}),
    fdatasync: (_fd, callback) => {
      held.push(() => callback(failing ? broken : null))
    },
  }
  const { add, ids } = await open(folder, { disk })
  const first = add(person('ada'))
  await expect.poll(() => held.length).toBe(1)
  const second = add(person('grace'))
  held.shift()!()
  await expect(first).rejects.toThrow(/could not be written/)
  await expect(second).rejects.toThrow(/could not be written/)
  expect(ids()).toEqual([])
  failing = false
  const third = add(person('alan'))
  await expect.poll(() => held.length).toBe(1)
  held.shift()!()
  await third
  expect((await open(afterKill(folder))).ids()).toEqual(['alan'])
})

test('a state file written while creates go on holds no user that was refused', async () => {
  const folder = createFolder()
  let failing = false
  const disk = failingDisk({ fdatasync: () => (failing ? broken : undefined) })
  const { add, store } = await open(folder, { disk })
  await add(...Array.from({ length: 3000 }, (_, i) => person(`user-${i}`)))
  const closing = store.close()
  failing = true
  await closing
  const { api } = JSON.parse(fs.readFileSync(join(folder, 'state.json'), 'utf8')) as {
    api: { users: Row[] }
  }
  expect(api.users).toHaveLength(3000)
})

test('a store that is closed takes nothing on: whoever comes late is told so', async () => {
  const { add, store } = await open(createFolder())
  await store.close()
  await expect(add(person('ada'))).rejects.toMatchObject({ status: 404, reason: 'sandbox.unknown' })
})

test('a state file with a misspelt key, or with one address twice, stops the start', async () => {
  const folder = createFolder()
  const write = (document: object) =>
    fs.writeFileSync(join(folder, 'state.json'), JSON.stringify(document))
  write({ standin: { format: 1 }, apy: { users: [] } })
  await expect(open(folder)).rejects.toThrow(/"apy" is no API of this sandbox \(api\)/)
  write({ standin: { format: 1 }, api: { user: [] } })
  await expect(open(folder)).rejects.toThrow(/api keeps no "user" \(users\)/)
  write({
    standin: { format: 1 },
    api: { users: [person('a'), { ...person('b'), email: 'A@example.test' }] },
  })
  await expect(open(folder)).rejects.toThrow(/api\.users\[0\] and \[1\] have the same email/)
})
