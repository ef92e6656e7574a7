// The faults of an answer's body, one entry each in BODY_FAULT_TABLE.
//
// To add one: add its name to BODY_FAULTS in `core/fault.ts` and to the enum of `body` in
// `specs/standin.yaml` (then `npm run generate`), and add its entry here. The short form, the messages
// and the injector need nothing else. The compiler and the tests report what is missing: the enum
// (test/core/faults/definition.test.ts), and an entry with the answers of real clients in
// test/core/faults/catalogue.ts, from which the tables of docs/fault-reference.md are made.

import { isRecord, typesOf, type Schema } from '../contract/schema.ts'
import type { BodyFault } from '../fault.ts'
import type { Format } from '../formats/format.ts'

/** A serialized body. */
export interface WrittenBody {
  readonly text: string | Uint8Array
  readonly contentType: string
}

/** A serialized body with the value, the schema and the format that it was written from. */
export interface BodyParts extends WrittenBody {
  readonly value: unknown
  readonly schema: Schema
  readonly format: Format
}

/** A body after its fault, and whether it still reads back as the value it was written from. */
export interface AlteredBody extends WrittenBody {
  readonly readsBack: boolean
}

interface BodyFaultEntry {
  /** True if the result breaks the contract on purpose. */
  readonly breaksContract: boolean
  /** True if a result within the contract has another value than before. */
  readonly changesValue?: true
  /** The only format that the fault applies to; default: every format. */
  readonly format?: 'xml' | 'protobuf'
  /** @throws NotApplicable */
  readonly change: (written: BodyParts) => Partial<WrittenBody>
}

/** Thrown where a body has nothing that the fault could change; the message is the reason. */
export class NotApplicable extends Error {}

const BODY_FAULT_TABLE: Readonly<Record<BodyFault, BodyFaultEntry>> = {
  truncated: {
    breaksContract: true,
    change: ({ text }) => {
      const bytes = Buffer.from(text)
      if (bytes.length < 2) throw new NotApplicable('the answer has no body to truncate')
      return { text: bytes.subarray(0, Math.ceil(bytes.length * 0.6)) }
    },
  },
  'wrong-type': {
    breaksContract: true,
    change: () => ({ contentType: 'text/html; charset=utf-8' }),
  },
  'wrong-charset': {
    breaksContract: true,
    change: ({ format, text }) => {
      if (typeof text !== 'string') throw new NotApplicable('the answer is not text')
      return { contentType: `${format.mediaType}; charset=utf-16` }
    },
  },
  empty: { breaksContract: true, change: () => ({ text: '' }) },
  'extra-fields': {
    breaksContract: true,
    change: (written) => rewritten(written, withExtraFields),
  },
  nulls: {
    breaksContract: false,
    changesValue: true,
    change: (written) => rewritten(written, withNulls),
  },
  'unknown-enum': {
    // This would break a closed enum, but the vendors' pages have open lists only (`x-values`).
    breaksContract: false,
    changesValue: true,
    change: (written) => rewritten(written, withUnknownEnums),
  },
  reordered: { breaksContract: false, change: (written) => rewritten(written, withFieldsReversed) },
  'xml-prefixes': {
    // The contract's elements are in no namespace, and a prefixed element is always in one.
    breaksContract: true,
    format: 'xml',
    change: ({ text }) => {
      const prefixed = String(text).replaceAll(/<(\/?)(?=[A-Za-z_])/g, '<$1p:')
      return {
        text: prefixed.replace(/<p:[^\s/>]+/, (root) => `${root} xmlns:p="urn:standin:other"`),
      }
    },
  },
  'xml-comments': {
    breaksContract: false,
    format: 'xml',
    change: ({ text }) => ({
      text: String(text).replaceAll('><', '><!-- <Id>not this</Id> --><'),
    }),
  },
  'xml-cdata': {
    breaksContract: false,
    format: 'xml',
    change: ({ text }) => {
      const changed = String(text).replaceAll(
        />([^<>]+)<\//g,
        (_, inner: string) => `><![CDATA[${cdata(inner)}]]></`,
      )
      if (changed === text) throw new NotApplicable('the answer has no text in its elements')
      return { text: changed }
    },
  },
  'protobuf-unknown': {
    breaksContract: false,
    format: 'protobuf',
    // Field 999, a string: a newer server may send it, and readers must skip it.
    change: ({ text }) => ({
      text: Buffer.concat([Buffer.from(text), Buffer.from([0xba, 0x3e, 2, 0x68, 0x69])]),
    }),
  },
}

/** True if the purpose of a fault is to break the contract; the others stay within it. */
export function breaksContract(fault: BodyFault): boolean {
  return BODY_FAULT_TABLE[fault].breaksContract
}

/**
 * Applies a fault to a body.
 *
 * @throws NotApplicable where this body has nothing that the fault could change
 */
export function applyBodyFault(fault: BodyFault, written: BodyParts): AlteredBody {
  const { contentType, text, format } = written
  const { mediaType } = format
  const entry = BODY_FAULT_TABLE[fault]
  if (entry.format && !mediaType.endsWith(entry.format)) {
    const name = entry.format === 'xml' ? 'XML' : entry.format
    throw new NotApplicable(`the answer is ${mediaType}, not ${name}`)
  }
  const readsBack = !entry.breaksContract && !entry.changesValue
  return { text, contentType, ...entry.change(written), readsBack }
}

/**
 * Serializes a changed value. The fault is not applicable if the changed value serializes to the
 * same text.
 */
function rewritten(
  { value, schema, format }: BodyParts,
  change: (value: unknown, schema: Schema) => unknown,
): Partial<WrittenBody> {
  if (format.mediaType.endsWith('protobuf')) {
    throw new NotApplicable('the answer is protobuf; use protobuf-unknown, which adds a field')
  }
  const text = format.write(change(value, schema), schema)
  if (String(text) === String(format.write(value, schema))) {
    throw new NotApplicable('the answer has no field that this fault could change')
  }
  return { text }
}

function withExtraFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withExtraFields)
  if (!isRecord(value)) return value
  const fields = Object.entries(value).map(
    ([name, inner]) => [name, withExtraFields(inner)] as const,
  )
  return { ...Object.fromEntries(fields), standinUnknownField: 'not in the contract' }
}

function withNulls(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => withNulls(item, schema?.items))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const property = schema?.properties?.[name]
      return [name, allowsNull(property) ? null : withNulls(inner, property)]
    }),
  )
}

function allowsNull(schema: Schema | undefined): boolean {
  return typesOf(schema).includes('null') || (schema?.oneOf ?? []).some(allowsNull)
}

/** Replaces every string whose allowed values the contract lists. */
function withUnknownEnums(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => withUnknownEnums(item, schema?.items))
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        withUnknownEnums(inner, schema?.properties?.[name]),
      ]),
    )
  }
  const isListed =
    schema?.['x-values'] !== undefined ||
    schema?.['enum'] !== undefined ||
    schema?.['const'] !== undefined
  return isListed && typeof value === 'string' ? 'StandinUnknown' : value
}

function withFieldsReversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withFieldsReversed)
  if (!isRecord(value)) return value
  const fields = Object.entries(value).map(
    ([name, inner]) => [name, withFieldsReversed(inner)] as const,
  )
  return Object.fromEntries(fields.toReversed())
}

/** Unescapes XML text for a CDATA section, in which nothing is escaped. */
function cdata(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(']]>', ']]]]><![CDATA[>')
}
