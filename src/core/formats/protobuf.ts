import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import type Protobuf from 'protobufjs'
import type { Format } from './format.ts'
import { isRecord } from '../contract/schema.ts'
import { messageOf } from '../errors.ts'
import { readTextFile } from './text-file.ts'

const require = createRequire(import.meta.url)
let loaded: typeof Protobuf | undefined

/** Loads protobufjs at its first use, since most runs need none. */
function library(): typeof Protobuf {
  loaded ??= require('protobufjs') as typeof Protobuf
  return loaded
}

/**
 * Creates the format of answers that are a message of a .proto file. The file is read with the
 * first such answer.
 *
 * Uses only the parser, reader and writer of protobufjs: its encoder generates code at run time.
 * Supports strings, numbers, booleans, enums, messages, and lists of them; no bytes, maps or groups.
 */
export function protobufFormat(file: string, message: string): Format {
  let type: Protobuf.Type | undefined
  const loadType = () => (type ??= loadMessage(file, message))
  return {
    mediaType: 'application/x-protobuf',
    contentType: 'application/x-protobuf',
    write: (value) => encode(loadType(), value as object, library().Writer.create()).finish(),
    parse: (written) => decode(loadType(), library().Reader.create(bytesOf(written))),
  }
}

/**
 * Loads a message type of a .proto file.
 *
 * @throws Error that names the file
 */
export function loadMessage(file: string, message: string): Protobuf.Type {
  try {
    const { root } = library().parse(readTextFile(file), { keepCase: true })
    root.resolveAll()
    return root.lookupType(message)
  } catch (error) {
    throw new Error(`${file} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * Checks that a message type can hold a sample with a value for every member, so that every later
 * answer can be written.
 *
 * @throws Error that names the file and the field
 */
export function checkMessage(file: string, message: string, sample: object): void {
  const type = loadMessage(file, message)
  try {
    const bytes = encode(type, sample, library().Writer.create()).finish()
    const back = decode(type, library().Reader.create(bytes))
    const changed = Object.entries(sample).find(
      ([name, value]) => !isDeepStrictEqual((back as Record<string, unknown>)[name], value), // decode returns an object
    )
    if (changed) throw new Error(`${type.name}.${changed[0]} does not keep its value`)
  } catch (error) {
    throw new Error(`${file} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

function isMessage(type: Protobuf.Type | Protobuf.Enum | null): type is Protobuf.Type {
  return type !== null && 'fieldsArray' in type
}

/**
 * Smallest and largest number of each numeric type. 64-bit numbers are limited to safe integers.
 */
const RANGES = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  sint32: [-(2 ** 31), 2 ** 31 - 1],
  sfixed32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  fixed32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sint64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sfixed64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  fixed64: [0, Number.MAX_SAFE_INTEGER],
  float: [-Infinity, Infinity],
  double: [-Infinity, Infinity],
} as const satisfies Readonly<Record<string, readonly [number, number]>>

type NumberType = keyof typeof RANGES

/** The type by which a scalar is written; undefined for messages and bytes. */
function scalarOf(field: Protobuf.Field): NumberType | 'bool' | 'string' | undefined {
  if (field.resolvedType !== null) return isMessage(field.resolvedType) ? undefined : 'int32'
  const { type } = field
  if (type === 'bool' || type === 'string') return type
  return Object.hasOwn(RANGES, type) ? (type as NumberType) : undefined // a key of it
}

/** @throws Error that names the field, for a value that its type cannot hold */
function encode(type: Protobuf.Type, message: object, writer: Protobuf.Writer): Protobuf.Writer {
  const values = new Map(
    Object.entries(message).filter(([, value]) => value !== undefined && value !== null),
  )
  for (const name of values.keys()) {
    if (!Object.hasOwn(type.fields, name)) throw new Error(`${type.name} has no field ${name}`)
  }
  for (const field of type.fieldsArray.toSorted((a, b) => a.id - b.id)) {
    const value: unknown = values.get(field.name)
    if (value !== undefined) encodeField(field, value, writer)
    else if (field.required) throw unfit(field, 'is required, and the answer has no such member')
  }
  return writer
}

function encodeField(field: Protobuf.Field, value: unknown, writer: Protobuf.Writer): void {
  if (Array.isArray(value) !== field.repeated || field.map) {
    throw unfit(field, `must be ${Array.isArray(value) ? 'repeated' : 'a single value'}`)
  }
  const items: readonly unknown[] = [value].flat()
  const scalar = scalarOf(field)
  if (scalar !== undefined && scalar !== 'string' && field.repeated && field.packed) {
    if (items.length === 0) return
    writer.uint32((field.id << 3) | 2).fork()
    for (const item of items) writeScalar(field, scalar, item, writer)
    writer.ldelim()
    return
  }
  for (const item of items) {
    if (scalar !== undefined) {
      // Proto3 omits a default value, except in a list and in a field that tracks its presence.
      const isOmitted = !field.repeated && !field.hasPresence && isDefault(item)
      if (isOmitted) continue
      writer.uint32((field.id << 3) | library().types.basic[scalar])
      writeScalar(field, scalar, item, writer)
    } else if (isMessage(field.resolvedType) && isRecord(item) && !field.delimited) {
      encode(field.resolvedType, item, writer.uint32((field.id << 3) | 2).fork()).ldelim()
    } else throw unfit(field, `has the type ${field.type}, which cannot be written`)
  }
}

function writeScalar(
  field: Protobuf.Field,
  scalar: NumberType | 'bool' | 'string',
  item: unknown,
  writer: Protobuf.Writer,
): void {
  if (scalar === 'string' && typeof item === 'string') writer.string(item)
  else if (scalar === 'bool' && typeof item === 'boolean') writer.bool(item)
  else if (scalar !== 'string' && scalar !== 'bool' && isWithin(item, scalar)) {
    writer[scalar](item)
  } else throw unfit(field, `has the type ${field.type}, which cannot hold this ${typeof item}`)
}

function isWithin(item: unknown, type: NumberType): item is number {
  if (typeof item !== 'number') return false
  if (type === 'float' || type === 'double') return true
  const [least, most] = RANGES[type]
  return Number.isInteger(item) && item >= least && item <= most
}

function isDefault(item: unknown): boolean {
  return item === '' || item === false || Object.is(item, 0)
}

function unfit(field: Protobuf.Field, why: string): Error {
  return new Error(`${field.parent?.name}.${field.name} ${why}`)
}

/**
 * Decodes as proto3 readers do, with empty lists, zeros and false for absent fields; absent strings
 * stay absent.
 */
function decode(type: Protobuf.Type, reader: Protobuf.Reader, length = reader.len): object {
  const end = reader.pos + length
  const message: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    const scalar = scalarOf(field)
    if (field.repeated) message[field.name] = []
    else if (field.hasPresence || scalar === undefined || scalar === 'string') continue
    else message[field.name] = scalar === 'bool' ? false : 0
  }
  while (reader.pos < end) {
    const tag = reader.uint32()
    const field = type.fieldsById[tag >>> 3]
    const scalar = field && scalarOf(field)
    if (!field || (scalar === undefined && !isMessage(field.resolvedType))) {
      reader.skipType(tag & 7)
      continue
    }
    const list = message[field.name]
    const isPacked = Array.isArray(list) && scalar !== undefined && scalar !== 'string'
    if (isPacked && (tag & 7) === 2) {
      const packedEnd = reader.uint32() + reader.pos
      while (reader.pos < packedEnd) list.push(readScalar(scalar, reader))
      continue
    }
    const value = isMessage(field.resolvedType)
      ? decode(field.resolvedType, reader, reader.uint32())
      : readScalar(scalar!, reader) // a field that is no message has one, as checked above
    if (Array.isArray(list)) list.push(value)
    else message[field.name] = value
  }
  return message
}

function readScalar(
  scalar: NumberType | 'bool' | 'string',
  reader: Protobuf.Reader,
): string | boolean | number {
  const value = reader[scalar]()
  // protobufjs reads a number of 64 bits as a Long, whose text is the number.
  return typeof value === 'object' ? Number(value) : value
}

function bytesOf(written: string | Uint8Array): Uint8Array {
  return typeof written === 'string' ? Buffer.from(written) : written
}
