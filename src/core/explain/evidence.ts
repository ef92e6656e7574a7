import { readYaml } from '../contract/yaml.ts'
import type { OperationContract } from '../contract/operation.ts'
import type { Contract } from '../contract/contract.ts'
import { isRecord, valueAt } from '../contract/schema.ts'

/** Where a promise of a contract comes from. */
export interface Evidence {
  /** The vendor's page about the operation, another public page, or a decision of Standin's. */
  readonly level: 'documented' | 'public' | 'assumed'
  /** The page's own words, where they are short: `emailAddress string`. */
  readonly line?: string
  readonly url?: string
  readonly note?: string
}

/** How a caller says who it is, as the contract has it. */
export interface Credentials {
  /** `Basic`, `Bearer`, `CompanyId and IntegrationKey`. */
  readonly scheme: string
  readonly scopes: readonly string[]
  readonly evidence: readonly Evidence[]
}

type Node = Readonly<Record<string, unknown>>

/** Read in full once per contract, and only when somebody asks why: the server drops the prose. */
const books = new WeakMap<Contract, EvidenceBook>()

export function evidenceOf(contract: Contract): EvidenceBook {
  let book = books.get(contract)
  if (!book) {
    book = new EvidenceBook(contract.file)
    books.set(contract, book)
  }
  return book
}

/** What a contract says about where its promises come from. */
export class EvidenceBook {
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

  /** That there is a body, and of this type. */
  body(operation: OperationContract, mediaType: string): readonly Evidence[] {
    const body = this.#node(this.#operation(operation)['requestBody'])
    const media = this.#node(valueAt(body, ['content', mediaType]))
    return [...listOf(body), ...listOf(media)]
  }

  /** Of a field of the body, or of what is nearest around it. */
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

  /** Of an answer with this status: to the operation, or to what meets none. */
  answer(operation: OperationContract | undefined, status: number): readonly Evidence[] {
    const from = operation ? this.#operation(operation) : this.#node(this.#root['x-unrouted'])
    return listOf(this.#node(valueAt(from, ['responses', String(status)])))
  }

  #operation({ path, method }: OperationContract): Node {
    return this.#node(valueAt(this.#root, ['paths', path, method]))
  }

  /** The object, or the one that it refers to. */
  #node(value: unknown): Node {
    if (!isRecord(value)) return {}
    const reference = value['$ref']
    if (typeof reference !== 'string') return value
    const { $ref: _, ...beside } = value
    return { ...this.#node(valueAt(this.#root, reference.slice(2).split('/'))), ...beside }
  }
}

function listOf(node: Node): readonly Evidence[] {
  const given = node['x-evidence']
  return isRecord(given) ? [given as unknown as Evidence] : [] // the specs' tests look at its shape
}

function schemeIn(scheme: Node): string {
  const { type, scheme: name, name: field } = scheme
  if (type !== 'http') return String(field)
  return name === 'basic' ? 'Basic' : 'Bearer'
}

/** As a reader sees it: `documented, "phone string"`. */
export function inWords({ level, line, url, note }: Evidence): string {
  const source =
    level === 'documented'
      ? "the vendor's page about it"
      : level === 'public'
        ? 'another public page'
        : "Standin's own decision"
  const quoted = line === undefined ? '' : `: "${line}"`
  const more = [note, url].filter((text) => text !== undefined).join(' ')
  return `${source}${quoted}${more === '' ? '' : ` (${more.replace(/\.$/, '')})`}`
}
