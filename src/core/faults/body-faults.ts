import type { Format } from '../formats/format.ts'
import { isRecord, typesOf, type Schema } from '../contract/schema.ts'
import type { BodyFault } from '../fault.ts'

/** A body as it is sent. */
export interface WrittenBody {
  readonly text: string | Uint8Array
  readonly contentType: string
}

/** A body as it is sent, with the value, the schema and the format that it was written from. */
export interface BodyParts extends WrittenBody {
  readonly value: unknown
  readonly schema: Schema
  readonly format: Format
}

/** Faults whose purpose is to break the contract; the others stay within it. */
export const CONTRACT_BREAKING: ReadonlySet<BodyFault> = new Set([
  'truncated',
  'wrong-type',
  'wrong-charset',
  'empty',
  'extra-fields',
  'unknown-enum',
  // The contract's elements are in no namespace, and a prefix cannot be of none.
  'xml-prefixes',
] as const)

/** Says what a body cannot be made of. */
export class NotApplicable extends Error {}

/**
 * The body with its fault in it.
 *
 * @throws NotApplicable with the reason, where there is nothing in this body that could be changed
 */
export function applyBodyFault(kind: BodyFault, written: BodyParts): WrittenBody {
  const { format, contentType, text } = written
  if (kind.startsWith('xml-') && !format.mediaType.endsWith('xml')) {
    throw new NotApplicable(`the answer is ${format.mediaType}, not XML`)
  }
  if (kind === 'protobuf-unknown' && !format.mediaType.endsWith('protobuf')) {
    throw new NotApplicable(`the answer is ${format.mediaType}, not protobuf`)
  }
  return { text, contentType, ...CHANGES[kind](written) }
}

const CHANGES: Readonly<Record<BodyFault, (written: BodyParts) => Partial<WrittenBody>>> = {
  truncated: ({ text }) => {
    const bytes = Buffer.from(text)
    if (bytes.length < 2) throw new NotApplicable('the answer has no body to cut')
    return { text: bytes.subarray(0, Math.ceil(bytes.length * 0.6)) }
  },
  'wrong-type': () => ({ contentType: 'text/html; charset=utf-8' }),
  'wrong-charset': ({ format, text }) => {
    if (typeof text !== 'string') throw new NotApplicable('the answer is no text')
    return { contentType: `${format.mediaType}; charset=utf-16` }
  },
  empty: () => ({ text: '' }),
  'extra-fields': (written) => rewritten(written, (value) => extended(value)),
  nulls: (written) => rewritten(written, (value, schema) => nulled(value, schema)),
  'unknown-enum': (written) => rewritten(written, (value, schema) => renamed(value, schema)),
  reordered: (written) => rewritten(written, (value) => reversed(value)),
  'xml-prefixes': ({ text }) => {
    const named = String(text).replaceAll(/<(\/?)(?=[A-Za-z_])/g, '<$1p:')
    return { text: named.replace(/<p:[^\s/>]+/, (root) => `${root} xmlns:p="urn:standin:other"`) }
  },
  'xml-comments': ({ text }) => ({
    text: String(text).replaceAll('><', '><!-- <Id>not this</Id> --><'),
  }),
  'xml-cdata': ({ text }) => {
    const changed = String(text).replaceAll(
      />([^<>]+)<\//g,
      (_, inner: string) => `><![CDATA[${plain(inner)}]]></`,
    )
    if (changed === text) throw new NotApplicable('the answer holds no text')
    return { text: changed }
  },
  // Field 999, a string: what a newer server may send, and readers must skip.
  'protobuf-unknown': ({ text }) => ({
    text: Buffer.concat([Buffer.from(text), Buffer.from([0xba, 0x3e, 2, 0x68, 0x69])]),
  }),
}

/** Written anew from a changed value; one that did not change is not applicable. */
function rewritten(
  { value, schema, format }: BodyParts,
  change: (value: unknown, schema: Schema) => unknown,
): Partial<WrittenBody> {
  if (format.mediaType.endsWith('protobuf')) {
    throw new NotApplicable('the answer is protobuf; protobuf-unknown adds a field to it')
  }
  const changed = change(value, schema)
  const text = format.write(changed, schema)
  if (String(text) === String(format.write(value, schema))) {
    throw new NotApplicable('the contract of this answer leaves nothing to change so')
  }
  return { text }
}

function extended(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(extended)
  if (!isRecord(value)) return value
  const inner = Object.entries(value).map(([name, held]) => [name, extended(held)] as const)
  return { ...Object.fromEntries(inner), standinUnknownField: 'not in the contract' }
}

function nulled(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => nulled(item, schema?.items))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => {
      const property = schema?.properties?.[name]
      return [name, allowsNull(property) ? null : nulled(held, property)]
    }),
  )
}

function allowsNull(schema: Schema | undefined): boolean {
  return typesOf(schema).includes('null') || (schema?.oneOf ?? []).some(allowsNull)
}

/** Values of which the contract lists all. */
function renamed(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, schema?.items))
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, held]) => [
        name,
        renamed(held, schema?.properties?.[name]),
      ]),
    )
  }
  const isListed = schema?.['enum'] !== undefined || schema?.['const'] !== undefined
  return isListed && typeof value === 'string' ? 'StandinUnknown' : value
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (!isRecord(value)) return value
  const entries = Object.entries(value).map(([name, held]) => [name, reversed(held)] as const)
  return Object.fromEntries(entries.toReversed())
}

/** Text as CDATA has it: nothing in it is escaped. */
function plain(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(']]>', ']]]]><![CDATA[>')
}
