import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { allUsers, createCaller, creation } from '../helpers/caller.ts'
import { ENCODED, UNREADABLE } from '../helpers/encodings.ts'
import { createFolder, createSandbox } from '../helpers/sandbox.ts'
import { readConfig } from '../../src/config/config.ts'

const GOOD = {
  cryptlex: {
    tokens: [{ token: 'mine', scopes: ['reseller:user:create'] }],
    users: [{ ...(creation('cryptlex').body as object), resellerId: 'reseller-001' }],
  },
}

function file(value: unknown, name = 'fixtures.json'): string {
  const path = join(createFolder(), name)
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

function folder(value: Readonly<Record<string, unknown>>): string {
  const path = createFolder()
  for (const [api, one] of Object.entries(value)) {
    writeFileSync(join(path, `${api}.json`), JSON.stringify(one))
  }
  return path
}

test.each([
  ['a file', () => file(GOOD)],
  ['a folder', () => folder(GOOD)],
  ['text', () => JSON.stringify(GOOD)],
  ['text with space around it', () => `\n ${JSON.stringify(GOOD, null, 2)}\n`],
])(
  'a new sandbox has the fixtures of %s, and the package’s for keys that they leave out',
  async (_, make) => {
    const caller = createCaller(await createSandbox({ fixtures: make() }))
    expect((await allUsers(caller)).map(({ email }) => email)).toEqual(['ada@example.test'])
    const good = creation('cryptlex', { email: 'new@example.test' })
    expect((await caller.send(good)).status, 'the package’s token is not accepted').toBe(401)
    const headers = { Authorization: 'Bearer mine' }
    expect((await caller.send({ ...good, headers })).status).toBe(201)
    expect((await caller.create('mykaarma')).status).toBe(200)
    expect((await caller.create('formsonfire')).status).toBe(200)
    // Every other sandbox knows them too.
    await caller.post('/_standin/sandboxes', { name: 'a' })
    expect(await allUsers(caller, { base: '/~a' })).toHaveLength(1)
  },
)

test.each(Object.entries(ENCODED))(
  'files of fixtures, keys and Protocol Buffers may be %s',
  async (_, encode) => {
    const path = createFolder()
    const write = (name: string, text: string) => {
      writeFileSync(join(path, name), encode(text))
      return join(path, name)
    }
    const caller = createCaller(
      await createSandbox({
        fixtures: write('fixtures.json', JSON.stringify(GOOD)),
        jwks: write('keys.json', '{"keys": []}'),
        proto: write('own.proto', readFileSync('specs/mykaarma.proto', 'utf8')),
      }),
    )
    const good = creation('cryptlex', { email: 'new@example.test' })
    const headers = { Authorization: 'Bearer mine' }
    expect((await caller.send({ ...good, headers })).status).toBe(201)
  },
)

test('text of fixtures may begin with a byte order mark', async () => {
  const caller = createCaller(await createSandbox({ fixtures: `\uFEFF${JSON.stringify(GOOD)}` }))
  expect(await allUsers(caller)).toHaveLength(1)
})

test.each(Object.entries(UNREADABLE))('a file in %s is refused by name', async (name, encode) => {
  const path = join(createFolder(), 'a.json')
  writeFileSync(path, encode('{"keys": []}'))
  const message = `it seems to be ${name.slice(0, 6)}; save it as UTF-8`
  await expect(createSandbox({ fixtures: path })).rejects.toThrow(message)
  await expect(createSandbox({ jwks: path })).rejects.toThrow(message)
  await expect(createSandbox({ proto: path })).rejects.toThrow(message)
})

test.each([
  [
    '{"cryptlex": {"tokens": }}',
    /the JSON \(--fixtures\) cannot be read: unexpected text at line 1, column 25/,
  ],
  [
    '{"cryptlex": {"resellers": [{"id": 7}]}}',
    /--fixtures.*cryptlex\.resellers\[0\]\.id must be of type string/,
  ],
  ['{"okta": {}}', /--fixtures.*okta/],
  ['{"cryptlex": {"users": [{"resellerId": "r"}]}}', /cryptlex\.users\[0\]: .*is required/],
  [
    '/nowhere/fixtures.json',
    /\/nowhere\/fixtures\.json \(--fixtures\) cannot be read: it does not exist/,
  ],
])('fixtures that cannot be used stop the start: %s', async (fixtures, message) => {
  await expect(createSandbox({ fixtures })).rejects.toThrow(message)
})

test('the message names a bad file, alone or in a folder', async () => {
  const bad = file('{"cryptlex": ')
  await expect(createSandbox({ fixtures: bad })).rejects.toThrow(
    `${bad} (--fixtures) cannot be read: it ends too early`,
  )
  const wrong = file({ cryptlex: { roles: 'user' } })
  await expect(createSandbox({ fixtures: wrong })).rejects.toThrow(
    `${wrong} (--fixtures) cannot be used: cryptlex.roles`,
  )
  const path = createFolder()
  writeFileSync(join(path, 'mykaarma.json'), '[')
  await expect(createSandbox({ fixtures: path })).rejects.toThrow(join(path, 'mykaarma.json'))
})

test('STANDIN_FIXTURES works as --fixtures does, and --fixtures wins', async () => {
  const path = file(GOOD)
  for (const value of [path, JSON.stringify(GOOD)]) {
    const { config } = readConfig([], { STANDIN_FIXTURES: value })
    const caller = createCaller(await createSandbox({ fixtures: config.fixtures }))
    expect(await allUsers(caller)).toHaveLength(1)
    const both = readConfig(['--fixtures', '{}'], { STANDIN_FIXTURES: value })
    expect(both.config.fixtures).toBe('{}')
  }
})
