import * as fs from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { Row } from '../../src/core/store/state.ts'
import type { Disk } from '../../src/core/store/write-ahead-log.ts'
import { Store } from '../../src/core/store/store.ts'
import { afterKill, createFolder } from '../helpers/sandbox.ts'

// Failures that the random campaign found, as deterministic tests.

const broken = Object.assign(new Error('input/output error'), { code: 'EIO' })

/** A disk that writes a part of a line and fails, and may fail to truncate it too. */
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

/** The users after a kill at this moment and a restart. */
async function idsAfterKill(folder: string): Promise<string[]> {
  return (await open(afterKill(folder))).ids()
}

test('an incomplete line that could not be truncated does not stop the next start', async () => {
  const folder = createFolder()
  const fails = { write: false, truncate: false }
  const { add } = await open(folder, disk(fails))
  await add('ada')
  Object.assign(fails, { write: true, truncate: true })
  await expect(add('grace')).rejects.toThrow(/could not be written/)
  Object.assign(fails, { write: false, truncate: false })
  await add('alan')
  expect(await idsAfterKill(folder)).toEqual(['ada', 'alan'])
})

test('a write-ahead log begun after a failure has no hole where a later line was truncated', async () => {
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
  expect(await idsAfterKill(folder)).toEqual(['ada', 'alan'])
})
