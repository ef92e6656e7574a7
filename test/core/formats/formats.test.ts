import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import protobuf from 'protobufjs'
import { SaxesParser } from 'saxes'
import { describe, expect, test } from 'vitest'
import { json } from '../../../src/core/formats/json.ts'
import { checkMessage, loadMessage, protobufFormat } from '../../../src/core/formats/protobuf.ts'
import { xml } from '../../../src/core/formats/xml.ts'
import { Problem } from '../../../src/core/problem.ts'
import { isRecord, type Schema } from '../../../src/core/contract/schema.ts'
import { userSchema } from '../../helpers/bodies.ts'
import { repetitions } from '../../helpers/repetitions.ts'
import { createFolder } from '../../helpers/sandbox.ts'

const OWN_PROTO = fileURLToPath(new URL('../../../specs/mykaarma.proto', import.meta.url))

describe('JSON', () => {
  test('is accepted and read exactly as by JSON.parse', () => {
    const token = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '"a"', '"\\u0041"', '1', '-')
    const more = fc.constantFrom('01', '1e5', 'true', 'null', ' ', '\n', '\u00a0', '\\', 'é', '"b"')
    const texts = fc.array(fc.oneof(token, more), { maxLength: 10 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(texts, fc.json()), (text) => {
        const ours = outcome(() => json.read!(text, {}))
        const theirs = outcome(() => JSON.parse(text) as unknown)
        if (ours instanceof Problem && !(theirs instanceof Error)) {
          expect(ours.message).toMatch(/given twice|__proto__|nested deeper/)
        } else expect(isError(ours)).toBe(isError(theirs))
        if (!isError(ours)) expect(ours).toEqual(theirs)
      }),
      { numRuns: repetitions(1000, 10_000) },
    )
  })

  test.each([
    ['{"a":1,}', 'line 1, column 8'],
    ['{\n  "a" 1}', 'line 2, column 7'],
    ['[1\u00a0]', 'line 1, column 3'],
    ['{"a":"b\nc"}', 'line 1, column 6'],
    ['{"a":tru}', 'line 1, column 6'],
    ['{"a":01}', 'line 1, column 7'],
    ['{"a":1} x', 'line 1, column 9'],
    ['{"a":"\\x"}', 'line 1, column 6'],
    ['[1}', 'line 1, column 3'],
    [']', 'line 1, column 1'],
    ['{"a"', 'it ends too early'],
    ['[', 'it ends too early'],
  ])('the error for %j names its position', (text, where) => {
    expect(outcome(() => json.read!(text, {}))).toMatchObject({
      reason: 'body.malformed',
      message: expect.stringContaining(where) as string,
    })
  })

  test.each([
    ['an unfinished string', `{"a":"${'x'.repeat(20_000_000)}`],
    ['escapes in an unfinished string', `{"a":"${'\\n'.repeat(8_000_000)}`],
    ['a long string before the fault', `{"a":"${'x'.repeat(20_000_000)}"]`],
  ])('%s of 20 MB is refused with a problem', (_, text) => {
    expect(outcome(() => json.read!(text, {}))).toBeInstanceOf(Problem)
  })
})

describe('XML', () => {
  const schema: Schema = {
    xml: { name: 'Answer' },
    type: 'object',
    properties: {
      Code: { type: 'string' },
      Number: { type: 'integer' },
      Errors: {
        type: 'array',
        xml: { wrapped: true },
        items: {
          type: 'object',
          xml: { name: 'Error' },
          properties: { Name: { type: 'string' }, Message: { type: 'string' } },
        },
      },
    },
  }
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...'<>&"\'\r\n\t ]]>\u0000\u001f\ufffe\ud800é𝒜') }),
  )
  const answers = fc.record(
    {
      Code: text,
      Number: fc.integer(),
      Errors: fc.array(fc.record({ Name: text, Message: text }), { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['Code'] },
  )
  /**
   * Returns the text that the receiver should read: characters that XML cannot contain become
   * U+FFFD.
   */
  const carried = (value: string) =>
    [...value]
      .map((point) =>
        /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]$/u.test(point)
          ? point
          : '\ufffd',
      )
      .join('')

  test('that is written reads back the same in another parser', () => {
    fc.assert(
      fc.property(answers, (value) => {
        const written = xml({ 'xmlns:i': 'urn:i' }).write(value, schema) as string

        expect(treeOf(written)).toEqual(['Answer', ...Object.entries(value).map(asTree)])
      }),
      { numRuns: 500 },
    )
  })

  // A second check where xmllint is installed.
  const hasXmllint = spawnSync('xmllint', ['--version']).status === 0
  if (hasXmllint) {
    test('that is written is well-formed to xmllint', () => {
      const folder = createFolder()
      const files = fc.sample(answers, 100).map((value, i) => {
        const file = join(folder, `${i}.xml`)
        writeFileSync(file, xml().write(value, schema))
        return file
      })

      expect(() =>
        execFileSync('xmllint', ['--noout', '--nonet', ...files], { stdio: 'pipe' }),
      ).not.toThrow()
    })
  }

  test('that is written reads back the same', () => {
    const kept = answers.filter(({ Code }) => Code.trim() !== '')
    fc.assert(
      fc.property(kept, (value) => {
        const written = xml().write(value, schema)
        const back = JSON.parse(
          JSON.stringify(value, (_, inner: unknown) =>
            typeof inner === 'string' ? carried(inner) : inner,
          ),
        ) as unknown

        expect(xml().parse(written, schema)).toEqual(back)
      }),
    )
  })

  const user = userSchema('formsonfire')
  const xsi = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
  test.each<[string, string, unknown]>([
    ['no elements', '<User/>', {}],
    ['white space for elements', '<User>\r\n</User>', {}],
    ['a list of white space', '<User><Folders>\n </Folders></User>', { Folders: [] }],
    ['a list of one', '<User><Folders><Id>a</Id></Folders></User>', { Folders: ['a'] }],
    ['a list of two', '<User><Folders><Id>a</Id><Id/></Folders></User>', { Folders: ['a', ''] }],
    ['a list of one empty text', '<User><Folders><Id/></Folders></User>', { Folders: [''] }],
    [
      'a list of an empty element',
      '<User><Metadata><KeyValue/></Metadata></User>',
      { Metadata: [{}] },
    ],
    [
      'what is nil',
      `<User ${xsi}><DoNotEmail i:nil="true"/><Folders i:nil="1"></Folders><Id i:nil="false">x</Id></User>`,
      { DoNotEmail: null, Folders: null, Id: 'x' },
    ],
    ['a text of white space', '<User><Country> \n</Country></User>', { Country: ' \n' }],
    [
      'line ends of all kinds',
      '<User><Country>a\r\nb\rc&#13;</Country></User>',
      { Country: 'a\nb\nc\r' },
    ],
    ['attributes', '<User a="b"><Country c="d" __proto__="e">x</Country></User>', { Country: 'x' }],
    [
      'numbers and truth',
      '<User><CompanyId> 007 </CompanyId><DoNotEmail>1</DoNotEmail><UseNames>false</UseNames></User>',
      { CompanyId: 7, DoNotEmail: true, UseNames: false },
    ],
    ['a number that is none', '<User><CompanyId>1e3</CompanyId></User>', { CompanyId: '1e3' }],
  ])('%s is read by its schema', (_, document, value) => {
    expect(xml().read!(document, user)).toEqual(value)
  })

  function asTree([name, value]: [string, unknown]): unknown {
    if (Array.isArray(value)) {
      return [name, ...value.map((item: object) => ['Error', ...Object.entries(item).map(asTree)])]
    }
    const shown = carried(String(value))
    return shown === '' ? [name] : [name, shown]
  }
})

/** Parses a document with saxes to nested `[name, ...children]`. */
function treeOf(document: string): unknown {
  const root: unknown[] = []
  const open: unknown[][] = [root]
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ name }) => {
    const element = [name]
    open.at(-1)!.push(element)
    open.push(element)
  })
  parser.on('text', (text) => open.at(-1)!.push(text))
  parser.on('closetag', () => void open.pop())
  parser.write(document).close()
  return root[0]
}

describe('protobuf', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 })
  const number = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

  test("equals the output of protobufjs' own encoder for Standin's .proto", () => {
    const entry = (kind: string) =>
      fc.record(
        { [`${kind}Code`]: number, [`${kind}Title`]: text, [`${kind}Message`]: text },
        { requiredKeys: [] },
      )
    const messages = fc.record(
      {
        errors: fc.array(entry('error'), { maxLength: 3 }),
        warnings: fc.array(entry('warning'), { maxLength: 3 }),
        apiRequestId: text,
        userUuid: text,
      },
      { requiredKeys: [] },
    )
    same(OWN_PROTO, 'manage.v2.CreateUserForPartnerResponse', messages)
  })

  test('equals the output of protobufjs for other .proto files, with lists, high and unordered field numbers', () => {
    const file = join(createFolder(), 'other.proto')
    writeFileSync(
      file,
      `syntax = "proto3"; package p;
       message M { string last = 2047; repeated string texts = 16; repeated int32 numbers = 3;
         repeated int32 loose = 4 [packed = false]; int32 number = 1; Inner inner = 7; repeated Inner inners = 5; }
       message Inner { int32 b = 9; string a = 2; }`,
    )
    const inner = fc.record({ a: text, b: number }, { requiredKeys: [] })
    const numbers = fc.array(number, { maxLength: 4 })
    const messages = fc.record(
      {
        last: text,
        texts: fc.array(text),
        numbers,
        loose: numbers,
        number,
        inner,
        inners: fc.array(inner),
      },
      { requiredKeys: [] },
    )
    same(file, 'p.M', messages)
  })

  describe('with fields of the type', () => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    const int64 = fc.maxSafeInteger()
    const uint64 = fc.maxSafeNat()
    const float = fc.float({ noNaN: true }).map((value) => value + 0)
    const types: readonly [string, fc.Arbitrary<unknown>][] = [
      ['int32', int32],
      ['sint32', int32],
      ['sfixed32', int32],
      ['uint32', uint32],
      ['fixed32', uint32],
      ['int64', int64],
      ['sint64', int64],
      ['sfixed64', int64],
      ['uint64', uint64],
      ['fixed64', uint64],
      ['float', float],
      ['double', fc.double({ noNaN: true }).map((value) => value + 0)],
      ['bool', fc.boolean()],
      ['E', fc.constantFrom(0, 1, 7)],
      ['string', text],
    ]
    test.each(types)("%s equals the output of protobufjs' own encoder", (type, values) => {
      for (const syntax of ['proto3', 'proto2'] as const) {
        const file = join(createFolder(), 'types.proto')
        const optional = syntax === 'proto2' ? 'optional' : ''
        writeFileSync(
          file,
          `syntax = "${syntax}"; package p; enum E { A = 0; B = 1; C = 7; }
           message M { ${optional} ${type} one = 1; optional ${type} known = 20; repeated ${type} many = 3;
             repeated ${type} packed = 2${type === 'string' ? '' : ' [packed = true]'}; repeated ${type} loose = 2000${type === 'string' ? '' : ' [packed = false]'}; }`,
        )
        const list = fc.array(values, { maxLength: 4 })
        const members = { one: values, known: values, many: list, packed: list, loose: list }
        same(file, 'p.M', fc.record(members, { requiredKeys: [] }))
      }
    })
  })

  test.each([
    ['a member without a field', 'string a = 1;', /M has no field n/],
    ['a text as a number', 'int32 a = 1; int32 n = 2;', /M\.a has the type int32/],
    ['a number as a text', 'string a = 1; string n = 2;', /M\.n has the type string/],
    ['a number as a boolean', 'string a = 1; bool n = 2;', /M\.n has the type bool/],
    ['bytes', 'bytes a = 1; int32 n = 2;', /M\.a has the type bytes/],
    ['a map', 'map<string, string> a = 1; int32 n = 2;', /M\.a must be/],
    ['a list', 'repeated string a = 1; int32 n = 2;', /M\.a must be a single value/],
    ['a message', 'string a = 1; I n = 2; message I {}', /M\.n has the type I/],
    ['a number that is too large for a float', 'string a = 1; float n = 2;', /M\.n does not keep/],
  ])('of a file with %s is refused with the name of the field', (_, fields, message) => {
    const file = join(createFolder(), 'unfit.proto')
    writeFileSync(file, `syntax = "proto3"; message M { ${fields} }`)
    const check = () => checkMessage(file, 'M', { a: 'x', n: 123456789 })
    expect(check).toThrow(message)
    expect(check).toThrow(file)
  })

  test('of a file that requires another field is refused with the name of the field', () => {
    const file = join(createFolder(), 'required.proto')
    writeFileSync(file, 'syntax = "proto2"; message M { required string extra = 1; }')
    expect(() => checkMessage(file, 'M', {})).toThrow(/M\.extra is required/)
  })

  test.each([
    ['a file that is not there', undefined, /ENOENT/],
    ['no .proto', 'message {', /illegal|line/],
    ['another message', 'syntax = "proto3"; message Other {}', /no such type/i],
  ])('of %s is refused with the name of the file', (_, content, message) => {
    const file = join(createFolder(), 'broken.proto')
    if (content !== undefined) writeFileSync(file, content)

    expect(() => loadMessage(file, 'Mine')).toThrow(message)
    expect(() => loadMessage(file, 'Mine')).toThrow(file)
  })

  function same(file: string, name: string, messages: fc.Arbitrary<object>): void {
    const format = protobufFormat(file, name.split('.').at(-1)!)
    const { root } = protobuf.parse(readFileSync(file, 'utf8'), { keepCase: true })
    const type = root.resolveAll().lookupType(name)
    fc.assert(
      fc.property(messages, (message) => {
        const ours = format.write(message, {})
        const theirs = type.encode(type.fromObject(message)).finish()

        expect(Buffer.from(ours as Uint8Array).toString('hex')).toBe(
          Buffer.from(theirs).toString('hex'),
        )
        const back = type.fromObject(format.parse(theirs, {}) as object)
        expect(Buffer.from(type.encode(back).finish()).equals(theirs)).toBe(true)
      }),
      { numRuns: 300 },
    )
  }
})

function outcome(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

function isError(value: unknown): boolean {
  return isRecord(value) && value instanceof Error
}
