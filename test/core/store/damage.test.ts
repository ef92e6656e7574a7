import * as fs from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Row } from '../../../src/core/store/state.ts'
import { Store } from '../../../src/core/store/store.ts'
import { createFolder } from '../../helpers/sandbox.ts'

// A folder whose state file ends with transaction 0, and two write-ahead logs with the users u1 to
// u3 and u4 to u6. All of its answers count as sent.

async function open(folder: string, recover = false) {
  const warnings: string[] = []
  const store = await Store.open({
    folder,
    durability: 'write',
    tables: { api: { users: { unique: [] } } },
    recover,
    log: { warn: (message) => warnings.push(message), bug: (message) => warnings.push(message) },
  })
  onTestFinished(() => store.close().catch(() => {}))
  const users = store.collection<Row>('api.users')
  return {
    store,
    said: () => warnings.join('\n'),
    ids: () => users.all().map(({ id }) => id),
    add: async (id: string) => {
      store.transact(() => users.insert({ id }))
      await store.saved()
    },
  }
}

const log = (first: number) => `write-ahead-${String(first).padStart(12, '0')}.log`

/** Moves transactions into logs as if the server had been killed twice. */
async function folderWithTwoLogs(): Promise<string> {
  const folder = createFolder()
  const copy = createFolder()
  const first = await open(folder)
  const stateBefore = fs.readFileSync(join(folder, 'state.json'))
  for (const id of ['u1', 'u2', 'u3']) await first.add(id)
  const oneToThree = fs.readFileSync(join(folder, log(1)))
  for (const id of ['u4', 'u5', 'u6']) await first.add(id)
  const all = fs.readFileSync(join(folder, log(1)))
  await first.store.close()
  fs.writeFileSync(join(copy, 'state.json'), stateBefore)
  fs.writeFileSync(join(copy, log(1)), oneToThree)
  fs.writeFileSync(join(copy, log(4)), all.subarray(oneToThree.length))
  fs.copyFileSync(join(folder, 'manifest'), join(copy, 'manifest'))
  return copy
}

function edit(file: string, change: (lines: string[]) => void): void {
  const lines = fs.readFileSync(file, 'utf8').split('\n')
  change(lines)
  fs.writeFileSync(file, lines.join('\n'))
}

test('a server on an undamaged folder has all data and logs nothing', async () => {
  const { ids, said } = await open(await folderWithTwoLogs())
  expect(ids()).toEqual(['u1', 'u2', 'u3', 'u4', 'u5', 'u6'])
  expect(said()).toBe('')
})

const DAMAGES: readonly {
  what: string
  spoil: (folder: string) => void | Promise<void>
  message: RegExp
  left: number
}[] = [
  {
    what: 'the first log emptied',
    spoil: (folder) => fs.writeFileSync(join(folder, log(1)), ''),
    message: /0001\.log ends before transactions 1 to 3/,
    left: 0,
  },
  {
    what: 'the first log deleted',
    spoil: (folder) => fs.rmSync(join(folder, log(1))),
    message: /state\.json|0004\.log begins with transaction 4.*transactions 1 to 3/,
    left: 0,
  },
  {
    what: 'the last log deleted',
    spoil: (folder) => fs.rmSync(join(folder, log(4))),
    message: /0001\.log ends too early: transactions 4 to 6 are missing/,
    left: 3,
  },
  {
    what: 'the last log cut off after a line',
    spoil: (folder) => edit(join(folder, log(4)), (lines) => lines.splice(1, 2)),
    message: /0004\.log ends too early: transactions 5 to 6 are missing/,
    left: 4,
  },
  {
    what: 'the last log cut off within a line that was acknowledged',
    spoil: (folder) => fs.truncateSync(join(folder, log(4)), 20),
    message: /0004\.log, line 1, is cut short/,
    left: 3,
  },
  {
    what: 'a line taken out',
    spoil: (folder) => edit(join(folder, log(4)), (lines) => lines.splice(1, 1)),
    message: /0004\.log, line 2, holds transaction 6, but 5 is missing/,
    left: 4,
  },
  {
    what: 'the last line damaged',
    spoil: (folder) =>
      edit(join(folder, log(4)), (lines) => (lines[2] = lines[2]!.replace('u6', 'u7'))),
    message: /0004\.log, line 3, is damaged \(at byte \d+\)/,
    left: 5,
  },
  {
    what: 'a state file under the name of a log',
    spoil: (folder) => fs.copyFileSync(join(folder, 'state.json'), join(folder, log(4))),
    message: /0004\.log, line 1, is damaged/,
    left: 3,
  },
  {
    what: 'the last log of another folder, with the same transactions',
    spoil: async (folder) => {
      const other = await folderWithTwoLogs()
      fs.copyFileSync(join(other, log(4)), join(folder, log(4)))
    },
    message: /0004\.log, line 1, was written for another sandbox or data folder/,
    left: 3,
  },
]

test.each(DAMAGES)(
  '$what: the start is refused with file, place and advice, and --recover goes on from what is good',
  async ({ spoil, message, left }) => {
    const folder = await folderWithTwoLogs()
    await spoil(folder)
    const before = fs.readdirSync(folder)
    await expect(open(folder)).rejects.toThrow(message)
    await expect(open(folder)).rejects.toThrow(/--recover/)
    expect(fs.readdirSync(folder)).toEqual(before)

    const recovered = await open(folder, true)
    expect(recovered.ids()).toEqual(['u1', 'u2', 'u3', 'u4', 'u5', 'u6'].slice(0, left))
    const lost = 6 - left
    expect(recovered.said()).toContain(
      `${lost} ${lost === 1 ? 'transaction is' : 'transactions are'} left out`,
    )
    await recovered.add('next')
    await recovered.store.close()
    const again = await open(folder)
    expect(again.ids()).toHaveLength(left + 1)
    expect(again.said()).toBe('')
  },
)

test('--recover names the changes that it leaves out and keeps a copy of them', async () => {
  const folder = await folderWithTwoLogs()
  edit(join(folder, log(4)), (lines) => lines.splice(0, 1))
  const { said } = await open(folder, true)
  expect(said()).toMatch(/3 transactions are left out \(transactions 4 to 6; kept in /)
  expect(said()).toContain('Readable changes: api.users u5, api.users u6')
  const copy = fs.readdirSync(folder).find((name) => name.includes('.corrupt-'))!
  expect(fs.readFileSync(join(folder, copy), 'utf8')).toContain('"u6"')
})

test('invalid lines after the last saved change are reported as never acknowledged', async () => {
  const folder = await folderWithTwoLogs()
  fs.appendFileSync(join(folder, log(4)), 'not a record\n')
  const { ids, said } = await open(folder)
  expect(ids()).toHaveLength(6)
  expect(said()).toMatch(/line 4, was cut short .* Its change was never acknowledged/)
  const copy = fs.readdirSync(folder).find((name) => name.includes('.corrupt-'))!
  expect(fs.readFileSync(join(folder, copy), 'utf8')).toBe('not a record\n')
})

test('a log of another folder is noticed also without a manifest, whose absence is reported', async () => {
  const folder = await folderWithTwoLogs()
  const other = await folderWithTwoLogs()
  fs.rmSync(join(folder, 'manifest'))
  const { said, ids, store } = await open(folder)
  expect(said()).toMatch(/manifest is missing, so it cannot be checked that the folder is complete/)
  expect(ids()).toHaveLength(6)
  await store.close()
  fs.rmSync(join(other, 'manifest'))
  fs.copyFileSync(join(await folderWithTwoLogs(), log(4)), join(other, log(4)))
  await expect(open(other)).rejects.toThrow(/0004\.log, line 1, was written for another sandbox/)
})

test('a folder without a manifest keeps its id, so that its previous logs stay readable', async () => {
  const folder = await folderWithTwoLogs()
  const first = await open(folder)
  await first.store.close()
  fs.rmSync(join(folder, 'manifest'))
  const second = await open(folder)
  await second.add('u7')
  const lines = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => fs.readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .filter((line) => line !== '')
  expect(lines).toHaveLength(7)
  expect(new Set(lines.map((line) => /"([\w-]{8})"\]$/.exec(line)?.[1])).size).toBe(1)
})

test('a state file that an older manifest does not list is refused, and --recover says what cannot be checked', async () => {
  const folder = await folderWithTwoLogs()
  const old = fs.readFileSync(join(folder, 'manifest'))
  const first = await open(folder)
  await first.store.close()
  const second = await open(folder)
  await second.add('u7')
  await second.store.close()
  fs.writeFileSync(join(folder, 'manifest'), old)
  await expect(open(folder)).rejects.toThrow(/state\.json ends with transaction 7/)
  const { said } = await open(folder, true)
  expect(said()).toMatch(
    /If .*manifest is the file from another time or folder, it cannot be checked that the folder is complete/,
  )
})

test('a state file of another time is refused', async () => {
  const folder = createFolder()
  const { add, store } = await open(folder)
  const old = fs.readFileSync(join(folder, 'state.json'), 'utf8')
  await add('u1')
  await store.close()
  const other = old.replace('"seq": 0', '"seq": 40')
  fs.writeFileSync(join(folder, 'state.json'), other)
  await expect(open(folder)).rejects.toThrow(
    /state\.json ends with transaction 40, but the manifest says that the last state files end with 1 and 0/,
  )
  expect((await open(folder, true)).ids()).toEqual(['u1'])
})

test('a changed state file is used, and the rows that differ are named', async () => {
  const folder = createFolder()
  const { add, store } = await open(folder)
  for (const id of ['u1', 'u2']) await add(id)
  await store.close()
  const file = join(folder, 'state.json')
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"u2"', '"u3"'))
  const { ids, said } = await open(folder)
  expect(ids()).toEqual(['u1', 'u3'])
  expect(said()).toContain('1 missing in api.users (u2), 1 added in api.users (u3)')
})

test('a changed state file is refused when nobody can tell what differs', async () => {
  const folder = createFolder()
  const { add, store } = await open(folder)
  for (const id of ['u1', 'u2']) await add(id)
  await store.close()
  const file = join(folder, 'state.json')
  const text = fs.readFileSync(file, 'utf8').replace('"u2"', '"u3"')
  fs.writeFileSync(file, text)
  for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.log'))) {
    fs.rmSync(join(folder, name))
  }
  fs.writeFileSync(join(folder, 'state.previous.json'), text)
  const why =
    /state\.json has changed since Standin wrote it, .* cannot be determined without a valid/
  await expect(open(folder)).rejects.toThrow(why)
  // The files that the message advises to use.
  edit(file, (lines) =>
    lines.splice(
      lines.findIndex((line) => line.includes('"seq"')),
      1,
    ),
  )
  expect((await open(folder)).ids()).toEqual(['u1', 'u3'])
})

test('a removed log is noticed before a change is acknowledged, and all files are written anew', async () => {
  const folder = createFolder()
  const { add, store, said } = await open(folder)
  await add('u1')
  for (const name of fs.readdirSync(folder)) {
    if (name !== 'lock') fs.rmSync(join(folder, name), { recursive: true })
  }
  await expect(add('u2')).rejects.toMatchObject({ status: 500, reason: 'state.write-failed' })
  await expect.poll(() => store.lost).toBeUndefined()
  await add('u3')
  expect(said()).toContain('was removed while the server was running; it has been written again')

  const copy = createFolder()
  fs.cpSync(folder, copy, { recursive: true })
  fs.rmSync(join(copy, 'lock'), { force: true })
  expect((await open(copy)).ids()).toEqual(['u1', 'u3'])
})

test.each(['deleted', 'moved away'])('changes are refused while the folder is %s', async (how) => {
  const folder = join(createFolder(), 'data')
  const { add, store, ids } = await open(folder)
  await add('u1')
  if (how === 'deleted') fs.rmSync(folder, { recursive: true })
  else fs.renameSync(folder, `${folder}-moved`)
  await expect.poll(() => store.lost).toBe(`${folder} is gone`)
  await expect(async () => add('u2')).rejects.toMatchObject({ reason: 'state.write-failed' })
  expect(ids()).toEqual(['u1'])
  expect(fs.existsSync(folder)).toBe(false)
  if (how === 'deleted') {
    await expect(store.close()).rejects.toThrow(/data is gone; the state of this run is not saved/)
    return
  }
  fs.renameSync(`${folder}-moved`, folder)
  await expect.poll(() => store.lost).toBeUndefined()
  await add('u3')
  await store.close()
  expect((await open(folder)).ids()).toEqual(['u1', 'u3'])
})

test.runIf(process.platform === 'linux')(
  'a second store is kept out of a folder whose lock file was removed',
  async () => {
    const folder = createFolder()
    await open(folder)
    fs.rmSync(join(folder, 'lock'))
    await expect(open(folder)).rejects.toThrow(/is in use by another Standin/)
  },
)

test('a folder that another process has taken is not written to any more', async () => {
  const folder = createFolder()
  const { add, store } = await open(folder)
  await add('u1')
  const other = JSON.stringify({ pid: 1, place: 'elsewhere pid:[1]', started: '1' })
  fs.writeFileSync(join(folder, 'lock'), other)
  await expect.poll(() => store.lost).toMatch(/was taken by another Standin/)
  await expect(async () => add('u2')).rejects.toMatchObject({ reason: 'state.write-failed' })
  await expect(store.close()).rejects.toThrow(/was taken by another Standin/)
  expect(fs.readFileSync(join(folder, 'lock'), 'utf8')).toBe(other)
})
