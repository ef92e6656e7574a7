import { faker } from '@faker-js/faker/locale/en'
import { expect, test } from 'vitest'
import { Fake } from '../../src/core/fake.js'

test('a generated UUID equals the one that faker makes from the same random numbers', () => {
  const fake = new Fake(42, { next: () => 0 })
  const methods = Object.getPrototypeOf(faker.string) as typeof faker.string // where its methods are
  for (let i = 0; i < 1000; i++) {
    const name = `user ${i}`
    const uuid = fake.named('users', name).string.uuid()
    expect(uuid).toBe(methods.uuid.call(fake.named('users', name).string))
  }
})
