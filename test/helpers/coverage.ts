import { load } from 'js-yaml'
import * as prettier from 'prettier'
import { VENDORS } from '../../src/apis/index.ts'
import { isRecord, valueAt } from '../../src/core/contract/schema.ts'
import { code, readDocument, table } from './document.ts'

type Node = Readonly<Record<string, unknown>>

const METHODS = ['get', 'put', 'post', 'patch', 'delete']

/** Statuses that no contract lists and a fault answers in the vendor's words. */
const BY_FAULT = [409, 429, 502, 503, 504]

const INTRODUCTION = `# What you can test against Standin

Each operation with each status. An answer is available

- **yes**: a request is answered with it without a fault, or a state that a test can set leads to it;
- **fault**: only if a [fault](faults.md) asks for it, such as \`{"status": 503}\`.

Evidence says how it is known that the vendor uses the status: see [evidence.md](evidence.md). A status
that only a fault causes is not known to be used by the vendor, unless the evidence says so. The page is made
from the contracts in [specs/](../specs) and the requests of the conformance tests.`

/**
 * The text of docs/coverage.md.
 *
 * @param reached `api operationId status` of each answer that the conformance tests provoke
 */
export async function coveragePage(reached: ReadonlySet<string>): Promise<string> {
  const sections = VENDORS.map(({ name, title, spec }) => {
    const root = load(readDocument(`specs/${spec}`)) as Node // a YAML document
    return [
      `## ${title}`,
      ...operationsIn(root).map((found) => section(root, name, found, reached)),
    ]
  })
  const text = [INTRODUCTION, ...sections.flat()].join('\n\n')
  const options = await prettier.resolveConfig(new URL('../../README.md', import.meta.url))
  return prettier.format(text, { ...options, parser: 'markdown' })
}

interface Found {
  readonly id: string
  readonly route: string
  readonly assumed: boolean
  readonly responses: Node
}

function operationsIn(root: Node): readonly Found[] {
  const [server] = root['servers'] as [{ readonly url: string }] // each contract has one
  return Object.entries(root['paths'] as Node).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = valueAt(item, [method])
      if (!isRecord(operation)) return []
      return [
        {
          id: String(operation['operationId']),
          route: `${method.toUpperCase()} ${server.url}${path}`,
          assumed: operation['x-assumed-route'] === true,
          responses: operation['responses'] as Node, // an operation has answers
        },
      ]
    }),
  )
}

function section(
  root: Node,
  api: string,
  { id, route, assumed, responses }: Found,
  reached: ReadonlySet<string>,
): string {
  const listed = Object.entries(responses).map(([status, response]) => {
    const { level = '', note, url } = evidenceOf(root, response)
    const available = reached.has(`${api} ${id} ${status}`) ? 'yes' : 'fault'
    return [status, available, level, [note, url].filter(Boolean).join(' ')]
  })
  const others = BY_FAULT.filter((status) => !(status in responses)).map((status) => [
    String(status),
    'fault',
    'assumed',
    'Not in the contract; in the shape of a 500.',
  ])
  const note = assumed ? ' Method and path are assumed.' : ''
  const rows = [...listed, ...others].toSorted((a, b) => Number(a[0]) - Number(b[0]))
  const statuses = table(['Status', 'Available', 'Evidence', 'Source or note'], rows)
  return `### ${id}\n\n${code(route)}.${note}\n\n${statuses}`
}

function evidenceOf(root: Node, response: unknown): Readonly<Record<string, string>> {
  const reference = valueAt(response, ['$ref'])
  const own = valueAt(response, ['x-evidence'])
  if (own !== undefined) return own as Record<string, string> // the specs' tests check it
  const target =
    typeof reference === 'string' ? valueAt(root, reference.slice(2).split('/')) : response
  return (valueAt(target, ['x-evidence']) ?? {}) as Record<string, string> // the specs' tests check it
}
