import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { drawnDelay, readDelay } from '../../../src/core/faults/effect.ts'
import { readShortForm, shortFormOf } from '../../../src/core/faults/short-form.ts'
import { adminContract } from '../../../src/apis/contracts.ts'
import { createSandbox } from '../../helpers/sandbox.ts'
import { arm, mykaarma, sendRaw } from './kit.ts'

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

/** Draws this many delays from evenly spread numbers. */
function drawn(text: string, count: number): number[] {
  const delay = readDelay(text)
  return Array.from({ length: count }, (_, i) =>
    drawnDelay(delay, [(i + 0.5) / count, (i * 0.618034) % 1]),
  ).sort((a, b) => a - b)
}

test('a delay is a number from 0 to one hour', () => {
  const time = fc.constantFrom('0ms', '1ms', '20ms', '2s', '5m', '1h')
  fc.assert(
    fc.property(time, time, fc.constantFrom('..', '~'), unit, unit, (from, to, mark, a, b) => {
      let delay
      try {
        delay = readDelay(`${from}${mark}${to}`)
      } catch {
        return
      }
      const ms = drawnDelay(delay, [a, b])
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(3_600_000)
    }),
  )
})

test('a uniform delay is spread between its limits', () => {
  const draws = drawn('1s..3s', 1000)
  expect(draws[0]).toBeCloseTo(1001, -1)
  expect(draws[500]).toBeCloseTo(2000, -1)
  expect(draws[999]).toBeCloseTo(2999, -1)
})

test('a log-normal delay has the median and the 99th percentile that it says', () => {
  const draws = drawn('200ms~2s', 20_000)
  expect(draws[10_000]! / 200).toBeCloseTo(1, 1)
  expect(draws[19_800]! / 2000).toBeCloseTo(1, 0)
  const above = draws.filter((ms) => ms > 2000).length / draws.length
  expect(above).toBeGreaterThan(0.007)
  expect(above).toBeLessThan(0.013)
})

test('a header of any content is read as a short form or refused as fault.invalid', () => {
  const schema = adminContract().component('NewFault')
  const word = fc.constantFrom(
    '500',
    ';',
    '=',
    'commit-',
    'times',
    'sequence',
    ',',
    'a.b',
    '..',
    '__proto__',
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 8 }).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(text, (given) => {
      try {
        const read = readShortForm(given, schema)
        expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
        expect(typeof shortFormOf(read)).toBe('string')
      } catch (error) {
        expect(error).toMatchObject({ status: 400, reason: 'fault.invalid' })
      }
    }),
    { numRuns: 2000 },
  )
})

test('a log-normal delay with a median of 0 does not delay', async () => {
  const server = await createSandbox()
  arm(server, 'delay=0ms~0ms')
  for (let i = 0; i < 20; i++) {
    const answer = await sendRaw(server, mykaarma, { name: `ada${i}` })
    expect(answer.status).toBe(200)
  }
})
