import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { VENDORS } from '../../src/apis/index.ts'
import { valueAt } from '../../src/core/contract/schema.ts'
import type { Call, Driver } from '../generated-clients/driver.ts'
import { specOf } from '../helpers/bodies.ts'
import { createCaller, type Api } from '../helpers/caller.ts'
import { createReceiver } from '../helpers/receiver.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { settled } from '../helpers/webhooks.ts'

/*
 * Two generators make clients from the contracts; the clients make every call that has an answer in
 * JSON. The test generates them itself, so that nothing generated is committed or becomes stale.
 */

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'test/generated-clients')
const run = promisify(execFile)

/** Every operation of a contract; each can be called in JSON. */
function operationsOf(api: Api): string[] {
  const items = Object.values(specOf(api)['paths'] as object).flatMap((item: object) =>
    Object.values(item).map((operation: unknown) => valueAt(operation, ['operationId'])),
  )
  return items.filter((id) => typeof id === 'string')
}

const apis = VENDORS.map(({ name }) => name as Api)

beforeAll(async () => {
  await run(process.execPath, ['--import', import.meta.resolve('tsx'), join(FOLDER, 'generate.ts')])
})

const CALLS: Readonly<Record<Api, readonly Call[]>> = {
  mykaarma: [
    { operation: 'createUserForPartner', status: 200, read: [] },
    { operation: 'updateUserForPartner', status: 200, read: [] },
    { operation: 'getUsersForDealer', status: 200, read: [['Lovelace', 'countess@example.test']] },
    { operation: 'createUserForPartner', status: 403, read: 'UNAUTHORIZED' },
  ],
  cryptlex: [
    { operation: 'createWebhook', status: 201, read: ['reseller.user.created'] },
    { operation: 'listWebhooks', status: 200, read: ['Standin', 'crm'] },
    {
      operation: 'updateWebhook',
      status: 200,
      read: ['reseller.user.created', 'reseller.user.deleted'],
    },
    { operation: 'getWebhook', status: 200, read: 2 },
    { operation: 'createResellerUser', status: 201, read: 'Ada Byron' },
    { operation: 'createResellerUser', status: 409, read: 'string' },
    { operation: 'updateResellerUser', status: 200, read: 'Ada Lovelace' },
    { operation: 'listResellerUsers', status: 200, read: ['Analytical Engines'] },
    { operation: 'deleteResellerUser', status: 204, read: undefined },
    { operation: 'listResellerUsers', status: 200, read: [] },
    {
      operation: 'listWebhookEventLogs',
      status: 200,
      read: ['reseller.user.created', 'reseller.user.deleted'],
    },
    { operation: 'deleteWebhook', status: 204, read: undefined },
  ],
  formsonfire: [
    { operation: 'createUser', status: 200, read: 'Invited' },
    { operation: 'updateUser', status: 200, read: 'Invited' },
    {
      operation: 'getUser',
      status: 200,
      read: ['Lovelace', [{ Key: 'engine', Value: 'analytical' }]],
    },
    { operation: 'searchUsers', status: 200, read: ['ada-1815'] },
    { operation: 'deleteUser', status: 200, read: {} },
    { operation: 'getUser', status: 400, read: 'ArgumentException' },
  ],
}

test.each(apis)('every operation of %s is among the calls', (api) => {
  const called = new Set(CALLS[api].map(({ operation }) => operation))
  expect([...called].toSorted()).toEqual(operationsOf(api).toSorted())
})

describe.each(['openapi-fetch', 'hey-api'])('a client generated for %s', (client) => {
  test.each(apis)('makes every call of %s and reads the answers', async (api) => {
    // Not written into import(): its types are those of the clients, which this file is without.
    const { driver } = (await import(join(FOLDER, `${client}.ts`))) as { readonly driver: Driver }
    const sandbox = await createSandbox()
    const receiver = await createReceiver()
    const calls = await driver[api]({
      url: sandbox.url,
      receiver: receiver.url,
      settled: () => settled(createCaller(sandbox)),
    })
    expect(calls).toEqual(CALLS[api])
  })
})

describe('the generated types', () => {
  const file = 'wrong-names.ts'
  let errors: readonly { readonly file: string; readonly line: number; readonly text: string }[] =
    []

  beforeAll(async () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const args = [tsc, '--noEmit', '--pretty', 'false', '-p', 'tsconfig.wrong-names.json']
    const { stdout } = await run(process.execPath, args, { cwd: FOLDER }).catch(
      (failed: { readonly stdout: string }) => failed, // its exit code says that there are errors
    )
    errors = [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (.*)$/gm)].map(
      ([, path = '', line, text = '']) => ({ file: path, line: Number(line), text }),
    )
  })

  test('fit all calls of both clients', () => {
    expect(errors.filter((error) => error.file !== file)).toEqual([])
  })

  const lines = readFileSync(join(FOLDER, file), 'utf8').split('\n')
  const wrong = lines.flatMap((text, index) => {
    const [, operation, name] = /\/\/ (\w+): (\w+)$/.exec(text) ?? []
    return operation === undefined ? [] : [{ operation, name: name!, line: index + 1 }]
  })

  test('have no other name, at any call', () => {
    const found = errors.map(
      ({ line, text }) => `${line} ${/'(\w+)' does not exist/.exec(text)?.[1]}`,
    )
    expect(found).toEqual(wrong.map(({ line, name }) => `${line} ${name}`))
  })

  test('are tried with a wrong name at every call, by both clients', () => {
    const all = apis.flatMap(operationsOf)
    const tried = wrong.map(({ operation }) => operation)
    expect(tried.toSorted()).toEqual([...all, ...all].toSorted())
  })
})
