import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Request, Response } from 'express'
// The validator's own request check, without the three parts around it that this server does not
// use: its router (compiles every path anew on each request), its security handlers (they answer
// in its words) and its loader (compiles OpenAPI's meta-schema at each start, 170 ms a contract).
// test/core/contract.test.ts holds it against the whole package's verdicts.
import { RequestValidator } from 'express-openapi-validator/dist/middlewares/openapi.request.validator.js'
import type { OperationContract, RequestParts } from './operation.ts'
import {
  METHODS,
  readDocument,
  type Complete,
  type Document,
  type OperationObject,
  type Responses,
} from './openapi.ts'
import { Problem, type Violation } from '../problem.ts'
import { isRecord, type Schema } from './schema.ts'
import { violation, violationsIn } from './violations.ts'

/** Formats as the contracts mean them. Ajv's own `email` takes no address outside ASCII. */
const FORMATS = {
  email: /^[^\s@]+@[^\s@]+$/,
  'date-time': isTime,
  password: true,
  uuid: true,
  int32: true,
} as const

function isTime(text: string): boolean {
  // Answers hold four of these, so the calendar is asked only about the ends of months.
  const [, year, month, day] =
    /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/.exec(
      text,
    ) ?? []
  if (day === undefined) return false
  const last = () => new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return day <= '28' || Number(day) <= last()
}

interface Route {
  readonly pattern: RegExp
  readonly names: readonly string[]
  readonly operations: ReadonlyMap<string, OperationContract>
}

/**
 * An OpenAPI 3.1 document, read once: where each operation is, what a request must be and what an
 * answer may be. Everything about it is decided at the start; a request only runs compiled checks.
 */
export class Contract {
  /** The path below which this contract answers, such as `/manage`. */
  readonly prefix: string
  /** Where it was read from. */
  readonly file: string
  readonly operations: readonly OperationContract[]
  readonly #routes: readonly Route[]
  readonly #document: Document
  // The contracts' own schemas are checked by the tests; to compile the meta-schema for it takes a
  // fifth of the start.
  readonly #ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    formats: FORMATS,
    validateSchema: false,
    meta: false,
    logger: false,
  })
  readonly #answers = new Map<string, ValidateFunction | undefined>()
  readonly #schemas = new Map<string, Schema | undefined>()

  /** @throws Error naming the file and what is wrong in it */
  constructor(file: string, complete?: Complete) {
    this.file = file
    this.#document = readDocument(file, complete)
    this.prefix = new URL(this.#document.servers[0]?.url ?? '/', 'http://localhost').pathname
    const validator = this.#validator()
    this.#routes = Object.entries(this.#document.paths).map(([path, item]) => ({
      pattern: patternOf(path),
      names: [...path.matchAll(/{([^}]+)}/g)].map(([, name]) => name!),
      operations: new Map(
        METHODS.flatMap((method) => {
          const operation = item[method]
          if (!operation) return []
          const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])]
          const whole = { ...operation, parameters }
          const made = this.#operation(file, method, path, whole, validator)
          return [[method.toUpperCase(), made] as const]
        }),
      ),
    }))
    this.operations = this.#routes.flatMap(({ operations }) => [...operations.values()])
  }

  /**
   * The operation that a request is for.
   *
   * @throws Problem 404 route.unknown, 405 method.not-allowed, 400 path.malformed
   */
  find(
    method: string,
    path: string,
  ): { operation: OperationContract; params: Record<string, string> } {
    for (const { pattern, names, operations } of this.#routes) {
      const match = pattern.exec(path)
      if (!match) continue
      const operation = operations.get(method)
      if (!operation) {
        const allow = [...operations.keys()].join(', ')
        const message = `${method} is not allowed here; allowed: ${allow}`
        throw new Problem(405, 'method.not-allowed', message, { headers: { Allow: allow } })
      }
      const params: Record<string, string> = {}
      for (const [i, name] of names.entries()) params[name] = decoded(match[i + 1]!)
      return { operation, params }
    }
    throw new Problem(404, 'route.unknown', `There is nothing at ${this.prefix}${path}`)
  }

  /** The schema of an answer; undefined when the contract knows no such answer. */
  answerSchema(
    operation: OperationContract | undefined,
    status: number,
    mediaType: string,
  ): Schema | undefined {
    const key = `${operation?.id} ${status} ${mediaType}`
    if (!this.#schemas.has(key)) {
      this.#schemas.set(key, this.#response(operation, status)?.content?.[mediaType]?.schema)
    }
    return this.#schemas.get(key)
  }

  /** Every status that one of the operations may answer. */
  get statuses(): readonly number[] {
    const found = this.operations.flatMap((operation) => Object.keys(this.#responses(operation)))
    return [...new Set(found.map(Number))]
  }

  /** Why this answer may not be sent, or undefined when the contract allows it. */
  objectionTo(
    operation: OperationContract | undefined,
    status: number,
    mediaType: string,
    value: unknown,
  ): string | undefined {
    if (value === undefined) {
      const known = this.#response(operation, status)
      return known && !known.content ? undefined : `the contract knows no ${status} without a body`
    }
    const key = `${operation?.id} ${status} ${mediaType}`
    if (!this.#answers.has(key)) {
      const schema = this.answerSchema(operation, status, mediaType)
      this.#answers.set(key, schema && this.#ajv.compile(schema))
    }
    const validate = this.#answers.get(key)
    if (!validate) return `the contract knows no ${status} in ${mediaType}`
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors, { dataVar: 'body' })
  }

  /** A component schema. Throws where there is none. */
  component(name: string): Schema {
    const schemas = this.#document.components?.['schemas'] as Readonly<Record<string, Schema>>
    const schema = schemas[name]
    if (!schema) throw new Error(`The contract ${this.prefix} has no schema ${name}`)
    return schema
  }

  /** What a value breaks of a component schema, such as a file that was loaded. */
  violationsOf(component: string, value: unknown): readonly Violation[] {
    const validate = this.#ajv.compile(this.component(component))
    return validate(value) ? [] : violationsIn(validate.errors ?? [], value)
  }

  #response(operation: OperationContract | undefined, status: number) {
    const responses = this.#responses(operation)
    return responses[status] ?? responses['default']
  }

  #responses(operation: OperationContract | undefined): Responses {
    if (!operation) return this.#document['x-unrouted']?.responses ?? {}
    for (const item of Object.values(this.#document.paths)) {
      const found = item[operation.method as (typeof METHODS)[number]] // from this document
      if (found?.operationId === operation.id) return found.responses
    }
    return {}
  }

  #validator(): RequestValidator {
    const { openapi, info } = this.#document
    return new RequestValidator(
      { openapi, info: { summary: '', ...info }, paths: {}, components: {}, webhooks: {} },
      {
        allErrors: true,
        strict: false,
        allowUnknownQueryParameters: this.#document['x-strict-query'] !== true,
        formats: FORMATS,
        validateSchema: false,
        meta: false,
      },
    )
  }

  #operation(
    file: string,
    method: string,
    path: string,
    operation: OperationObject,
    validator: RequestValidator,
  ): OperationContract {
    const id = operation.operationId
    if (!id) throw new Error(`${file}: ${method.toUpperCase()} ${path} has no operationId`)
    const content = operation.requestBody?.content ?? {}
    const success = Object.keys(operation.responses).find((status) => status.startsWith('2'))
    const strict = new Map<string, ValidateFunction | undefined>()
    for (const [type, media] of Object.entries(content)) {
      const schema = media['x-strict']
      strict.set(type, schema && lazily(() => this.#ajv.compile(schema)))
    }
    const schemaFor = (mediaType: string) => content[mediaType]?.schema ?? {}
    return {
      id,
      method,
      path,
      requestTypes: Object.keys(content),
      answerTypes: Object.keys(operation.responses[success ?? '']?.content ?? {}),
      rawBody: operation['x-raw-body'] ?? false,
      bodyRequired: operation.requestBody?.required ?? false,
      maxBody: operation.requestBody?.['x-max-body'],
      requestSchema: schemaFor,
      strictSchema: (mediaType) => content[mediaType]?.['x-strict'],
      check: (request) => {
        const schema = schemaFor(request.bodyType)
        return checked(validator, request, path, operation).map((error) =>
          violation(error, schema, request.body, operation),
        )
      },
      checkStrictly: (request) => {
        const validate = strict.get(request.bodyType)
        if (!validate || validate(request.body)) return []
        return violationsIn(validate.errors ?? [], request.body)
      },
    }
  }
}

/** Runs the validator on the little of a request that it reads. */
function checked(
  validator: RequestValidator,
  request: RequestParts,
  path: string,
  schema: OperationObject,
): readonly { path: string; errorCode?: string }[] {
  const asExpress = {
    method: request.method,
    path,
    originalUrl: path,
    // The type that the body was read by, without the parameters that it came with.
    headers: withType(request.headers, request.bodyType),
    query: request.query.size > 0 ? firstOfEach(request.query) : {},
    params: request.params,
    body: request.body,
    openapi: { expressRoute: path, openApiRoute: path, pathParams: request.params, schema },
  }
  try {
    // It reads these members of an Express request and no others; the response is not read.
    void validator.validate(asExpress as unknown as Request, {} as Response, () => {})
    return []
  } catch (error) {
    if (isRecord(error) && Array.isArray(error['errors'])) {
      return error['errors'] as { path: string; errorCode?: string }[]
    }
    throw error
  }
}

/** As URLSearchParams.get reads them, so that what is checked is what is used. */
function firstOfEach(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...query].toReversed())
}

function withType(headers: RequestParts['headers'], type: string): RequestParts['headers'] {
  const stated = type === '' ? undefined : type
  return headers['content-type'] === stated ? headers : { ...headers, 'content-type': stated }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new Problem(400, 'path.malformed', 'The path holds a % that encodes nothing', { cause })
  }
}

function patternOf(path: string): RegExp {
  const parts = path.split(/{[^}]+}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('([^/]+)')}$`)
}

/** A compiled check that is compiled when it is first asked. */
function lazily(compile: () => ValidateFunction): ValidateFunction {
  let made: ValidateFunction | undefined
  const validate = (value: unknown): boolean => {
    made ??= compile()
    const valid = made(value)
    validate.errors = made.errors
    return valid
  }
  validate.errors = undefined as ValidateFunction['errors']
  return validate as ValidateFunction
}
