import { describe, expect, test } from 'vitest'
import { exceptKnown, findingsIn } from '../../src/resilience/findings.ts'
import type { Observation } from '../../src/resilience/observation.ts'
import { CREATE, delivery, judgement, observed, type SentRequest } from './samples.ts'

/** Ids of the findings with the requests that show them. */
const found = (run: Observation, repeats?: Record<string, number>) =>
  findingsIn(run, judgement(repeats)).map(({ id, requests }) => [id, ...requests])

const lost: SentRequest = { id: 'req-1', status: 500, faulty: true, created: true }
const list = { method: 'GET', operation: 'listResellerUsers', status: 200 }

describe('orphaned-user', () => {
  test('is a user that was created although its client got a failure', () => {
    expect(found(observed([lost]))).toEqual([['orphaned-user', 'req-1']])
    expect(found(observed([{ ...lost, status: 0 }]))).toEqual([['orphaned-user', 'req-1']])
  })

  test.each([
    ['the client was told of a success', [{ ...lost, status: 201 }]],
    ['the client sent the same again', [lost, { id: 'req-2', status: 409 }]],
    [
      'it looked for the address',
      [lost, { ...list, id: 'req-2', query: 'email=ada%40example.test' }],
    ],
    [
      'a list showed the user',
      [lost, { ...list, id: 'req-2', answered: '[{"id":"user-of-req-1"}]' }],
    ],
    ['no fault fired for it', [{ ...lost, faulty: false }]],
  ])('is not found if %s', (_, requests) => {
    expect(found(observed(requests), { [CREATE]: 2 })).toEqual([])
  })

  test('is not found if the user is gone at the end', () => {
    expect(found(observed([lost], { users: [] }))).toEqual([])
  })
})

test('duplicate-user is the same address twice at one API, in any case', () => {
  const requests = [
    { id: 'req-1', created: true },
    { id: 'req-2', created: true, email: 'ADA@example.test' },
    { id: 'req-3', created: true, email: 'grace@example.test' },
  ]
  expect(found(observed(requests), { [CREATE]: 2 })).toEqual([['duplicate-user', 'req-1', 'req-2']])
})

describe('missing-user', () => {
  const promised: SentRequest = { id: 'req-1', status: 201, faulty: true }

  test('is a user that does not exist although its create call succeeded', () => {
    expect(found(observed([promised]))).toEqual([['missing-user', 'req-1']])
  })

  test('is not found if the client looked, or the user exists', () => {
    const looked = { ...list, id: 'req-2', query: 'email=ada@example.test' }
    expect(found(observed([promised, looked]))).toEqual([])
    expect(found(observed([{ ...promised, created: true }]))).toEqual([])
  })
})

describe('a retry', () => {
  const limited: SentRequest = { id: 'req-1', status: 429, retryAfter: 1, faulty: true }

  test('is too early before Retry-After has passed', () => {
    const early = found(observed([limited, { id: 'req-2', at: 400 }]))
    expect(early).toEqual([['retry-too-early', 'req-1', 'req-2']])
    expect(found(observed([limited, { id: 'req-2', at: 1002 }]))).toEqual([])
    expect(found(observed([limited, { id: 'req-2', at: 400, email: 'b@c.test' }]))).toEqual([])
  })

  test('is not judged by a held clock', () => {
    expect(found(observed([limited, { id: 'req-2', at: 400 }], { isTimed: false }))).toEqual([])
  })

  test('repeats a refusal, but may once for credentials', () => {
    const refused = (status: number): SentRequest => ({ id: 'req-1', status, faulty: true })
    expect(found(observed([refused(403), { id: 'req-2' }]))).toEqual([
      ['retried-a-refusal', 'req-1', 'req-2'],
    ])
    expect(found(observed([refused(401), { id: 'req-2' }]))).toEqual([])
    expect(found(observed([refused(401), { id: 'req-2' }, { id: 'req-3' }]))).toEqual([
      ['retried-a-refusal', 'req-1', 'req-2', 'req-3'],
    ])
    expect(found(observed([refused(408), { id: 'req-2' }]))).toEqual([])
    expect(found(observed([refused(500), { id: 'req-2' }]))).toEqual([])
  })

  test('is none if the baseline repeats the call as often', () => {
    const again = [{ id: 'req-1', status: 403, faulty: true }, { id: 'req-2' }]
    expect(found(observed(again), { [CREATE]: 2 })).toEqual([])
  })

  test('is none if a webhook was sent again: its receiver repeats the call', () => {
    const again = [{ id: 'req-1', status: 403, faulty: true }, { id: 'req-2' }]
    const resent = delivery('req-0', [undefined, 500], [undefined, 204])
    expect(found(observed(again, { deliveries: [resent] }))).toEqual([])
  })

  test('is a storm if it comes six times in a second, or twelve in all', () => {
    const times = (count: number, between: number) =>
      Array.from({ length: count }, (_, n) => ({
        id: `req-${n}`,
        at: n * between,
        status: 500,
        faulty: true,
      }))
    const ids = (count: number, between: number) =>
      findingsIn(observed(times(count, between)), judgement()).map(({ id }) => id)
    expect(ids(6, 100)).toEqual(['retry-storm'])
    expect(ids(5, 100)).toEqual([])
    expect(ids(6, 300)).toEqual([])
    expect(ids(12, 1000)).toEqual(['retry-storm'])
  })
})

test('called-after-giving-up is a call about a user that was never created', () => {
  const failed: SentRequest = { id: 'req-1', status: 500, faulty: true }
  const path = '/~sandbox-1/v3/resellers/reseller-001/users/undefined'
  const call = { id: 'req-2', method: 'PATCH', operation: 'updateResellerUser', path, status: 404 }
  expect(found(observed([failed, call]))).toEqual([['called-after-giving-up', 'req-1', 'req-2']])
  expect(found(observed([{ ...failed, status: 201, created: true }, call]))).toEqual([])
  const fine = { ...call, path: path.replace('undefined', 'undefined-behavior') }
  expect(found(observed([failed, fine]))).toEqual([])
  const odd = { ...call, path: path.replace('undefined', '%zz%ff') }
  expect(found(observed([failed, odd]))).toEqual([])
})

describe('a receiver', () => {
  const created: SentRequest = { id: 'req-1', created: true }

  test('accepts a webhook with a wrong or no signature', () => {
    const run = (fault: string, status: number) =>
      found(observed([created], { deliveries: [delivery('req-1', [fault, status])] }))
    expect(run('wrong-secret', 200)).toEqual([['webhook-accepted-unsigned', 'req-1']])
    expect(run('unsigned', 204)).toEqual([['webhook-accepted-unsigned', 'req-1']])
    expect(run('wrong-secret', 401)).toEqual([])
    expect(run('extra-fields', 204)).toEqual([])
  })

  test('handles a doubled webhook twice if it calls the same twice', () => {
    const follow = { method: 'PUT', operation: 'updateResellerUser', status: 200 }
    const twice = [created, { ...follow, id: 'req-2' }, { ...follow, id: 'req-3' }]
    const deliveries = [delivery('req-1', ['duplicate', 200])]
    expect(found(observed(twice, { deliveries }))).toEqual([
      ['webhook-handled-twice', 'req-2', 'req-3'],
    ])
    expect(found(observed(twice.slice(0, 2), { deliveries }))).toEqual([])
    expect(found(observed(twice))).toEqual([])
  })
})

test('secret-misplaced is a secret in a URL for which the contract has no parameter', () => {
  const call = (query: string): SentRequest => ({ ...list, id: 'req-1', query })
  const run = (query: string) => found(observed([call(query)]))
  expect(run('access_token=[redacted]&page=1')).toEqual([['secret-misplaced', 'req-1']])
  expect(run('Key=[redacted]&page=1')).toEqual([])
  const inPath = { ...list, id: 'req-1', path: '/~sandbox-1/v3/[redacted]/users' }
  expect(found(observed([inPath]))).toEqual([['secret-misplaced', 'req-1']])
})

test('findings of the baseline are not repeated for a cell', () => {
  const run = observed([
    { ...list, id: 'req-1', query: 'token=[redacted]' },
    { ...lost, id: 'req-2' },
  ])
  const all = findingsIn(run, judgement())
  expect(
    exceptKnown(
      all,
      all.filter(({ id }) => id === 'secret-misplaced'),
    ),
  ).toMatchObject([{ id: 'orphaned-user' }])
})
