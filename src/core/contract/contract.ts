import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Request, Response } from 'express'
// Imports only the package's request validator, without three other parts: the router (it compiles
// every path again on each request), the security handlers (they write their own answers) and the
// loader (it compiles OpenAPI's meta-schema at each start, 170 ms a contract).
// test/core/contract/contract.test.ts compares its results with those of the whole package.
import { RequestValidator } from 'express-openapi-validator/dist/middlewares/openapi.request.validator.js'
import type { OperationContract, RequestParts } from './operation.ts'
import {
  METHODS,
  readDocument,
  type Complete,
  type Document,
  type OperationObject,
  type PathItem,
  type Responses,
} from './openapi.ts'
import { Problem, type Violation } from '../problem.ts'
import { isRecord, type Schema } from './schema.ts'
import { violationFrom, violationsIn } from './violations.ts'

// --- formats -----------------------------------------------------------------------------------

/** The formats of the contracts. Ajv's own `email` accepts ASCII addresses only. */
const FORMATS = {
  email: /^[^\s@]+@[^\s@]+$/,
  'date-time': isTime,
  password: true,
  uuid: true,
  int32: true,
} as const

function isTime(text: string): boolean {
  // An answer has up to four date-times, so the length of the month is computed only for days after
  // the 28th.
  const [, year, month, day] =
    /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/.exec(
      text,
    ) ?? []
  if (day === undefined) return false
  const lastDay = () => new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return day <= '28' || Number(day) <= lastDay()
}

// --- contract ----------------------------------------------------------------------------------

/** One path of the contract with its operations by method. */
interface Route {
  readonly pattern: RegExp
  /** Matches the path in any letter case, with or without a slash at the end. */
  readonly lenientPattern: RegExp
  /** Names of the path parameters, in order. */
  readonly names: readonly string[]
  readonly operations: ReadonlyMap<string, OperationContract>
}

/**
 * An OpenAPI 3.1 document: finds the operation of a request and checks requests and answers. It is
 * read and prepared at the start, so that a request only runs compiled checks.
 */
export class Contract {
  /** The path prefix of all operations, such as `/manage`. */
  readonly prefix: string
  /** The file of the document. */
  readonly file: string
  readonly operations: readonly OperationContract[]
  readonly #routes: readonly Route[]
  readonly #document: Document
  // The tests check the schemas: compiling the meta-schema here would take a fifth of the start
  // time.
  readonly #ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    verbose: true,
    formats: FORMATS,
    validateSchema: false,
    meta: false,
    logger: false,
  })
  /** Compiled checks and schemas of answers, by operation, status and media type. */
  readonly #answerChecks = new Map<string, ValidateFunction | undefined>()
  readonly #answerSchemas = new Map<string, Schema | undefined>()

  /** @throws Error naming the file and what is wrong in it */
  constructor(file: string, complete?: Complete) {
    this.file = file
    this.#document = readDocument(file, complete)
    this.prefix = new URL(this.#document.servers[0]?.url ?? '/', 'http://localhost').pathname
    const validator = this.#validator()
    this.#routes = Object.entries(this.#document.paths).map(([path, item]) => ({
      pattern: patternOf(path),
      lenientPattern: patternOf(path, { isLenient: true }),
      names: [...path.matchAll(/{([^}]+)}/g)].map(([, name]) => name!),
      operations: new Map(
        METHODS.flatMap((method) => {
          const own = item[method]
          if (!own) return []
          // Parameters of the path apply to each of its operations.
          const parameters = [...(item.parameters ?? []), ...(own.parameters ?? [])]
          const operation = {
            ...this.#operation(method, path, { ...own, parameters }, validator),
            allow: allowedBy(item),
          }
          return [[method.toUpperCase(), operation] as const]
        }),
      ),
    }))
    this.operations = this.#routes.flatMap(({ operations }) => [...operations.values()])
  }

  /**
   * Finds the operation of a request and its path parameters. HEAD finds the operation of GET (RFC
   * 9110).
   *
   * @param isLenient accepts a path in another case, or with a slash at the end; an exact match
   *   takes precedence
   * @throws Problem 404 route.unknown, 405 method.not-allowed, 400 path.malformed
   */
  find(
    method: string,
    path: string,
    isLenient = false,
  ): { operation: OperationContract; params: Record<string, string>; isExact: boolean } {
    const exact = this.#match(path, 'pattern')
    const found = exact ?? (isLenient ? this.#match(path, 'lenientPattern') : undefined)
    if (!found) {
      throw new Problem(404, 'route.unknown', `There is nothing at ${this.prefix}${path}`)
    }
    const { operations, names } = found.route
    const operation = operations.get(method === 'HEAD' ? 'GET' : method)
    if (!operation) {
      const [any] = operations.values()
      const allow = any?.allow ?? ''
      const message = `${method} is not allowed here; allowed: ${allow}`
      throw new Problem(405, 'method.not-allowed', message, { headers: { Allow: allow } })
    }
    const params: Record<string, string> = {}
    for (const [i, name] of names.entries()) params[name] = decoded(found.values[i + 1]!) // one group each
    return { operation, params, isExact: exact !== undefined }
  }

  /** The first route whose pattern a path fits, with the values of its parameters. */
  #match(
    path: string,
    pattern: 'pattern' | 'lenientPattern',
  ): { readonly route: Route; readonly values: RegExpExecArray } | undefined {
    for (const route of this.#routes) {
      const values = route[pattern].exec(path)
      if (values) return { route, values }
    }
    return undefined
  }

  // --- answers ---------------------------------------------------------------------------------

  /** The schema of an answer; undefined when the contract defines no such answer. */
  answerSchema(
    operation: OperationContract | undefined,
    status: number,
    mediaType: string,
  ): Schema | undefined {
    const key = `${operation?.id} ${status} ${mediaType}`
    if (!this.#answerSchemas.has(key)) {
      this.#answerSchemas.set(key, this.#response(operation, status)?.content?.[mediaType]?.schema)
    }
    return this.#answerSchemas.get(key)
  }

  /** The media types of an answer; for a status outside the contract, the media types of a 500. */
  answerTypes(operation: OperationContract | undefined, status: number): readonly string[] {
    const { content } = this.#response(operation, status) ?? this.#response(operation, 500) ?? {}
    return Object.keys(content ?? {})
  }

  /** Every status that the operations define. */
  get statuses(): readonly number[] {
    const found = this.operations.flatMap((operation) => Object.keys(this.#responses(operation)))
    return [...new Set(found.map(Number))]
  }

  /** Checks an answer against the contract; undefined when the contract allows it. */
  answerErrors(
    operation: OperationContract | undefined,
    status: number,
    mediaType: string,
    value: unknown,
  ): string | undefined {
    if (value === undefined) {
      const response = this.#response(operation, status)
      const isAllowed = response && !response.content
      return isAllowed ? undefined : `the contract defines no ${status} without a body`
    }
    const key = `${operation?.id} ${status} ${mediaType}`
    if (!this.#answerChecks.has(key)) {
      const schema = this.answerSchema(operation, status, mediaType)
      this.#answerChecks.set(key, schema && this.#ajv.compile(schema))
    }
    const validate = this.#answerChecks.get(key)
    if (!validate) return `the contract defines no ${status} in ${mediaType}`
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors, { dataVar: 'body' })
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

  // --- component schemas -----------------------------------------------------------------------

  /** @throws Error when the contract has no component schema of this name */
  component(name: string): Schema {
    const schemas = this.#document.components?.['schemas'] as Readonly<Record<string, Schema>>
    const schema = schemas[name]
    if (!schema) throw new Error(`The contract ${this.prefix} has no schema ${name}`)
    return schema
  }

  /** Checks a value, such as a loaded file, against a component schema. */
  violationsOf(component: string, value: unknown): readonly Violation[] {
    const validate = this.#ajv.compile(this.component(component))
    return validate(value) ? [] : violationsIn(validate.errors ?? [], value)
  }

  // --- checks of requests ----------------------------------------------------------------------

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

  /** Prepares the checks of one operation. */
  #operation(
    method: string,
    path: string,
    operation: OperationObject,
    validator: RequestValidator,
  ): Omit<OperationContract, 'allow'> {
    const id = operation.operationId
    if (!id) throw new Error(`${this.file}: ${method.toUpperCase()} ${path} has no operationId`)
    const content = operation.requestBody?.content ?? {}
    const success = Object.keys(operation.responses).find((status) => status.startsWith('2'))
    const strictChecks = new Map<string, ValidateFunction | undefined>()
    for (const [type, media] of Object.entries(content)) {
      const schema = media['x-strict']
      strictChecks.set(type, schema && lazily(() => this.#ajv.compile(schema)))
    }
    const schemaFor = (mediaType: string) => content[mediaType]?.schema ?? {}
    return {
      id,
      method,
      path,
      query: (operation.parameters ?? []).filter((one) => one.in === 'query'),
      requestTypes: Object.keys(content),
      answerTypes: Object.keys(operation.responses[success ?? '']?.content ?? {}),
      rawBody: operation['x-raw-body'] ?? false,
      isRouteAssumed: operation['x-assumed-route'] ?? false,
      bodyRequired: operation.requestBody?.required ?? false,
      maxBody: operation.requestBody?.['x-max-body'],
      requestSchema: schemaFor,
      strictSchema: (mediaType) => content[mediaType]?.['x-strict'],
      check: (request) => {
        const schema = schemaFor(request.bodyType)
        return validationErrors(validator, request, path, operation).map((error) =>
          violationFrom(error, schema, request, operation),
        )
      },
      checkStrictly: (request) => {
        const validate = strictChecks.get(request.bodyType)
        if (!validate || validate(request.body)) return []
        return violationsIn(validate.errors ?? [], request.body)
      },
    }
  }
}

// --- requests ----------------------------------------------------------------------------------

/** Runs the package's validator on the parts of a request that it reads; returns its errors. */
function validationErrors(
  validator: RequestValidator,
  request: RequestParts,
  path: string,
  operation: OperationObject,
): readonly { path: string; errorCode?: string }[] {
  // Parameters that are objects are left to the operations: the package reads the values of their
  // members as JSON, so `name=1` would become a number.
  const parameters = operation.parameters?.filter(({ style }) => style !== 'deepObject')
  const schema = parameters ? { ...operation, parameters } : operation
  const asExpress = {
    method: request.method,
    path,
    originalUrl: path,
    // The media type by which the body was parsed, without parameters.
    headers: withType(request.headers, request.bodyType),
    query: request.query.size > 0 ? firstOfEach(request.query) : {},
    params: request.params,
    body: request.body,
    openapi: { expressRoute: path, openApiRoute: path, pathParams: request.params, schema },
  }
  try {
    // The validator reads only these members of an Express request, and nothing of the response.
    void validator.validate(asExpress as unknown as Request, {} as Response, () => {})
    return []
  } catch (error) {
    if (isRecord(error) && Array.isArray(error['errors'])) {
      return error['errors'] as { path: string; errorCode?: string }[]
    }
    throw error
  }
}

/** The first value of each parameter, like URLSearchParams.get, which the operations use. */
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
    throw new Problem(
      400,
      'path.malformed',
      'The path has a % that is not part of a valid percent-encoding',
      { cause },
    )
  }
}

/** The methods that a path has: `GET, HEAD, POST`. A path with GET answers HEAD too. */
function allowedBy(item: PathItem): string {
  return METHODS.filter((method) => item[method])
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ')
}

function patternOf(path: string, { isLenient = false } = {}): RegExp {
  const parts = path.split(/{[^}]+}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const pattern = parts.join('([^/]+)')
  return isLenient ? new RegExp(`^${pattern}/?$`, 'i') : new RegExp(`^${pattern}$`)
}

/** A check that is compiled at its first use. */
function lazily(compile: () => ValidateFunction): ValidateFunction {
  let compiled: ValidateFunction | undefined
  const validate = (value: unknown): boolean => {
    compiled ??= compile()
    const valid = compiled(value)
    validate.errors = compiled.errors
    return valid
  }
  validate.errors = undefined as ValidateFunction['errors']
  return validate as ValidateFunction
}
