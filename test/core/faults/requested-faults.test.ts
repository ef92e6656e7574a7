import { expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { endpoints, type Endpoint } from '../../helpers/raw-requests.ts'
import { createPlainSandbox, createSandbox } from '../../helpers/sandbox.ts'
import { addressOf, bodyOf, cryptlex, faultOf, mykaarma, sendRaw } from './kit.ts'

test('a magic address is found however the body escapes it', async () => {
  const server = await createSandbox()
  for (const endpoint of endpoints) {
    const plain = bodyOf(endpoint, { name: 'ada+fault.409' })
    // As the serializers of .NET and PHP escape it.
    const [plus, dot] = endpoint.answers === 'xml' ? ['&#43;', '&#x2E;'] : ['\\u002B', '\\u002e']
    for (const body of [
      plain.replaceAll('+fault', `${plus}fault`),
      plain.replaceAll('+fault.', `+fault${dot}`),
    ]) {
      const answer = await sendRaw(server, endpoint, { body })
      expect([answer.status, faultOf(server, answer)?.origin]).toEqual([409, 'magic'])
    }
  }
})

test('a magic address in a chunked body takes precedence over wrong credentials', async () => {
  const server = await createSandbox({ maxBody: 5000, bodyTimeout: 200 })
  const ways = { Authorization: 'Bearer nonsense', 'Transfer-Encoding': 'chunked' }
  const wrong = async (endpoint: Endpoint, body: string) =>
    await sendRaw(server, endpoint, { headers: ways, body })
  for (const endpoint of [cryptlex, mykaarma]) {
    const chunked = (name: string) => {
      const text = bodyOf(endpoint, { name })
      return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`
    }
    const answer = await wrong(endpoint, chunked('ada+fault.503'))
    expect([answer.status, faultOf(server, answer)?.origin]).toEqual([503, 'magic'])
    expect((await wrong(endpoint, chunked('ada'))).status).toBe(401)
    // A body that is too large or does not end is still refused for the credentials.
    const large = `2710\r\n${'x'.repeat(10_000)}\r\n0\r\n\r\n`
    expect((await wrong(endpoint, large)).status).toBe(401)
    expect((await wrong(endpoint, '5\r\n{"a":\r\n')).status).toBe(401)
  }
})

test.each([
  ['code=403', 403],
  ['return=minimal, code=403', 403],
  ['code=403; x=1', 403],
  ['code="403"', 403],
  ['code=4031', 200],
  ['xcode=403', 200],
  ['code=200', 200],
  ['', 200],
])('Prefer: %s is answered %i', async (Prefer, status) => {
  const server = await createSandbox()
  expect((await sendRaw(server, mykaarma, { headers: { Prefer } })).status).toBe(status)
})

test('each of many magic addresses with times=1 fires once', async () => {
  const server = await createPlainSandbox()
  const names = Array.from({ length: 1500 }, (_, i) => `u${i}+fault.500/times=1`)
  const caller = createCaller(server)
  const round = async () => {
    const statuses = new Map<number, number>()
    for (const name of names) {
      const { status } = await caller.create('cryptlex', { email: addressOf(name) })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    return [...statuses]
  }
  expect(await round()).toEqual([[500, names.length]])
  expect(await round()).toEqual([[201, names.length]])
})
