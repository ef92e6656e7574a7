import type { Api, Call, Reply } from '../core/api.ts'
import type { Format } from '../core/format.ts'
import { json } from '../core/formats/json.ts'
import type { Problem } from '../core/problem.ts'
import type { Health, Problem as ProblemBody } from './contract.ts'

/** What the admin API tells of the server it is part of. */
export interface About {
  readonly version: string
  readonly apis: readonly string[]
  /** Where those are. */
  readonly prefixes: readonly string[]
}

const problemJson: Format = {
  ...json,
  mediaType: 'application/problem+json',
  contentType: 'application/problem+json; charset=utf-8',
}

/** Standin's own API, below `/_standin`: it goes through the same pipeline as the vendors'. */
export function admin(about: About): Api {
  return {
    name: 'standin',
    title: 'Standin',
    spec: 'standin.yaml',
    tables: {},
    formats: [json, problemJson],
    operations: {
      getHealth: () => {
        const body: Health = { status: 'ok', version: about.version, apis: [...about.apis] }
        return { status: 200, body }
      },
    },
    credentialsIn: 'none',
    learn: () => undefined,
    authorize: () => undefined,
    answerType: () => json.mediaType,
    explain: (problem, call) => explain(problem, call, about),
  }
}

/** RFC 9457. */
function explain(problem: Problem, call: Call, about: About): Reply {
  call.answerType = problemJson.mediaType
  const body: ProblemBody = {
    type: 'about:blank',
    title: TITLES[problem.status] ?? 'Refused',
    status: problem.status,
    detail:
      problem.reason === 'route.unknown'
        ? `There is nothing here; Standin answers below ${about.prefixes.join(', ')} and /_standin`
        : problem.message,
    reason: problem.reason,
  }
  return { status: problem.status, body }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
}
