import { expect, test } from 'vitest'
import { Problem } from '../../../src/core/problem.ts'
import {
  createMatcher,
  type MatchSubject,
  type RequestPattern,
} from '../../../src/core/request-log/matcher.ts'

const subject: MatchSubject = {
  api: 'vendor',
  operation: 'createUser',
  method: 'POST',
  path: '/v3/resellers/r-1/users',
  status: 201,
  params: { resellerId: 'r-1' },
  query: new URLSearchParams('a=1&a=2&token=abc'),
  headers: { 'content-type': 'application/json', authorization: 'Bearer abc', 'x-many': 'a, b' },
  body: {
    email: 'ada@example.test',
    age: 36,
    active: true,
    nothing: null,
    Folders: ['one', 'two'],
    address: { city: 'London' },
    people: [{ name: 'Ada' }, { name: 'Grace' }],
    'a.b': 'dotted',
    password: 'engine',
  },
}

const matching: RequestPattern[] = [
  {},
  { api: 'vendor', operation: 'createUser', method: 'post', status: 201 },
  { status: '2xx' },
  { status: '201' },
  { path: '/v3/resellers/r-1/users' },
  { path: { regex: '^/v3/.*/users$' } },
  { params: { resellerId: 'r-1' } },
  { query: { a: '2' } },
  { query: { a: 1 } },
  { query: { b: { exists: false } } },
  { headers: { 'Content-Type': 'application/json' } },
  { headers: { 'x-many': { regex: 'b' } } },
  { headers: { accept: { exists: false } } },
  { credential: 'abc' },
  { fields: { email: 'ada@example.test' } },
  { fields: { age: 36, active: true, nothing: null } },
  { fields: { 'Folders[0]': 'one', 'Folders.1': 'two', 'Folders[*]': 'two' } },
  { fields: { '$.Folders[0]': 'one', '$.address.city': 'London', "$['a.b']": 'dotted' } },
  { fields: { 'people[*].name': 'Grace', 'people[1].name': { regex: '^G' } } },
  { fields: { 'a.b': 'dotted', address: { city: 'London' } } },
  { fields: { Folders: ['one', 'two'] } },
  { fields: { email: { regex: '@example\\.test$' } } },
  { fields: { email: { exists: true }, phone: { exists: false } } },
  { fields: { address: { equals: { city: 'London' } } } },
  { fields: { password: 'engine' } },
]

test.each(matching.map((pattern) => [JSON.stringify(pattern), pattern] as const))(
  '%s matches',
  (_, pattern) => {
    expect(createMatcher(pattern)(subject)).toEqual([])
  },
)

test.each<[RequestPattern, string, string, string]>([
  [{ api: 'other' }, 'api', '"other"', '"vendor"'],
  [{ method: 'get' }, 'method', '"GET"', '"POST"'],
  [{ status: '4xx' }, 'status', '4xx', '201'],
  [{ params: { resellerId: 'r-2' } }, 'params.resellerId', '"r-2"', '"r-1"'],
  [{ query: { b: '1' } }, 'query.b', '"1"', 'absent'],
  [{ query: { a: '3' } }, 'query.a', '"3"', '"1", "2"'],
  [{ headers: { Accept: 'a' } }, 'headers.accept', '"a"', 'absent'],
  [{ fields: { age: '36' } }, 'fields.age', '"36"', '36'],
  [
    { fields: { email: 'Ada@example.test' } },
    'fields.email',
    '"Ada@example.test"',
    '"ada@example.test"',
  ],
  [{ fields: { phone: '1' } }, 'fields.phone', '"1"', 'absent'],
  [{ fields: { 'Folders[2]': 'x' } }, 'fields.Folders[2]', '"x"', 'absent'],
  [
    { fields: { email: { regex: '^x' } } },
    'fields.email',
    'a match for /^x/',
    '"ada@example.test"',
  ],
  [{ fields: { email: { exists: false } } }, 'fields.email', 'absent', '"ada@example.test"'],
  [{ fields: { constructor: { exists: true } } }, 'fields.constructor', 'present', 'absent'],
  [{ fields: { __proto__x: 1 } }, 'fields.__proto__x', '1', 'absent'],
])('%j does not match at %s', (pattern, at, wanted, found) => {
  expect(createMatcher(pattern)(subject)).toEqual([{ at, wanted, found }])
})

test.each<RequestPattern>([
  { fields: { password: 'wrong-guess' } },
  { credential: 'wrong-guess' },
  { query: { token: 'wrong-guess' } },
  { headers: { Authorization: 'wrong-guess' } },
])('the mismatch of %j shows neither the secret nor the guess', (pattern) => {
  const [mismatch] = createMatcher(pattern)(subject)
  expect(mismatch).toMatchObject({ wanted: 'another secret', found: '[redacted]' })
})

test.each<[RequestPattern, string]>([
  [{ fields: { password: { regex: '^e' } } }, 'is a secret'],
  [{ credential: { regex: '^a' } }, 'is a secret'],
  [{ fields: { email: { regex: '(' } } }, 'not well-formed'],
  [
    { fields: { email: { regex: '^a', like: 'b' } } },
    'may have only equals, regex, ignoreCase, exists',
  ],
  [{ fields: { 'a[': 1 } }, 'is not a field path'],
  [{ fields: { '$.people[?(@.name)]': 1 } }, 'is not a field path'],
  [{ status: '6xx' }, 'status must be a status such as'],
  [{ status: 20 }, 'status must be a status such as'],
])('%j is refused', (pattern, why) => {
  expect(() => createMatcher(pattern)).toThrow(Problem)
  expect(() => createMatcher(pattern)).toThrow(why)
})

test('a body that is not an object has no fields', () => {
  for (const body of [undefined, null, 'text', 7, []]) {
    const matcher = createMatcher({ fields: { email: 'a' } })
    expect(matcher({ ...subject, body })).toHaveLength(1)
  }
})
