import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createSandbox } from '../helpers/sandbox.ts'

test('a client that ends its side of the connection after the request gets the answer', async () => {
  const server = await createSandbox()
  // Saving a snapshot and waiting for deliveries take a while before the answer.
  for (const head of [
    'GET /_standin/ready',
    'PUT /_standin/snapshots/one',
    'POST /_standin/reset',
  ]) {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
      socket.end(`${head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`)
    })
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  }
})
