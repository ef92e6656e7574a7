import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { bannerFor, formatted } from './contract-types.ts'

interface Schema {
  readonly $ref?: string
  readonly anyOf?: readonly Schema[]
}

interface Operation {
  readonly operationId?: string
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
}

/** The route and the JSON answer of every operation of the admin API, for the client. */
export async function clientRoutes(spec: string): Promise<string> {
  const { paths } = load(readFileSync(spec, 'utf8')) as {
    paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  } // the specs' own tests check their structure
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId, responses }]) =>
      operationId === undefined
        ? []
        : [
            {
              operationId,
              route: `${method.toUpperCase()} ${path}`,
              answer: answerType(responses),
            },
          ],
    ),
  )
  return formatted(`${bannerFor(spec)}
import type * as contract from '../admin/contract.gen.ts'

/** Method and path below \`/_standin\`, by operationId. */
export const ROUTES = {
${operations.map(({ operationId, route }) => `${operationId}: '${route}',`).join('\n')}
} as const

/** Body of a successful answer, by operationId. */
export interface Answers {
${operations.map(({ operationId, answer }) => `${operationId}: ${answer}`).join('\n')}
}
`)
}

/** The first JSON schema of the first success, or string for an operation that answers text only. */
function answerType(responses: Operation['responses']): string {
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1]
  const schema = success?.content?.['application/json']?.schema
  const { $ref } = schema?.anyOf?.[0] ?? schema ?? {}
  return $ref === undefined ? 'string' : `contract.${$ref.slice('#/components/schemas/'.length)}`
}
