import { createServer, type AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { eventually } from './time.ts'

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await eventually(() => expect(server.listening).toBe(true))
  const { port } = server.address() as AddressInfo // it listens on a port
  server.close()
  return port
}
