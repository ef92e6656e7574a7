import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { load } from 'js-yaml'
import protobuf from 'protobufjs'
import type { Response } from 'supertest'
import { Parser } from 'xml2js'

/**
 * Reads the contracts from their files without the server's code, so that a mistake in that code is
 * found.
 */

/** An answer as a caller sees it; supertest's own type has `any` in most places. */
export interface Said {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly body: unknown
}

export function said({ status, headers, text, body }: Response): Said {
  return { status, headers, text, body }
}

/** For texts that may be missing. */
export const alphabetically = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0)

export const JSON_TYPE = 'application/json'
export const XML_TYPE = 'application/xml'

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly xml?: { readonly name?: string }
}
interface Example {
  readonly value: Readonly<Record<string, unknown>>
  readonly description?: string
}
interface Media {
  readonly schema: Schema
  readonly examples: Readonly<Record<string, { readonly $ref: string }>>
}
interface Answer {
  readonly $ref?: string
  /** Absent where the answer has no body. */
  readonly content?: Readonly<Record<string, Media>>
  readonly headers?: Readonly<Record<string, unknown>>
}
type Responses = Readonly<Record<string, Answer>>
interface Operation {
  readonly operationId?: string
  readonly requestBody: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Responses
}
interface Document {
  readonly servers: readonly { readonly url: string }[]
  readonly components: { readonly responses: Readonly<Record<string, object>> }
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>
  readonly 'x-unrouted': { readonly responses: Responses }
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false })
const documents = new Map<string, Document>()

export function documentOf(api: string): Document {
  let document = documents.get(api)
  if (!document) {
    const file = new URL(`../../specs/${api}.yaml`, import.meta.url)
    document = load(readFileSync(file, 'utf8')) as Document
    documents.set(api, document)
    ajv.addSchema(document, api, false, false)
  }
  return document
}

/** Returns the target of a `#/…` reference; returns a value that is not a reference unchanged. */
// The caller states the type of the target: a linter checks the contracts.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function at<T>(api: string, node: { readonly $ref?: string }): T {
  if (node.$ref === undefined) return node as T
  const steps = node.$ref.slice(2).split('/')
  return steps.reduce<unknown>(
    (here, step) => (here as Record<string, unknown>)[step],
    documentOf(api),
  ) as T
}

/** The create call, which each contract begins with, or the operation with this id. */
export function operationOf(api: string, id?: string): Operation {
  const items = Object.values(documentOf(api).paths)
  if (id === undefined) return items[0]!.post
  return items.flatMap((item) => Object.values(item)).find(({ operationId }) => operationId === id)!
}

/**
 * Returns the answers that the contract lists for an operation, or for requests that match no
 * operation.
 */
export function responsesOf(api: string, unrouted: boolean, id?: string): [number, Answer][] {
  const { responses } = unrouted ? documentOf(api)['x-unrouted'] : operationOf(api, id)
  return Object.entries(responses).map(([status, node]) => [Number(status), at<Answer>(api, node)])
}

/** The ids of all operations that the contract lists. */
export function operationIdsOf(api: string): string[] {
  return Object.values(documentOf(api).paths)
    .flatMap((item) => Object.values(item))
    .flatMap(({ operationId }) => operationId ?? [])
}

/** The values of the examples of an operation's request. */
export function exampleValuesOf(api: string, operation: string): Example['value'][] {
  return requestExamples(api, operation).map(({ value }) => value)
}

/** Every example of every media type of the request. */
export function requestExamples(api: string, operation?: string) {
  return Object.entries(operationOf(api, operation).requestBody.content).flatMap(
    ([mediaType, media]) =>
      Object.entries(media.examples).map(([name, reference]) => ({
        api,
        mediaType,
        name,
        ...at<Example>(api, reference),
      })),
  )
}

/** Every example of every answer of an operation, or of the requests that match none. */
export function responseExamples(api: string, operation?: string) {
  return responsesOf(api, operation === undefined, operation).flatMap(
    ([status, { content = {} }]) =>
      Object.entries(content).flatMap(([type, { examples }]) =>
        Object.entries(examples).map(([name, reference]) => ({
          api,
          status,
          type,
          name,
          ...at<Example>(api, reference),
        })),
      ),
  )
}

/** An example of an answer, by its name under `components`. */
export function exampleOf(api: string, name: string): Readonly<Record<string, unknown>> {
  return at<Example>(api, { $ref: `#/components/examples/${name}` }).value
}

/** The example as it goes over the wire, where its description prints it. */
export function printedExample(api: string, name: string): string {
  const { description = '' } = at<Example>(api, { $ref: `#/components/examples/${name}` })
  return /```xml\n(.*?)\n```/s.exec(description)![1]! // it prints one
}

/** The schema of an answer; undefined if the contract lists no such answer, or none with a body. */
function schemaOf(
  api: string,
  operation: string | undefined,
  status: number,
  mediaType: string,
): Schema | undefined {
  const responses = responsesOf(api, operation === undefined, operation)
  return responses.find(([known]) => known === status)?.[1].content?.[mediaType]?.schema
}

/**
 * Returns the reason why this body does not match the contract's answer of an operation, or of a
 * request that matches none; empty if it matches.
 */
export function complaints(
  api: string,
  operation: string | undefined,
  status: number,
  mediaType: string,
  body: unknown,
): unknown {
  const schema = schemaOf(api, operation, status, mediaType)
  if (!schema) return `no ${status} in ${mediaType}`
  const validate = ajv.compile(absolute(api, schema))
  return validate(body) ? [] : validate.errors
}

/** The schema with references that hold outside of its document. */
function absolute(api: string, schema: Schema): object {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${api}#/`)
  return JSON.parse(text) as object
}

/** The name of the root that the contract gives an XML answer. */
export function rootOf(
  api: string,
  operation: string | undefined,
  status: number,
): string | undefined {
  const schema = schemaOf(api, operation, status, XML_TYPE)
  return schema && at<Schema>(api, schema).xml?.name
}

/** A Forms On Fire user as a body of this type. */
export function written(user: Readonly<Record<string, unknown>>, mediaType: string): string {
  if (mediaType === XML_TYPE) return xmlOf(user)
  if (mediaType === JSON_TYPE) return JSON.stringify(user)
  const fields = Object.entries(user).map(([name, value]): [string, string] => [
    name,
    String(value),
  ])
  return new URLSearchParams(fields).toString()
}

/** A Forms On Fire user as XML, with its members in the order in which they are given. */
export function xmlOf(user: Readonly<Record<string, unknown>>): string {
  const body = operationOf('formsonfire').requestBody.content['application/xml']!
  return `<User>${elements(user, at<Schema>('formsonfire', body.schema))}</User>`
}

function elements(value: unknown, schema: Schema | undefined): string {
  if (Array.isArray(value)) {
    const name = schema?.items?.xml?.name
    return value.map((item) => `<${name}>${elements(item, schema?.items)}</${name}>`).join('')
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => `<${name}>${elements(inner, schema?.properties?.[name])}</${name}>`)
      .join('')
  }
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** An answer in XML: its root, and its content in the form that the same answer has in JSON. */
export async function readXml(text: string): Promise<{ root: string; body: unknown }> {
  const parser = new Parser({ explicitArray: false, ignoreAttrs: true })
  const [[root, content]] = Object.entries((await parser.parseStringPromise(text)) as object) as [
    [string, unknown],
  ]
  // An empty root is read as an empty text.
  return { root, body: content === '' ? {} : withArrays(content) }
}

/** The element of each entry of a list, by the list's own element. */
const ENTRIES: Readonly<Record<string, string>> = {
  Errors: 'ResponseError',
  Folders: 'Id',
  Groups: 'Id',
  Metadata: 'KeyValue',
  Users: 'User',
}

/** Lists as arrays; XML has each as an element that holds one element per entry. */
function withArrays(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withArrays)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const entry = ENTRIES[name]
      if (entry === undefined) return [name, withArrays(inner)]
      const held = inner === '' ? [] : (inner as Readonly<Record<string, unknown>>)[entry]
      return [name, [held ?? []].flat().map(withArrays)]
    }),
  )
}

const PROTO = fileURLToPath(new URL('../../specs/mykaarma.proto', import.meta.url))

/** A myKaarma answer in protobuf, read by protobufjs' own decoder. */
export function readProtobuf(bytes: Uint8Array): Record<string, unknown> {
  const type = protobuf.loadSync(PROTO).lookupType('CreateUserForPartnerResponse')
  return type.toObject(type.decode(bytes), { arrays: true })
}
