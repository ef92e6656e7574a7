import { Problem } from '../core/problem.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import type { Task } from '../core/api.ts'
import type { NewSandbox, Sandbox, SandboxList } from './contract.gen.ts'
import { inRange, milliseconds } from './clock.ts'
import type { Fixtures, ServerPort, HostedSandbox } from './ports.ts'

/** Making, naming and removing sandboxes. */
export function sandboxTasks(
  host: ServerPort,
): Record<'listSandboxes' | 'createSandbox' | 'getSandbox' | 'deleteSandbox', Task> {
  return {
    listSandboxes: () => {
      const body: SandboxList = { sandboxes: host.list().map(described) }
      return { status: 200, body }
    },
    createSandbox: async (call) => {
      const { clock, ttl, fixtures, ...wish } = call.body as NewSandbox // the contract has checked it
      const hosted = await host.create({
        ...wish,
        ...(clock === undefined ? {} : { clock: inRange(Date.parse(clock), clock) }),
        ...(ttl === undefined ? {} : { ttl: lasting(milliseconds(ttl)) }),
        ...(fixtures === undefined ? {} : { fixtures: fixtures as Fixtures }), // by its schema
      })
      const body = described(hosted)
      return { status: 201, body, headers: { Location: body.prefix } }
    },
    getSandbox: (call) => ({ status: 200, body: described(host.get(call.params['name']!)) }),
    deleteSandbox: async (call) => {
      const name = call.params['name']!
      const body = described(host.get(name))
      await host.remove(name)
      return { status: 200, body }
    },
  }
}

/** A sandbox that is gone before it can be used is a mistake. */
function lasting(ttl: number): number {
  if (ttl < 1000) throw new Problem(400, 'body.invalid', 'ttl must be at least 1s')
  return ttl
}

export function described({ sandbox, kept, createdAt, ttl, lastUsed }: HostedSandbox): Sandbox {
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
