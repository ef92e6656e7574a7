import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Protobuf from 'protobufjs'
import type { Format } from './format.ts'
import { isRecord } from '../contract/schema.ts'
import { messageOf } from '../errors.ts'

const require = createRequire(import.meta.url)
let loaded: typeof Protobuf | undefined

/** Loaded with the first protobuf: most runs never see any. */
function library(): typeof Protobuf {
  loaded ??= require('protobufjs') as typeof Protobuf
  return loaded
}

/**
 * Answers in a message of a .proto file, with the fields of the file, which is read when the first
 * such answer is due.
 *
 * Written with protobufjs' parser and writer alone: its own encoder makes code at run time.
 * Covers what such answers need: strings, 32-bit integers, messages, lists of them.
 */
export function protobufFormat(file: string, message: string): Format {
  let known: Protobuf.Type | undefined
  const type = () => (known ??= loadMessage(file, message))
  return {
    mediaType: 'application/x-protobuf',
    contentType: 'application/x-protobuf',
    write: (value) => encode(type(), value as object, library().Writer.create()).finish(),
    parse: (written) => decode(type(), library().Reader.create(bytesOf(written))),
  }
}

/** The message of a .proto. Throws an Error naming the file when it cannot be had. */
export function loadMessage(file: string, message: string): Protobuf.Type {
  try {
    const { root } = library().parse(readFileSync(file, 'utf8'), { keepCase: true })
    root.resolveAll()
    return root.lookupType(message)
  } catch (error) {
    throw new Error(`${file} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

function isMessage(type: Protobuf.Type | Protobuf.Enum | null): type is Protobuf.Type {
  return type !== null && 'fieldsArray' in type
}

function encode(type: Protobuf.Type, message: object, writer: Protobuf.Writer): Protobuf.Writer {
  const values = new Map(Object.entries(message))
  for (const field of type.fieldsArray.toSorted((a, b) => a.id - b.id)) {
    const value: unknown = values.get(field.name)
    if (value === undefined || value === null) continue
    const items = [value].flat() as unknown[]
    if (field.repeated && field.packed && field.type === 'int32') {
      if (items.length === 0) continue
      writer.uint32((field.id << 3) | 2).fork()
      for (const item of items) writer.int32(Number(item))
      writer.ldelim()
      continue
    }
    for (const item of items) {
      if (isMessage(field.resolvedType) && isRecord(item)) {
        encode(field.resolvedType, item, writer.uint32((field.id << 3) | 2).fork()).ldelim()
      } else if (field.type === 'string') {
        if (field.repeated || item !== '') writer.uint32((field.id << 3) | 2).string(String(item))
      } else if (field.type === 'int32') {
        if (field.repeated || item !== 0) writer.uint32(field.id << 3).int32(Number(item))
      } else throw new Error(`${type.name}.${field.name}: type ${field.type} cannot be written`)
    }
  }
  return writer
}

/** As proto3 readers do: absent lists are empty, absent numbers 0; absent strings stay absent. */
function decode(type: Protobuf.Type, reader: Protobuf.Reader, length = reader.len): object {
  const end = reader.pos + length
  const message: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    if (field.repeated) message[field.name] = []
    else if (field.type === 'int32') message[field.name] = 0
  }
  while (reader.pos < end) {
    const tag = reader.uint32()
    const field = type.fieldsById[tag >>> 3]
    if (!field) {
      reader.skipType(tag & 7)
      continue
    }
    const held = message[field.name]
    if (Array.isArray(held) && field.type === 'int32' && (tag & 7) === 2) {
      const packedEnd = reader.uint32() + reader.pos
      while (reader.pos < packedEnd) held.push(reader.int32())
      continue
    }
    const value = isMessage(field.resolvedType)
      ? decode(field.resolvedType, reader, reader.uint32())
      : field.type === 'string'
        ? reader.string()
        : reader.int32()
    if (Array.isArray(held)) held.push(value)
    else message[field.name] = value
  }
  return message
}

function bytesOf(written: string | Uint8Array): Uint8Array {
  return typeof written === 'string' ? Buffer.from(written) : written
}
