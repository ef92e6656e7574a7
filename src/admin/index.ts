import type { Api } from '../core/api.ts'
import { json } from '../core/formats/json.ts'
import { problemJson } from '../core/formats/problem-json.ts'
import { events, html, text as plain } from '../core/formats/text.ts'
import { Changes } from './changes.ts'
import { clockTasks } from './clock.ts'
import { deliveryTasks } from './deliveries.ts'
import { eventTasks } from './events.ts'
import { exampleTasks } from './examples.ts'
import { explainTasks } from './explain.ts'
import { faultTasks } from './faults.ts'
import { frontTasks, refusedPage } from './front-page.ts'
import { inboxTasks } from './inbox.ts'
import { ledgerTasks } from './ledger.ts'
import { limitTasks } from './limits.ts'
import type { SandboxPort, ServerPort } from './ports.ts'
import { bodyType, refuse } from './problems.ts'
import { referenceTasks, refusedReference } from './reference.ts'
import { reportCardTasks } from './report-card.ts'
import { requestTasks } from './requests.ts'
import { sandboxTasks } from './sandboxes.ts'
import { sessionTasks } from './session.ts'
import { stateTasks } from './state.ts'
import { statusTasks } from './status.ts'
import { userTasks } from './users.ts'
import { verifyTasks } from './verify.ts'
import { webhookTasks } from './webhooks.ts'

/** The admin API below `/_standin`; it goes through the same pipeline as the vendors' APIs. */
export function admin(sandbox: SandboxPort, server: ServerPort): Api {
  const changes = new Changes(sandbox)
  return {
    name: 'standin',
    title: 'Standin',
    spec: 'standin.yaml',
    tables: {},
    formats: [json, problemJson, plain, events, html],
    operations: {},
    tasks: {
      ...frontTasks(sandbox, server),
      ...statusTasks(server),
      ...limitTasks(sandbox, server),
      ...referenceTasks(server),
      ...sessionTasks(server),
      ...changes.announcing({ ...sandboxTasks(server), ...userTasks(sandbox) }),
      ...exampleTasks(sandbox),
      ...ledgerTasks(sandbox),
      ...requestTasks(sandbox, server),
      ...verifyTasks(sandbox),
      ...reportCardTasks(sandbox),
      ...explainTasks(sandbox),
      ...changes.streaming(eventTasks(sandbox)),
      ...changes.announcing({
        ...stateTasks(sandbox, server),
        ...clockTasks(sandbox),
        ...faultTasks(sandbox),
        ...webhookTasks(sandbox),
        ...deliveryTasks(sandbox),
        ...inboxTasks(sandbox),
      }),
    },
    isOwnApi: true,
    credentialsIn: 'none',
    readFixtures: () => undefined,
    authorize: () => undefined,
    answerType: () => json.mediaType,
    bodyType,
    refuse: (problem, call) =>
      refusedPage(problem, call) ??
      refusedReference(problem, call) ??
      refuse(problem, call, server),
  }
}
