import { startStandin } from '../index.ts'
import { keepForTeardown } from './run-server.ts'

/**
 * Starts one server for the whole run and sets `STANDIN_URL`, which `useStandin` of every worker
 * reads. Does nothing if `STANDIN_URL` names a server already.
 *
 * @returns a function that stops the server; vitest and Playwright call it
 */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env['STANDIN_URL']) return () => Promise.resolve()
  const standin = await startStandin()
  process.env['STANDIN_URL'] = standin.url
  return keepForTeardown(async () => {
    delete process.env['STANDIN_URL']
    await standin.close()
  })
}
