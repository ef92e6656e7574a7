import { expect, test } from 'vitest'
import { adminContract } from '../../src/apis/contracts.ts'
import { API_NAMES } from '../../src/apis/index.ts'
import { specOf } from '../helpers/bodies.ts'

test('specs/standin.yaml lists the APIs of the registry, in its order', () => {
  const { schemas } = specOf('standin')['components'] as {
    schemas: Record<string, { enum?: readonly string[] }>
  }
  expect(schemas['ApiName']?.enum).toEqual(API_NAMES)
  expect(schemas['ApiNameOrNone']?.enum).toEqual([...API_NAMES, 'none'])
})

test('no other list of the spec repeats them', () => {
  const text = JSON.stringify(specOf('standin'))
  for (const api of API_NAMES) expect(text.split(`"${api}"`).length - 1).toBeLessThan(4)
})

test('the contract that the server reads has a member for each API in fixtures and credentials', () => {
  for (const schema of ['Fixtures', 'Credentials']) {
    expect(Object.keys(adminContract().component(schema).properties ?? {})).toEqual(API_NAMES)
  }
})
