import { readYaml } from '../contract/yaml.ts'
import type { OperationContract } from '../contract/operation.ts'
import type { Contract } from '../contract/contract.ts'
import { isRecord, valueAt } from '../contract/schema.ts'

/** The source of a rule in a contract. */
export interface Evidence {
  /** The vendor's page about the operation, another public page, or a decision of Standin. */
  readonly level: 'documented' | 'public' | 'assumed'
  /** A short quotation from the page: `emailAddress string`. */
  readonly line?: string
  readonly url?: string
  readonly note?: string
}

/** The credentials of an operation, as the contract states them. */
export interface Credentials {
  /** `Basic`, `Bearer`, `CompanyId and IntegrationKey`. */
  readonly scheme: string
  readonly scopes: readonly string[]
  readonly evidence: readonly Evidence[]
}

type Node = Readonly<Record<string, unknown>>

const indexes = new WeakMap<Contract, EvidenceIndex>()

/**
 * The evidence of a contract. The contract's file is read again at first use, because the server
 * keeps no prose.
 */
export function evidenceIndexOf(contract: Contract): EvidenceIndex {
  let index = indexes.get(contract)
  if (!index) {
    index = new EvidenceIndex(contract.file)
    indexes.set(contract, index)
  }
  return index
}

/** Finds the evidence (`x-evidence`) for parts of a contract. */
export class EvidenceIndex {
  readonly #root: Node

  constructor(file: string) {
    const document: unknown = readYaml(file)
    this.#root = isRecord(document) ? document : {}
  }

  operation(operation: OperationContract): readonly Evidence[] {
    return listOf(this.#operation(operation))
  }

  credentials(operation: OperationContract): Credentials {
    const all = [this.#operation(operation)['security'] ?? this.#root['security']].flat()
    const [first] = all.filter(isRecord)
    const schemes = Object.entries(first ?? {}).map(([name, scopes]) => {
      const scheme = this.#node(valueAt(this.#root, ['components', 'securitySchemes', name]))
      return { scheme, scopes: [scopes].flat().map(String) }
    })
    return {
      scheme: schemes.map(({ scheme }) => schemeIn(scheme)).join(' and '),
      scopes: schemes.flatMap(({ scopes }) => scopes),
      evidence: schemes.flatMap(({ scheme }) => listOf(scheme)),
    }
  }

  parameter(operation: OperationContract, name: string): readonly Evidence[] {
    const path = this.#node(valueAt(this.#root, ['paths', operation.path]))
    const all = [path['parameters'], this.#operation(operation)['parameters']].flat()
    const found = all.map((item) => this.#node(item)).find((item) => item['name'] === name)
    return listOf(found ?? {})
  }

  /** The evidence for the body and its media type. */
  body(operation: OperationContract, mediaType: string): readonly Evidence[] {
    const body = this.#node(this.#operation(operation)['requestBody'])
    const media = this.#node(valueAt(body, ['content', mediaType]))
    return [...listOf(body), ...listOf(media)]
  }

  /** The evidence for a field of the body, or else for the nearest enclosing object or list. */
  field(
    operation: OperationContract,
    mediaType: string,
    at: readonly (string | number)[],
    of: 'schema' | 'x-strict' = 'schema',
  ): readonly Evidence[] {
    const media = valueAt(this.#operation(operation), ['requestBody', 'content', mediaType])
    let here = this.#node(valueAt(media, [of]))
    let found = listOf(here)
    for (const step of at) {
      const next =
        typeof step === 'number' ? here['items'] : valueAt(this.#node(here['properties']), [step])
      if (next === undefined) break
      here = this.#node(next)
      const inner = listOf(here)
      if (inner.length > 0) found = inner
    }
    return found
  }

  /** The evidence for an answer with this status, of an operation or of an unrouted request. */
  answer(operation: OperationContract | undefined, status: number): readonly Evidence[] {
    const from = operation ? this.#operation(operation) : this.#node(this.#root['x-unrouted'])
    return listOf(this.#node(valueAt(from, ['responses', String(status)])))
  }

  #operation({ path, method }: OperationContract): Node {
    return this.#node(valueAt(this.#root, ['paths', path, method]))
  }

  /** The object itself, with its `$ref` resolved. */
  #node(value: unknown): Node {
    if (!isRecord(value)) return {}
    const reference = value['$ref']
    if (typeof reference !== 'string') return value
    const { $ref: _, ...beside } = value
    return { ...this.#node(valueAt(this.#root, reference.slice(2).split('/'))), ...beside }
  }
}

/** The evidence of a node, and of each of its rules (`rules`), such as the limit of a text. */
function listOf(node: Node): readonly Evidence[] {
  const given = node['x-evidence']
  if (!isRecord(given)) return []
  const { rules, ...own } = given as unknown as Evidence & Rules // the tests of the specs check its shape
  return [own, ...Object.values(rules ?? {})]
}
interface Rules {
  readonly rules?: Readonly<Record<string, Evidence>>
}

function schemeIn(scheme: Node): string {
  const { type, scheme: name, name: field } = scheme
  if (type !== 'http') return String(field)
  return name === 'basic' ? 'Basic' : 'Bearer'
}
