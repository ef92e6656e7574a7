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

/** Prevents the writing of the state file while idle: all changes stay in the write-ahead log. */
function withoutIdleWrites(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

const logs = (folder: string) =>
  fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(folder, name))

/** The real disk, except for the calls that a test makes fail. */
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
      // Like a full disk, which writes a part of the line.
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
  'a change saved with durability %s survives a kill',
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

test('a transaction that throws changes nothing', async () => {
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

test('the state file is the output of JSON.stringify, with the rows in the order of insertion', async () => {
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

test('the state file is written while the server is idle, and old write-ahead logs are deleted', async () => {
  const folder = createFolder()
  const { add } = await open(folder)
  const written = () => fs.readFileSync(join(folder, 'state.json'), 'utf8')
  for (const id of ['ada', 'grace', 'alan']) {
    await add(person(id))
    await expect.poll(written).toContain(id)
  }
  await expect.poll(() => logs(folder).length).toBeLessThanOrEqual(2)
})

test('a state file edited by hand is read at the next start', async () => {
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

test('a state file made by hand, without a transaction number, supersedes the write-ahead log', async () => {
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

test('an incomplete last line of the write-ahead log is dropped with a warning', async () => {
  withoutIdleWrites()
  const folder = createFolder()
  const { add } = await open(folder)
  await add(person('ada'))
  await add(person('grace'))
  const complete = fs.readFileSync(logs(folder)[0]!)
  const start = complete.indexOf(0x0a) + 1
  // Cut at every byte of the last line.
  for (let length = start; length < complete.length; length += 7) {
    const copy = afterKill(folder)
    fs.truncateSync(logs(copy)[0]!, length)
    const { ids, warnings, store } = await open(copy)
    expect(ids()).toEqual(['ada'])
    if (length > start)
      expect(warnings.join()).toMatch(/write-ahead-0*1\.log, line 2, was cut short/)
    await store.close()
    expect((await open(copy)).ids()).toEqual(['ada'])
  }
})

test('a log named as by an older version precedes a new one that begins with the same transaction', async () => {
  withoutIdleWrites()
  const folder = createFolder()
  await (await open(folder)).add(person('ada'))
  const copy = afterKill(folder)
  const [file] = logs(copy)
  // The older version was killed while it wrote the first line of a log.
  const oldFile = file!.replace('write-ahead-', 'journal-')
  fs.renameSync(file!, oldFile)
  fs.truncateSync(oldFile, 20)
  const second = await open(copy)
  expect(second.ids()).toEqual([])
  await second.add(person('grace'))
  expect(logs(copy).map((log) => log.replace(/.*\//, ''))).toEqual([
    'journal-000000000001.log',
    'write-ahead-000000000001.log',
  ])
  expect((await open(afterKill(copy))).ids()).toEqual(['grace'])
})

test('damage in the middle of the write-ahead log stops the start, naming file and line', async () => {
  withoutIdleWrites()
  const folder = createFolder()
  const { add } = await open(folder)
  for (const id of ['ada', 'grace', 'alan']) await add(person(id))
  const copy = afterKill(folder)
  const file = logs(copy)[0]!
  const text = fs.readFileSync(file, 'utf8').replace('grace', 'grdce')
  fs.writeFileSync(file, text)
  await expect(open(copy)).rejects.toThrow(/write-ahead-0*1\.log, line 2, is damaged.*--recover/)
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
  ['[]', /is not a valid Standin state: it is not a JSON object/],
  ['null', /is not a valid Standin state: it is not a JSON object/],
  ['{"api": {"users": []}}', /standin\.format is missing/],
  [
    '{"standin": {"format": 2}}',
    /format 2 is newer than this version supports \(1\); use a newer Standin$/,
  ],
  ['{"standin": {"format": 1}, "api": []}', /"api" must be an object of tables/],
  ['{"standin": {"format": 1}, "api": {"users": {}}}', /api\.users must be an array/],
  [
    '{"standin": {"format": 1}, "api": {"users": [{}]}}',
    /api\.users\[0\]\.id must be a non-empty string/,
  ],
  [
    '{"standin": {"format": 1}, "api": {"users": [{"id": "a"}, {"id": "a"}]}}',
    /api\.users\[1\]\.id "a" is a duplicate/,
  ],
])('a state file that cannot be read stops the start: %s', async (text, message) => {
  const folder = createFolder()
  const file = join(folder, 'state.json')
  fs.writeFileSync(file, text)
  await expect(open(folder)).rejects.toThrow(message)
  await expect(open(folder)).rejects.toThrow(file)
  expect(fs.readFileSync(file, 'utf8')).toBe(text)
})

test('--recover uses the previous state file and the write-ahead logs: no saved change is lost', async () => {
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

test('a missing state file that a write-ahead log continues stops the start', async () => {
  const folder = createFolder()
  const first = await open(folder)
  await first.add(person('ada'))
  await first.store.close()
  const second = await open(folder)
  await second.add(person('grace'))
  await second.store.close()
  fs.rmSync(join(folder, 'state.json'))
  await expect(open(folder)).rejects.toThrow(
    /state\.json is missing, but write-ahead-\d+\.log continues it/,
  )
})

test('a second store on a folder is refused within a second, and the first keeps working', async () => {
  const folder = createFolder()
  const { add, ids } = await open(folder)
  const refused = () =>
    expect(open(folder)).rejects.toThrow(/is in use by another Standin \(process \d+ on .*--data/)
  expect(await bestOf(1000, () => took(refused))).toBeLessThan(1000)
  await add(person('ada'))
  expect(ids()).toEqual(['ada'])
})

test('a lock of a process on another machine counts while it has heartbeats', async () => {
  const folder = createFolder()
  const file = join(folder, 'lock')
  fs.writeFileSync(file, JSON.stringify({ pid: 1, place: 'elsewhere pid:[1]', started: '1' }))
  const heartbeat = setInterval(() => fs.utimesSync(file, new Date(), new Date()), 20)
  onTestFinished(() => clearInterval(heartbeat))
  const refused = () => expect(open(folder)).rejects.toThrow(/in use/)
  expect(await bestOf(1000, () => took(refused))).toBeLessThan(1000)
  clearInterval(heartbeat)
  await (await open(folder)).add(person('ada'))
})

test.each([
  ['the disk is full', { writeSync: () => full }],
  ['the disk fails to write', { writeSync: () => broken }],
  ['the disk fails to flush', { fdatasync: () => broken }],
] as const)(
  '%s: waiting changes are refused, saved ones stay, and the store keeps working',
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

test.each(['fails', 'is a dry run', 'cannot be written'])(
  'a removal that %s leaves the row at its place in the order',
  async (how) => {
    let failing = false
    const disk = failingDisk({ writeSync: () => (failing ? broken : undefined) })
    const { add, ids, store } = await open(createFolder(), { disk })
    await add(person('ada'), person('grace'), person('alan'))
    const users = store.collection<Person>('api.users')
    const before = [...users.after(0)]
    const remove = () => {
      for (const id of ['grace', 'ada']) users.remove(id)
      users.insert(person('kurt'))
    }
    if (how === 'is a dry run') store.dryRun(remove)
    if (how === 'fails') {
      const failure = () => {
        remove()
        throw new Error('refused')
      }
      expect(() => store.transact(failure)).toThrow('refused')
    }
    if (how === 'cannot be written') {
      failing = true
      store.transact(remove)
      await expect(store.saved()).rejects.toThrow(/could not be written/)
      failing = false
    }
    expect(ids()).toEqual(['ada', 'grace', 'alan'])
    expect([...users.after(0)]).toEqual(before)
    expect(users.find('email', before[1]![1].email)?.id).toBe('grace')
    await add(person('kurt'))
    expect(ids()).toEqual(['ada', 'grace', 'alan', 'kurt'])
  },
)

test('a line of a failed write that cannot be truncated does not reappear at the next start', async () => {
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

test('a failed write also reverts the changes made while it was under way', async () => {
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

test('a state file written while the disk fails has no refused user', async () => {
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

test('a closed store refuses changes', async () => {
  const { add, store } = await open(createFolder())
  await store.close()
  await expect(add(person('ada'))).rejects.toMatchObject({ status: 404, reason: 'sandbox.unknown' })
})

test('a state file with an unknown key or a duplicate address stops the start', async () => {
  const folder = createFolder()
  const write = (document: object) =>
    fs.writeFileSync(join(folder, 'state.json'), JSON.stringify(document))
  write({ standin: { format: 1 }, apy: { users: [] } })
  await expect(open(folder)).rejects.toThrow(/"apy" is not an API of this sandbox \(api\)/)
  write({ standin: { format: 1 }, api: { user: [] } })
  await expect(open(folder)).rejects.toThrow(/api has no table "user" \(users\)/)
  write({
    standin: { format: 1 },
    api: { users: [person('a'), { ...person('b'), email: 'A@example.test' }] },
  })
  await expect(open(folder)).rejects.toThrow(/api\.users\[0\] and \[1\] have the same email/)
})
