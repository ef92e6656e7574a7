import type { Examples } from '../../src/admin/contract.gen.ts'
import { isRecord, type Json } from './json.ts'

export type Example = Examples['calls'][number]

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/**
 * Changes a document so that its calls succeed: fills in the credentials of the sandbox and the ids
 * of its fixtures, and adds a user that no API has as the first example of the create call.
 */
export function prefill(document: Json, credential: Json, call: Example | undefined): void {
  fillExamples(document, credential)
  if (!call) return
  const paths = isRecord(document['paths']) ? document['paths'] : {}
  const created = Object.entries(paths).find(([, item]) =>
    METHODS.some((method) => operationOf(item, method)?.['operationId'] === call.operation),
  )
  if (!created) return
  const [template, item] = created
  fillParameters(document, { ...credential, ...parametersOf(template, call.path) })
  const operation = operationOf(item, call.method.toLowerCase())
  const body = operation?.['requestBody']
  const content = isRecord(body) && isRecord(body['content']) ? body['content'] : {}
  const media = content['application/json']
  if (isRecord(media)) {
    const others = isRecord(media['examples']) ? media['examples'] : {}
    const first = { summary: 'A user of this sandbox', value: call.body }
    media['examples'] = { 'this-sandbox': first, ...others }
    // The reference sends the first example.
    if (isRecord(body)) body['content'] = { 'application/json': media, ...content }
  }
}

function operationOf(item: unknown, method: string): Json | undefined {
  const operation = isRecord(item) ? item[method] : undefined
  return isRecord(operation) ? operation : undefined
}

/** Reads the values of path parameters from a path, by its template; the path may have a prefix. */
function parametersOf(template: string, path: string): Json {
  const names = [...template.matchAll(/{(\w+)}/g)].map(([, name]) => name!) // the group is not optional
  const pattern = template.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`)
  const values = new RegExp(`${pattern.replaceAll(/{\w+}/g, '([^/]+)')}$`).exec(path) ?? []
  return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(values[i + 1] ?? '')]))
}

/** Replaces the credentials in all examples of bodies. */
function fillExamples(node: unknown, credential: Json): void {
  if (Array.isArray(node)) for (const item of node) fillExamples(item, credential)
  if (!isRecord(node)) return
  for (const [name, value] of Object.entries(node)) {
    if (name !== 'examples' || !isRecord(value)) {
      fillExamples(value, credential)
      continue
    }
    for (const example of Object.values(value)) {
      const body = isRecord(example) ? example['value'] : undefined
      if (!isRecord(body)) continue
      for (const key of Object.keys(body)) if (key in credential) body[key] = credential[key]
    }
  }
}

/** Gives parameters a value to try with, wherever the document defines them. */
function fillParameters(node: unknown, values: Json): void {
  if (Array.isArray(node)) for (const item of node) fillParameters(item, values)
  if (!isRecord(node)) return
  const { name } = node
  if ('in' in node && typeof name === 'string' && values[name]) node['example'] = values[name]
  for (const value of Object.values(node)) fillParameters(value, values)
}
