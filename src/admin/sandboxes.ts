import { sandboxPath } from '../core/http/sandbox-path.ts'
import type { Task } from '../core/api.ts'
import { Problem } from '../core/problem.ts'
import { inRange, milliseconds } from './clock.ts'
import type { NewSandbox, Sandbox, SandboxList } from './contract.gen.ts'
import type { Fixtures, HostedSandbox, ServerPort } from './ports.ts'

/** Handlers of `/sandboxes`. */
export function sandboxTasks(
  server: ServerPort,
): Record<'listSandboxes' | 'createSandbox' | 'getSandbox' | 'deleteSandbox', Task> {
  return {
    listSandboxes: () => {
      const body: SandboxList = { sandboxes: server.list().map(sandboxBody) }
      return { status: 200, body }
    },
    createSandbox: async (call) => {
      const { clock, ttl, fixtures, ...rest } = call.body as NewSandbox // the contract has checked it
      const hosted = await server.create({
        ...rest,
        ...(clock === undefined ? {} : { clock: inRange(Date.parse(clock), clock) }),
        ...(ttl === undefined ? {} : { ttl: ttlOf(ttl) }),
        ...(fixtures === undefined ? {} : { fixtures: fixtures as Fixtures }), // by its schema
      })
      const body = sandboxBody(hosted)
      return { status: 201, body, headers: { Location: body.prefix } }
    },
    getSandbox: (call) => ({ status: 200, body: sandboxBody(server.get(call.params['name']!)) }),
    deleteSandbox: async (call) => {
      const name = call.params['name']!
      const body = sandboxBody(server.get(name))
      await server.remove(name)
      return { status: 200, body }
    },
  }
}

/** A sandbox as the admin API returns it. */
export function sandboxBody({ sandbox, kept, createdAt, ttl, lastUsed }: HostedSandbox): Sandbox {
  const { name, seed } = sandbox.settings
  return {
    name,
    prefix: sandboxPath(name),
    seed,
    profile: sandbox.profile,
    kept,
    createdAt: new Date(createdAt).toISOString(),
    ...(ttl === undefined ? {} : { expiresAt: new Date(lastUsed + ttl).toISOString() }),
    users: sandbox.users,
  }
}

/**
 * Reads a time to live. Less than a second would remove the sandbox before its first use.
 *
 * @throws Problem 400 body.invalid, time.out-of-range
 */
function ttlOf(text: string): number {
  const ttl = milliseconds(text)
  if (ttl < 1000) throw new Problem(400, 'body.invalid', 'ttl must be at least 1s')
  return ttl
}
