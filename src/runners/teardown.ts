import { stopServer } from './run-server.ts'

/** Stops the server of `standin/global-setup`; Jest needs it, others stop it themselves. */
export default async function teardown(): Promise<void> {
  await stopServer()
}
