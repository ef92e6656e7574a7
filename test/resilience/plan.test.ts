import { describe, expect, test } from 'vitest'
import { classesFor } from '../../src/resilience/classes.ts'
import { describeEmptyPlan, planFor, type Selection } from '../../src/resilience/plan.ts'
import { createSandbox } from '../helpers/sandbox.ts'
import { operation } from './samples.ts'

const read = operation({
  operation: 'listResellerUsers',
  method: 'GET',
  creates: false,
  statuses: [200, 401, 403],
})
const ids = (operations = [operation()], selection: Partial<Selection> = {}) =>
  planFor(operations, { calls: 5, ...selection }).map(({ id }) => id)

describe('the plan', () => {
  test('begins with changes that are stored and whose answer is lost', () => {
    const [first = ''] = ids([read, operation()])
    expect(first).toBe('cryptlex.createResellerUser/first/commit-500')
  })

  test('is the same for the same baseline, and has each cell once', () => {
    const plan = ids([operation({ calls: 3, notifies: true }), read])
    expect(ids([operation({ calls: 3, notifies: true }), read])).toEqual(plan)
    expect(new Set(plan).size).toBe(plan.length)
  })

  test('has the documented refusals that tell something about a client', () => {
    const refusals = ids().filter((id) => /first\/4\d\d$/.test(id))
    expect(refusals.map((id) => id.slice(-3)).toSorted()).toEqual([
      '400',
      '401',
      '403',
      '404',
      '409',
      '429',
    ])
    expect(ids([read]).filter((id) => /first\/4\d\d$/.test(id))).toHaveLength(3)
  })

  test('that is empty names the part of the selection that leaves no cell', () => {
    const empty = (selection: Partial<Selection>) =>
      describeEmptyPlan([read], { calls: 5, ...selection })
    expect(empty({ only: ['frist/500'] })).toBe(
      'The plan is empty: no cell matches --only frist/500; --dry-run without --only lists the cells',
    )
    expect(empty({ only: ['first/500'], skip: ['first'] })).toBe(
      'The plan is empty: --skip first leaves out every cell that the rest of the selection matches; --dry-run without --skip lists the cells',
    )
    expect(empty({ faults: ['commit-500'] })).toContain('no class of --faults commit-500 applies')
  })

  test('has no lost answers of reads, and no webhook faults without a receiver', () => {
    expect(ids([read]).filter((id) => id.includes('commit-'))).toEqual([])
    expect(ids().filter((id) => id.includes('webhook'))).toEqual([])
    expect(ids([operation({ notifies: true })])).toContain(
      'cryptlex.createResellerUser/first/webhook-twice',
    )
  })

  test('breaks later calls one by one, up to a limit', () => {
    const later = (calls: number) =>
      ids([operation({ calls: 4 })], { calls }).filter((id) => /call-\d+\/500$/.test(id))
    expect(later(5)).toEqual([2, 3, 4].map((n) => `cryptlex.createResellerUser/call-${n}/500`))
    expect(later(2)).toHaveLength(1)
  })

  test('arms a fault for exactly the calls of its position', () => {
    const cells = planFor([operation({ calls: 3 })], { calls: 3 })
    const definition = (end: string) => cells.find(({ id }) => id.endsWith(end))?.definition
    const of = { api: 'cryptlex', operation: 'createResellerUser' }
    expect(definition('/first/500')).toEqual({ fault: '500', times: 1, ...of })
    expect(definition('/first/500-twice')).toEqual({ fault: '500', times: 2, ...of })
    expect(definition('/call-3/500')).toEqual({ fault: '500', times: 1, skip: 2, ...of })
    expect(definition('/every/500')).toEqual({ fault: '500', ...of })
  })

  test('can be restricted by classes and by parts of ids', () => {
    expect(ids(undefined, { faults: ['500', 'not-stored'] })).toEqual([
      'cryptlex.createResellerUser/first/not-stored',
      'cryptlex.createResellerUser/first/500',
      'cryptlex.createResellerUser/every/500',
    ])
    expect(ids(undefined, { only: ['first/reset'] })).toEqual([
      'cryptlex.createResellerUser/first/reset',
    ])
    expect(ids(undefined, { only: ['*/every/*'], skip: ['429', '401'] })).toContain(
      'cryptlex.createResellerUser/every/500',
    )
    const skipped = ids(undefined, { skip: ['every', 'commit'] })
    expect(skipped.filter((id) => /every|commit/.test(id))).toEqual([])
  })

  test('has only faults that the server accepts', async () => {
    const { sandbox } = await createSandbox()
    const operations = [operation({ notifies: true, calls: 2 })]
    for (const cell of planFor(operations, { calls: 2, faults: ['all'] })) {
      expect(() => sandbox.faults.add({ ...cell.definition }, 'admin'), cell.id).not.toThrow()
    }
    expect(classesFor(operations).map(({ id }) => id)).toContain('webhook-extra-fields')
  })
})
