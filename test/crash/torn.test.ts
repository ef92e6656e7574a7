import * as fs from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { Row } from '../../src/core/store/state.ts'
import type { Disk } from '../../src/core/store/write-ahead-log.ts'
import { Store } from '../../src/core/store/store.ts'
import { afterKill, createFolder } from '../helpers/sandbox.ts'

// What the campaign found, each without chance.

const broken = Object.assign(new Error('input/output error'), { code: 'EIO' })

/** A disk that writes some bytes of a line and fails, and cannot take them back either. */
function disk(fails: { write: boolean; truncate: boolean }): Disk {
  return {
    openSync: fs.openSync,
    fdatasync: fs.fdatasync,
    writeSync: (fd, bytes, offset) => {
      if (!fails.write) return fs.writeSync(fd, bytes, offset)
      fs.writeSync(fd, bytes, offset, 20)
      throw broken
    },
    ftruncateSync: (fd, length) => {
      if (fails.truncate) throw broken
      fs.ftruncateSync(fd, length)
    },
  }
}

async function open(folder: string, faulty?: Disk) {
  const store = await Store.open({
    folder,
    durability: 'fsync',
    tables: { api: { users: { unique: [] } } },
    log: { warn: () => {}, bug: () => {} },
    ...(faulty ? { disk: faulty } : {}),
  })
  onTestFinished(() => store.close())
  const users = store.collection<Row>('api.users')
  return {
    ids: () => users.all().map(({ id }) => id),
    add: async (id: string) => {
      store.transact(() => users.insert({ id }))
      await store.saved()
    },
  }
}

/** The users that a start finds after a kill at this moment. */
async function found(folder: string): Promise<string[]> {
  return (await open(afterKill(folder))).ids()
}

test('half a line that could not be taken back does not stop the next start', async () => {
  const folder = createFolder()
  const fails = { write: false, truncate: false }
  const { add } = await open(folder, disk(fails))
  await add('ada')
  Object.assign(fails, { write: true, truncate: true })
  await expect(add('grace')).rejects.toThrow(/could not be written/)
  Object.assign(fails, { write: false, truncate: false })
  await add('alan')
  expect(await found(folder)).toEqual(['ada', 'alan'])
})

test('a journal begun after a failure has no hole where a later line was taken back', async () => {
  const folder = createFolder()
  const fails = { write: false, truncate: false }
  const { add } = await open(folder, disk(fails))
  Object.assign(fails, { write: true, truncate: true })
  await expect(add('grace')).rejects.toThrow(/could not be written/)
  Object.assign(fails, { write: false, truncate: false })
  await add('ada')
  fails.write = true
  await expect(add('grace')).rejects.toThrow(/could not be written/)
  fails.write = false
  await add('alan')
  expect(await found(folder)).toEqual(['ada', 'alan'])
})
