import type { Reply, Task } from '../core/api.ts'
import { sandboxPath } from '../core/http/sandbox-path.ts'
import type { NewSession, Session } from './contract.gen.ts'
import { OWN_PREFIX } from './front-page.ts'
import type { ServerPort } from './ports.ts'

/** Handlers of `/session`: a browser's cookie in place of the admin token. */
export function sessionTasks({
  sessions,
}: ServerPort): Record<'openSession' | 'closeSession', Task> {
  return {
    openSession: ({ headers, body }) => {
      const { token, sandbox } = body as NewSession // by the contract
      const cookie =
        token === undefined
          ? sessions.extendSession(headers, `${sandboxPath(sandbox!)}${OWN_PREFIX}`) // one of the two
          : sessions.openSession(headers, token)
      return answer(cookie, cookie !== undefined)
    },
    closeSession: ({ headers }) => answer(sessions.closeSession(headers), false),
  }
}

function answer(cookie: string | undefined, open: boolean): Reply {
  const body: Session = { open }
  const set = cookie === undefined ? {} : { 'Set-Cookie': cookie }
  return { status: 200, body, headers: { ...set, 'Cache-Control': 'no-store' } }
}
