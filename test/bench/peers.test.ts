import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(`bench/peers/${path}`, 'utf8')

/** The answer to a create as the contract shows it. */
function example(): unknown {
  const contract = load(readFileSync('specs/cryptlex.yaml', 'utf8')) as {
    components: { examples: Record<string, { value: unknown }> }
  } // redocly lints it
  return contract.components.examples['AdaUser']?.value
}

test("WireMock and Mockoon answer with the contract's example", () => {
  const wiremock = JSON.parse(read('wiremock/mappings/create-user.json')) as {
    response: { status: number; jsonBody: unknown }
  } // WireMock's own format
  const mockoon = JSON.parse(read('mockoon/create-user.json')) as {
    routes: { responses: { statusCode: number; body: string }[] }[]
  } // Mockoon's own format
  const answer = mockoon.routes[0]?.responses[0]
  expect(wiremock.response).toMatchObject({ status: 201, jsonBody: example() })
  expect(answer?.statusCode).toBe(201)
  expect(JSON.parse(answer?.body ?? '')).toEqual(example())
})

test('the README names the installed versions, which are exact', () => {
  const { dependencies } = JSON.parse(read('package.json')) as {
    dependencies: Record<string, string>
  } // npm's own format
  for (const version of Object.values(dependencies)) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(read('README.md')).toContain(`| ${version} `)
  }
  expect(read('package-lock.json')).not.toMatch(/"resolved"/)
})
