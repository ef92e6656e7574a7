import { Server } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createCaller, creation } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { eventually } from '../../helpers/time.ts'
import { addressOf, mykaarma, sendRaw } from './kit.ts'

test.each(['cut', 'delay=20ms', 'reset', 'close', 'slow-body;interval=1ms', 'commit-cut'])(
  'of two pipelined requests the second gets its own fault, %s',
  async (fault) => {
    const server = await createSandbox()
    const bytes = ['delay=30ms', fault].map((requested, i) => {
      const { method, path, headers, body } = creation('cryptlex', { email: addressOf(`u${i}`) })
      const text = JSON.stringify(body)
      const all = {
        Host: 'localhost',
        'Content-Type': 'application/json',
        'Content-Length': text.length,
        'Standin-Fault': requested,
        ...headers,
      }
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
      return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
    })
    const socket = connect(server.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(bytes.join(''))
    const answers = () => answer.match(/HTTP\/1\.1 201 /g)?.length ?? 0
    if (fault.startsWith('delay')) await eventually(() => expect(answers()).toBe(2))
    else await closed
    expect(answers()).toBe(fault === 'reset' || fault === 'close' ? 1 : 2)
    expect(answer).toContain('"u0@example.test"')
    expect(server.sandbox.faults.list().map(({ fired }) => fired)).toEqual([1, 1])
  },
)

test('a waiting answer of a removed sandbox does not delay the stop of the server', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.post('/_standin/sandboxes', { name: 'gone' })
  const path = `/~gone${mykaarma.path}`
  const answer = sendRaw(server, mykaarma, { path, headers: { 'Standin-Fault': 'hang' } })
  await eventually(async () => {
    const { text } = await caller.get('/~gone/_standin/faults?all=true')
    expect(text).toContain('"fired":1')
  })
  await caller.delete('/_standin/sandboxes/gone')
  expect((await answer).end).not.toBe('waiting')
  const cut = vi.spyOn(Server.prototype, 'closeAllConnections')
  onTestFinished(() => cut.mockRestore())
  await server.close()
  // The server closes remaining connections by force at its time limit.
  expect(cut).not.toHaveBeenCalled()
})
