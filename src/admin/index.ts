import type { Api, Reply, Task } from '../core/api.ts'
import type { Call } from '../core/call.ts'
import { Clock } from '../core/time/clock.ts'
import { json } from '../core/formats/json.ts'
import { problemDocument, problemJson } from '../core/formats/problem-json.ts'
import { events, html, text as plain } from '../core/formats/text.ts'
import { mediaTypeOf } from '../core/http/content-type.ts'
import { Problem } from '../core/problem.ts'
import { faultTasks } from './faults.ts'
import { eventTasks } from './events.ts'
import { explainTasks } from './explain.ts'
import { frontTasks, refusedPage } from './front-page.ts'
import { ledgerTasks } from './ledger.ts'
import { requestTasks } from './requests.ts'
import { serverTasks } from './status.ts'
import { changeTasks } from './changes.ts'
import { deliveryTasks } from './deliveries.ts'
import { inboxTasks } from './inbox.ts'
import { stateTasks } from './state.ts'
import { sandboxTasks } from './sandboxes.ts'
import { userTasks } from './users.ts'
import { verifyTasks } from './verify.ts'
import type {
  ClockAdvance,
  ClockSetting,
  ClockState,
  Problem as ProblemBody,
} from './contract.gen.ts'
import type { ServerPort, SandboxPort } from './ports.ts'
import { webhookTasks } from './webhooks.ts'
import { inRange, milliseconds } from './clock.ts'

/** Standin's own API, below `/_standin`: it goes through the same pipeline as the vendors'. */
export function admin(world: SandboxPort, host: ServerPort): Api {
  return {
    name: 'standin',
    title: 'Standin',
    spec: 'standin.yaml',
    tables: {},
    formats: [json, problemJson, plain, events, html],
    operations: {},
    tasks: {
      ...frontTasks(world, host),
      ...serverTasks(host),
      ...sandboxTasks(host),
      ...userTasks(world),
      ...changeTasks(world),
      ...webhookTasks(world),
      ...deliveryTasks(world),
      ...inboxTasks(world),
      ...stateTasks(world, host),
      ...clockTasks(world),
      ...faultTasks(world),
      ...requestTasks(world, host),
      ...verifyTasks(world),
      ...explainTasks(world),
      ...eventTasks(world),
      ...ledgerTasks(world),
    },
    isOwnApi: true,
    credentialsIn: 'none',
    readFixtures: () => undefined,
    authorize: () => undefined,
    answerType: () => json.mediaType,
    bodyType,
    explain: (problem, call) => refusedPage(problem, call) ?? explain(problem, call, host),
  }
}

/** Who sends nothing need not say of which type it is. */
function bodyType({ headers }: Call, text: string): string {
  const stated = mediaTypeOf(headers['content-type'])
  if (stated === json.mediaType || (stated === undefined && text === '')) return json.mediaType
  const found = stated === undefined ? 'and none was sent' : `not ${stated.slice(0, 60)}`
  const message = `The Content-Type must be ${json.mediaType}, ${found}`
  throw new Problem(415, 'media.unsupported', message, { headers: { Accept: json.mediaType } })
}

function clockTasks(world: SandboxPort): Record<'getClock' | 'putClock' | 'advanceClock', Task> {
  const reply = (): Reply => {
    const body: ClockState = {
      now: new Date(world.clock.now()).toISOString(),
      held: world.clock.isHeld,
    }
    return { status: 200, body }
  }
  return {
    getClock: reply,
    putClock: async (call) => {
      const { now, held } = call.body as ClockSetting // the contract has checked it
      const time = now === undefined ? undefined : inRange(Date.parse(now), now)
      await world.turnClock(() => Clock.at(time ?? world.clock.now(), held ?? world.clock.isHeld))
      return reply()
    },
    advanceClock: async (call) => {
      const { by } = call.body as ClockAdvance // the contract has checked it
      const duration = milliseconds(by)
      await world.turnClock(() => {
        const time = inRange(world.clock.now() + duration, `${by} from now`)
        return Clock.at(time, world.clock.isHeld)
      })
      return reply()
    },
  }
}

/** Answers a refusal as problem+json (RFC 9457). */
function explain(problem: Problem, call: Call, { prefixes }: ServerPort): Reply {
  call.answerType = problemJson.mediaType
  const body: ProblemBody = problemDocument(problem)
  if (problem.reason !== 'route.unknown') return { status: problem.status, body }
  const detail = `There is nothing here; Standin answers below ${prefixes.join(', ')} and /_standin (its calls: docs/admin.md)`
  return { status: problem.status, body: { ...body, detail } }
}
