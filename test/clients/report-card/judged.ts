import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import type { ReportCard } from '../../../src/admin/contract.gen.ts'
import type { Standin } from '../../../src/index.ts'

const run = promisify(execFile)

/** The statuses of the story that every client plays: list, ada, a bad request, bob, bob found. */
export const STORY = '200 201 400 500 found'

/** A client: a program that plays the story against the sandbox whose URL is its last argument. */
export interface PublicClient {
  readonly client: string
  readonly command: readonly string[]
  readonly cwd?: string
}

/** True if a command ends well, so that a client that needs it can be run. */
export function isThere(program: string, ...args: readonly string[]): boolean {
  const { status } = spawnSync(program, args, { stdio: 'ignore' })
  return status === 0
}

/**
 * Runs a client against a sandbox with faults, and returns what it printed and its report card.
 *
 * @param failures of the first request, before it succeeds
 */
export async function judged(
  standin: Standin,
  { command: [program = '', ...args], cwd }: PublicClient,
  failures: number,
): Promise<{ readonly story: string; readonly card: ReportCard }> {
  await standin.faults.add({ fault: `503;times=${failures}`, operation: 'listResellerUsers' })
  const create = { operation: 'createResellerUser' }
  const bob = { match: { fields: { email: 'bob@example.test' } } }
  await standin.faults.add({ fault: 'commit-500;times=1', ...create, ...bob })
  await standin.faults.add({ fault: '429;retry-after=1;times=1', ...create })
  const options = { timeout: 100_000, ...(cwd === undefined ? {} : { cwd }) }
  const { stdout } = await run(program, [...args, standin.url], options)
  await standin.faults.clear()
  return { story: stdout.trim(), card: await standin.reportCard() }
}
