import type { Expectation, Fault } from '../admin/contract.gen.ts'
import { differencesIn } from '../client/requests.ts'
import type { SandboxOptions, Standin } from '../client/standin.ts'
import type { StandinOptions } from '../config/start-options.ts'
import { connectStandin, startStandin } from '../index.ts'

/** Options of `useStandin`: those of the sandbox of each test, and of the server. */
export interface UseStandinOptions extends Omit<SandboxOptions, 'name' | 'kept'> {
  /** URL of a running server; default `STANDIN_URL`. Without either, a server is started. */
  readonly url?: string | undefined
  /** Admin token of that server, if it needs one; default `STANDIN_ADMIN_TOKEN`. */
  readonly adminToken?: string | undefined
  /** Options of the server that is started. */
  readonly server?: StandinOptions | undefined
  /** True: a test fails if a fault that was armed in its sandbox never fired. */
  readonly failOnUnfiredFaults?: boolean | undefined
  /** Expectations about the requests of each test; the test fails if one is not met. */
  readonly verify?: Expectation | readonly Expectation[] | undefined
}

/** Client of the sandbox of the test that runs. */
export type TestStandin = Standin & {
  /** Adds expectations that are verified at the end of this test, which fails if one is not met. */
  verifyAtEnd(expectations: Expectation | readonly Expectation[]): void
}

/** Hooks of a test runner. `beforeEach` and `afterEach` pass a value that identifies the test. */
export interface Hooks {
  beforeAll(hook: () => Promise<void>): void
  beforeEach(hook: (test: unknown) => Promise<void>): void
  afterEach(hook: (test: unknown) => Promise<void>): void
  afterAll(hook: () => Promise<void>): void
  /** True: a test may have subtests, for which the hooks run too. */
  readonly hasSubtests?: boolean
}

/**
 * Time limit of the hooks in milliseconds: on a busy machine, the first start of a server takes
 * seconds.
 */
export const HOOK_TIMEOUT = 60_000

/** Names that test runners and `await` read from any value; they may be read outside of a test. */
const PASSIVE = new Set<string | symbol>(['then', 'toJSON', 'asymmetricMatch', 'nodeType'])

/** Servers of this process that tests use, by their options. */
const servers = new Map<string, { readonly standin: Promise<Standin>; uses: number }>()

/** A running test with its sandbox. */
interface Frame {
  readonly test: unknown
  /** Missing until the server has created it. */
  sandbox?: Standin
  readonly expectations: Expectation[]
}

const CONCURRENT =
  'useStandin() has one sandbox at a time, and tests ran concurrently. Run them one after the other, ' +
  'or create a sandbox in each test: await standin.sandbox(), with the standin of startStandin()'

/**
 * Registers hooks that give each test a sandbox, and returns a client of the current one. The tests
 * of a process share a server; the last one that ends stops it.
 */
export function useStandinWith(hooks: Hooks, options: UseStandinOptions = {}): TestStandin {
  const { url, adminToken, server, failOnUnfiredFaults = false, verify = [], ...own } = options
  const acquire = serverFor(url, adminToken, server)
  /** The running tests, the outermost first: a subtest comes after the test that contains it. */
  const frames: Frame[] = []
  let release: () => Promise<void> = () => Promise.resolve()
  let standin: Standin | undefined
  /**
   * Sandbox of the test that ended last. It is kept until the next test begins, so that other hooks
   * can read it.
   */
  let finished: Standin | undefined

  const closeFinished = async () => {
    const sandbox = finished
    finished = undefined
    await sandbox?.close()
  }
  hooks.beforeAll(async () => {
    const acquired = await acquire()
    standin = acquired.standin
    release = acquired.release
  })
  hooks.beforeEach(async (test) => {
    await closeFinished()
    if (standin === undefined) throw new Error('The server of useStandin() is not running')
    if (frames.length > 0 && hooks.hasSubtests !== true) throw new Error(CONCURRENT)
    const frame: Frame = { test, expectations: [verify].flat() }
    frames.push(frame)
    frame.sandbox = await standin.sandbox(own)
  })
  hooks.afterEach(async (test) => {
    const frame = frames.findLast((one) => one.test === test)
    if (frame === undefined) return // its beforeEach failed
    const isLast = frame === frames.at(-1)
    frames.splice(frames.indexOf(frame), 1)
    await closeFinished()
    finished = frame.sandbox
    if (!isLast) throw new Error(CONCURRENT)
    if (frame.sandbox) await check(frame.sandbox, frame.expectations, failOnUnfiredFaults)
  })
  hooks.afterAll(async () => {
    await closeFinished()
    standin = undefined
    await release()
  })
  return clientOf(frames, () => finished)
}

/**
 * Connects to a server or starts one, once for the process; releasing it the last time closes it.
 */
function serverFor(
  url = process.env['STANDIN_URL'] || undefined,
  adminToken = process.env['STANDIN_ADMIN_TOKEN'] || undefined,
  server: StandinOptions = {},
) {
  const key = JSON.stringify([url, adminToken, server])
  return async () => {
    const open = () =>
      url === undefined ? startStandin(server) : connectStandin({ url, adminToken })
    const shared = servers.get(key) ?? { standin: open(), uses: 0 }
    servers.set(key, shared)
    shared.uses++
    const release = async () => {
      if (--shared.uses > 0) return
      servers.delete(key)
      const standin = await shared.standin.catch(() => undefined) // reported by beforeAll
      await standin?.close()
    }
    try {
      return { standin: await shared.standin, release }
    } catch (error) {
      await release()
      throw error
    }
  }
}

/** @throws Error naming the expectations that are not met, and the faults that never fired */
async function check(
  sandbox: Standin,
  expectations: readonly Expectation[],
  failOnUnfiredFaults: boolean,
): Promise<void> {
  const failures: string[] = []
  if (expectations.length > 0) {
    const verified = await sandbox.requests.verify(expectations, { throws: false })
    if (!verified.passed) failures.push(differencesIn(verified))
  }
  const unfired = failOnUnfiredFaults ? await sandbox.faults.unfired() : []
  const forgotten = unfired.filter(({ origin }) => origin !== 'config')
  if (forgotten.length > 0) {
    failures.push(`Armed faults never fired:\n${forgotten.map(unfiredText).join('\n')}`)
  }
  if (failures.length > 0) throw new Error(failures.join('\n'))
}

function unfiredText({ id, fault, definition, nearestMiss }: Fault): string {
  const name = fault === '' ? JSON.stringify(definition) : fault
  const why = nearestMiss
    ? `nearest request ${nearestMiss.requestId}: ${nearestMiss.why}`
    : 'no request came near it'
  return `- ${id} (${name}): ${why}`
}

/** A client whose members are those of the current sandbox. */
function clientOf(frames: readonly Frame[], finished: () => Standin | undefined): TestStandin {
  const verifyAtEnd = (expectations: Expectation | readonly Expectation[]) => {
    const frame = frames.at(-1)
    if (!frame) throw new Error('verifyAtEnd() was called outside of a test')
    frame.expectations.push(...[expectations].flat())
  }
  return new Proxy({} as TestStandin, {
    get(_, name) {
      if (name === 'verifyAtEnd') return verifyAtEnd
      const sandbox = frames.at(-1)?.sandbox ?? finished()
      if (sandbox === undefined) {
        if (typeof name === 'symbol' || PASSIVE.has(name)) return undefined
        if (frames.length > 0) throw new Error(CONCURRENT) // a concurrent test waits for its sandbox
        throw new Error(
          `standin.${name} was read outside of a test; useStandin() has a sandbox in tests, ` +
            'and in the hooks beforeEach and afterEach',
        )
      }
      const value: unknown = Reflect.get(sandbox, name, sandbox)
      return typeof value === 'function' ? (value.bind(sandbox) as unknown) : value
    },
  })
}
