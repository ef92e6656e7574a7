import { createRequire } from 'node:module'
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
 * Supports strings, 32-bit integers, messages, and lists of them.
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

/** Decodes as proto3 readers do, with empty lists and zeros for absent fields; absent strings stay absent. */
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
    const list = message[field.name]
    if (Array.isArray(list) && field.type === 'int32' && (tag & 7) === 2) {
      const packedEnd = reader.uint32() + reader.pos
      while (reader.pos < packedEnd) list.push(reader.int32())
      continue
    }
    const value = isMessage(field.resolvedType)
      ? decode(field.resolvedType, reader, reader.uint32())
      : field.type === 'string'
        ? reader.string()
        : reader.int32()
    if (Array.isArray(list)) list.push(value)
    else message[field.name] = value
  }
  return message
}

function bytesOf(written: string | Uint8Array): Uint8Array {
  return typeof written === 'string' ? Buffer.from(written) : written
}
