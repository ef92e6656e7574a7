import type { ApiName } from '../admin/contract.gen.ts'
import type { Admin } from '../client/admin.ts'
import { isRecord } from '../core/contract/schema.ts'

/** Method, statuses and parameters of an operation in its contract. */
export interface OperationContract {
  readonly method: string
  readonly statuses: readonly number[]
  /** Names of the query parameters, in lower case. */
  readonly query: readonly string[]
}

/** Contracts of operations, by `<api>.<operation>`. */
export type Contracts = Readonly<Record<string, OperationContract>>

/** Reads the contracts of these APIs from the server. */
export async function readContracts(admin: Admin, apis: readonly ApiName[]): Promise<Contracts> {
  const documents = await Promise.all(
    apis.map(async (api) => {
      const params = { document: `${api}.json` }
      return operationsIn(api, await admin.call('getOpenapiDocument', { params }))
    }),
  )
  return Object.assign({}, ...documents) as Contracts // keys name the API
}

function operationsIn(api: ApiName, document: unknown): Contracts {
  const paths = memberOf(document, 'paths')
  const entries = Object.values(paths).flatMap((item) =>
    Object.entries(isRecord(item) ? item : {}).flatMap(([method, operation]) => {
      const id = isRecord(operation) ? operation['operationId'] : undefined
      if (typeof id !== 'string') return []
      const parameters = [...listIn(item, 'parameters'), ...listIn(operation, 'parameters')]
      const contract: OperationContract = {
        method: method.toUpperCase(),
        statuses: Object.keys(memberOf(operation, 'responses'))
          .map(Number)
          .filter(Number.isInteger),
        query: parameters.flatMap((one) => {
          const { in: place, name } = resolved(document, one)
          return place === 'query' && typeof name === 'string' ? [name.toLowerCase()] : []
        }),
      }
      return [[`${api}.${id}`, contract] as const]
    }),
  )
  return Object.fromEntries(entries)
}

/** Follows a reference such as `#/components/parameters/Format`. */
function resolved(document: unknown, value: unknown): Readonly<Record<string, unknown>> {
  const reference = isRecord(value) ? value['$ref'] : undefined
  if (typeof reference !== 'string') return isRecord(value) ? value : {}
  return reference
    .split('/')
    .slice(1)
    .reduce(memberOf, isRecord(document) ? document : {})
}

function memberOf(value: unknown, name: string): Record<string, unknown> {
  const member = isRecord(value) ? value[name] : undefined
  return isRecord(member) ? member : {}
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const member = isRecord(value) ? value[name] : undefined
  return Array.isArray(member) ? (member as readonly unknown[]) : []
}
