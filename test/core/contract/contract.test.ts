import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import express, { type NextFunction, type Request, type Response } from 'express'
import { middleware } from 'express-openapi-validator'
import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Call } from '../../../src/core/call.ts'
import { Contract } from '../../../src/core/contract/contract.ts'
import { Problem } from '../../../src/core/problem.ts'
import { isRecord } from '../../../src/core/contract/schema.ts'
import { changes, specOf, userSchema, valuesOf } from '../../helpers/bodies.ts'
import { repetitions } from '../../helpers/repetitions.ts'
import { createFolder } from '../../helpers/sandbox.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const APIS = ['mykaarma', 'cryptlex', 'formsonfire'] as const
const SPECS = [...APIS, 'standin']
const specFile = (api: string) => join(ROOT, 'specs', `${api}.yaml`)
const run = promisify(execFile)

/** A generated request. */
interface Sent {
  readonly method: string
  /** Below the prefix. */
  readonly path: string
  readonly query: string
  readonly type: string
  readonly body: unknown
}

describe.each(APIS)('The contract of %s', (api) => {
  const contract = new Contract(specFile(api))
  const types = contract.operations.find(({ method }) => method === 'post')!.requestTypes
  const path = {
    mykaarma: '/v2/user/partner',
    cryptlex: '/resellers/r%20-1/users',
    formsonfire: '/v2/user',
  }[api]

  const sent: fc.Arbitrary<Sent> = fc.record({
    method: often('POST', 'GET', 'PUT', 'DELETE', 'PATCH'),
    path: often(path, `${path}/x`, '/', '/v2', '/resellers//users'),
    query: often(
      '',
      '?x',
      '?x=&y[]=1',
      '?CompanyId=1&format=json',
      '?CompanyId=%26%3D:/?',
      '?format=a+b%20c',
    ),
    type: fc.oneof(
      { arbitrary: fc.constantFrom(...types), weight: 12 },
      fc.constantFrom('text/plain', 'application/x-www-form-urlencoded', ''),
    ),
    body: fc.oneof(
      {
        arbitrary: valuesOf(userSchema(api), fc.string({ unit: 'binary', maxLength: 8 })),
        weight: 4,
      },
      {
        arbitrary: fc
          .tuple(valuesOf(userSchema(api), fc.string({ maxLength: 8 })), changes)
          .map(([body, change]) => change(body as Record<string, unknown>)),
        weight: 6,
      },
      fc.jsonValue({ maxDepth: 2 }),
    ),
  })

  /** The status that the whole package, set up as in its README, answers for the same contract. */
  async function oracle(): Promise<(sent: Sent) => Promise<number>> {
    const app = express()
    const readable = [...types, 'text/plain', 'application/x-www-form-urlencoded']
    // XML bodies are sent as their parsed object in JSON: only the contract is tested.
    app.use(express.json({ strict: false, type: readable, limit: '10mb' }))
    app.use(
      middleware({
        apiSpec: specFile(api),
        validateRequests: { allErrors: true, allowUnknownQueryParameters: true },
        validateResponses: false,
        validateSecurity: false,
        fileUploader: false,
        formats: { email: { type: 'string', validate: /^[^\s@]+@[^\s@]+$/ } },
      }),
    )
    app.use((_request: Request, response: Response) => void response.status(200).end())
    app.use((error: { status?: number }, _: Request, response: Response, __: NextFunction) => {
      response.status(error.status ?? 500).end()
    })
    const server = app.listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    return async ({ method, path: below, query, type, body }) => {
      const text = JSON.stringify(body)
      const response = await fetch(`http://127.0.0.1:${port}${contract.prefix}${below}${query}`, {
        method,
        headers: type ? { 'Content-Type': type } : {},
        ...(method === 'GET' ? {} : { body: Buffer.from(text) }),
      })
      return response.status
    }
  }

  /** The status by Standin's use of the package, with the calls of the pipeline. */
  function verdict({ method, path: below, query, type, body }: Sent): number {
    try {
      const { operation, params } = contract.find(method, below)
      const { requestTypes } = operation
      if (requestTypes.length > 0 && !requestTypes.includes(type)) return 415
      const call = new Call({
        method,
        path: below,
        query: new URLSearchParams(query),
        headers: { 'content-type': type },
        address: '',
        profile: 'documented',
        answerType: 'application/json',
      })
      Object.assign(call, { params, operation, bodyType: type, body: structuredClone(body) })
      return operation.check(call).length > 0 ? 400 : 200
    } catch (error) {
      if (error instanceof Problem) return error.status
      throw error
    }
  }

  test('refuses the same requests as the whole express-openapi-validator', async () => {
    const judge = await oracle()
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(sent, async (request) => {
        // The package reads an optional body of no type as none; the pipeline gives it one before.
        fc.pre(request.method !== 'DELETE' || request.type !== '')
        const status = await judge(request)
        seen.add(status)

        expect(verdict(request)).toBe(status)
      }),
      { numRuns: repetitions(150, 2000) },
    )
    expect([...seen].toSorted((a, b) => a - b)).toEqual([200, 400, 404, 405, 415])
  })

  test('does not change the body', () => {
    fc.assert(
      fc.property(valuesOf(userSchema(api), fc.string()), (body) => {
        const before = JSON.stringify(body)
        const [operation] = contract.operations
        const call = new Call({
          method: 'POST',
          path,
          query: new URLSearchParams(),
          headers: {},
          address: '',
          profile: 'strict',
          answerType: '',
        })
        Object.assign(call, { params: { resellerId: 'r' }, bodyType: types[0], body })
        operation!.check(call)
        operation!.checkStrictly(call)

        expect(JSON.stringify(body)).toBe(before)
      }),
    )
  })
})

describe('An unusable contract stops the start with a message that names the file', () => {
  const good = {
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    servers: [{ url: '/t' }],
    paths: { '/a': { post: { operationId: 'a', responses: {} } } },
  }
  const withSchema = (schema: unknown, components: unknown = {}) => ({
    ...good,
    paths: {
      '/a': {
        post: {
          operationId: 'a',
          requestBody: { content: { 'application/json': { schema } } },
          responses: {},
        },
      },
    },
    components,
  })
  const refer = (name: string) => ({ $ref: `#/components/schemas/${name}` })

  test.each<[string, string | object | undefined, RegExp]>([
    ['a missing file', undefined, /cannot be read: ENOENT/],
    ['invalid YAML', 'paths: [', /cannot be read: .*1:\d|cannot be read: .*line/s],
    ['an empty file', '', /./],
    ['an array', '- a', /is not an OpenAPI 3.1 document/],
    ['OpenAPI 3.0', { ...good, openapi: '3.0.3' }, /is not an OpenAPI 3.1 document/],
    ['OpenAPI 3.10', { ...good, openapi: '3.10.0' }, /is not an OpenAPI 3.1 document/],
    ['Swagger', { ...good, openapi: undefined, swagger: '2.0' }, /is not an OpenAPI 3.1 document/],
    ['no paths', { ...good, paths: undefined }, /needs "paths" and "servers"/],
    ['no servers', { ...good, servers: undefined }, /needs "paths" and "servers"/],
    [
      'a dangling reference',
      withSchema(refer('B')),
      /refers to #\/components\/schemas\/B, which does not exist/,
    ],
    [
      'a reference to another file',
      withSchema({ $ref: 'b.yaml#/B' }),
      /cannot be resolved: b.yaml#\/B/,
    ],
    [
      'a reference to itself',
      withSchema(refer('B'), { schemas: { B: { properties: { b: refer('B') } } } }),
      /cannot be resolved: #\/components\/schemas\/B/,
    ],
    [
      'circular references',
      withSchema(refer('B'), { schemas: { B: refer('C'), C: refer('B') } }),
      /cannot be resolved: #\/components\/schemas\/B/,
    ],
    ['a reference to Object.prototype', withSchema({ $ref: '#/toString' }), /which does not exist/],
    [
      'no operationId',
      { ...good, paths: { '/a': { post: { responses: {} } } } },
      /POST \/a has no operationId/,
    ],
  ])('%s', (_, content, message) => {
    const file = join(createFolder(), 'broken.yaml')
    if (content !== undefined) {
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    }

    expect(() => new Contract(file)).toThrow(message)
    expect(() => new Contract(file)).toThrow(file)
  })

  test.each([
    [
      'an operation without a handler',
      (spec: Spec) => (spec.paths['/v2/user']!['post']!['operationId'] = 'makeUser'),
      /formsonfire does not implement makeUser of .*formsonfire.yaml/,
    ],
    [
      'a handler without an operation',
      (spec: Spec) => delete spec.paths['/v2/user']!['post'],
      /formsonfire.yaml does not specify createUser of formsonfire/,
    ],
  ])('%s', async (_, change, message) => {
    const folder = createFolder()
    for (const part of ['dist', 'specs', 'fixtures', 'package.json']) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true })
    }
    // The built program would read these instead of the changed spec.
    rmSync(join(folder, 'dist/specs'), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const spec = specOf('formsonfire') as unknown as Spec
    change(spec)
    writeFileSync(join(folder, 'specs/formsonfire.yaml'), JSON.stringify(spec))
    const args = ['dist/main.js', '--port', '0', '--memory']

    const failure: unknown = await run(process.execPath, args, {
      cwd: folder,
      timeout: 60_000,
    }).catch((error: unknown) => error)

    expect(failure).toMatchObject({ code: expect.any(Number) as number, killed: false })
    expect((failure as { stderr: string }).stderr).toMatch(message)
  })
})

interface Spec {
  paths: Record<string, Record<string, Record<string, unknown>>>
}

describe.each(SPECS)('The spec of %s', (api) => {
  const spec = specOf(api)
  const components = (spec['components'] ?? {}) as Record<string, Record<string, object>>
  const compiler = new Ajv2020({ strict: false, allErrors: true })
  compiler.addFormat('email', /^[^\s@]+@[^\s@]+$/)
  for (const name of ['password', 'date-time', 'uuid', 'int32', 'uri-reference', 'uri']) {
    compiler.addFormat(name, true)
  }
  compiler.addSchema({ ...spec, $id: 'spec' })

  test('has only schemas that compile', () => {
    for (const name of Object.keys(components['schemas'] ?? {})) {
      expect(() => compiler.compile({ $ref: `spec#/components/schemas/${name}` })).not.toThrow()
    }
  })

  test('has examples that match its schemas', () => {
    let count = 0
    for (const [at, node] of nodes(spec)) {
      const { schema, examples, example } = node
      if (!isRecord(schema)) continue
      const validate = compiler.compile({ $ref: `spec#${pointer([...at, 'schema'])}` })
      const given = Object.entries((examples ?? {}) as Record<string, Record<string, unknown>>)
      const values = given.map(([name, held]) => [name, followed(held)['value']] as const)
      if (example !== undefined) values.push(['example', example])
      for (const [name, value] of values) {
        count++
        expect([at.join('/'), name, validate(value), validate.errors]).toEqual([
          at.join('/'),
          name,
          true,
          null,
        ])
      }
    }
    expect(count).toBeGreaterThan(0)
  })

  test('uses every example, schema, response and header that it defines', () => {
    const text = JSON.stringify(spec)
    for (const kind of ['examples', 'schemas', 'responses', 'headers']) {
      for (const name of Object.keys(components[kind] ?? {})) {
        expect(text).toContain(`"#/components/${kind}/${name}"`)
      }
    }
  })

  // Standin's own API imitates no vendor, so it needs no evidence.
  if (api === 'standin') return

  test('states the evidence of every statement about the vendor', () => {
    const missing: string[] = []
    let count = 0
    for (const [at, node] of nodes(spec)) {
      if (!needsEvidence(at) || ('$ref' in node && at.at(-2) !== 'properties')) continue
      count++
      const evidence = node['x-evidence']
      const rules = isRecord(evidence) && isRecord(evidence['rules']) ? evidence['rules'] : {}
      for (const [rule, given] of [['', evidence] as const, ...Object.entries(rules)]) {
        const { level, url, note } = isRecord(given) ? given : {}
        const fine =
          level === 'documented' ||
          (level === 'public' && /^https:\/\/[^ ]+\.[^ ]+$/.test(String(url))) ||
          (level === 'assumed' && typeof note === 'string' && note.length > 5)
        if (!fine) missing.push([...at, rule].join('/'))
        // A rule with evidence of its own is one that the place has.
        if (rule !== '' && !(rule in node)) missing.push([...at, rule].join('/'))
      }
    }
    expect(missing).toEqual([])
    expect(count).toBeGreaterThan(5)
  })

  function followed(node: Record<string, unknown>): Record<string, unknown> {
    const reference = node['$ref']
    if (typeof reference !== 'string') return node
    const steps = reference.slice(2).split('/')
    return steps.reduce<unknown>(
      (here, step) => (here as Record<string, unknown>)[step],
      spec,
    ) as Record<string, unknown> // dangling ones fail right here
  }
})

test('each spec has a server, an operation and its security', () => {
  for (const api of APIS) {
    const contract = new Contract(specFile(api))
    expect(contract.prefix).toMatch(/^\/\w+$/)
    const creates = contract.operations.find(({ method }) => method === 'post')!
    expect(creates.id).toMatch(/^create.*User/)
    expect(readFileSync(specFile(api), 'utf8')).toMatch(/^security:/m)
  }
})

/** Every object of a document with its path. */
function* nodes(
  node: unknown,
  at: readonly string[] = [],
): Generator<[at: readonly string[], node: Record<string, unknown>]> {
  if (Array.isArray(node)) {
    for (const [i, item] of node.entries()) yield* nodes(item, [...at, String(i)])
  } else if (isRecord(node)) {
    yield [at, node]
    for (const [name, inner] of Object.entries(node)) {
      // Data, which needs no evidence.
      if (
        ['example', 'examples', 'value', 'x-evidence', 'enum'].includes(name) &&
        name !== at.at(-1)
      ) {
        if (at.at(-1) !== 'properties') continue
      }
      yield* nodes(inner, [...at, name])
    }
  }
}

/** Properties, parameters, responses, headers, security schemes and operations. */
function needsEvidence(at: readonly string[]): boolean {
  const [first, second] = at
  const holder = at.at(-2)
  if (holder === 'properties') return true
  if (holder === 'parameters' || holder === 'responses') return true
  if (first === 'components' && at.length === 3) {
    return second === 'headers' || second === 'securitySchemes' || second === 'schemas'
  }
  return false
}

function pointer(at: readonly string[]): string {
  return at
    .map((step) => `/${encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
    .join('')
}

/** Mostly the first. */
function often(first: string, ...others: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ arbitrary: fc.constant(first), weight: 12 }, fc.constantFrom(...others))
}
