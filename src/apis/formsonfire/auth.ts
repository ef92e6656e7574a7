import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { Secret } from '../../core/secrets.ts'
import { isRecord } from '../../core/contract/schema.ts'
import { fixturesIn, type Key } from './fixtures.ts'
import { inQuery } from './formats.ts'
import { refusal } from './refusals.ts'

/**
 * Checks CompanyId and IntegrationKey. Each is read from the query, or from the body if it is not
 * there.
 *
 * @returns the company's id
 */
export function authorize(call: Call, tools: Tools): number {
  const companyId = given(call, 'CompanyId')
  const integrationKey = given(call, 'IntegrationKey')
  if (companyId === undefined || integrationKey === undefined) {
    throw refusal('credentials.missing')
  }
  const { companies } = fixturesIn(tools)
  const id = /^\s*\d{1,15}\s*$/.test(companyId) ? Number(companyId) : NaN
  const sent = new Secret(integrationKey)
  // All keys of all companies are compared, so that the time of the check reveals nothing about
  // them.
  let found: Key | undefined
  let ofAnother = false
  for (const [company, keys] of companies) {
    for (const key of keys) {
      const matches = key.secret.equals(sent)
      if (matches && company === id) found = key
      else if (matches) ofAnother = true
    }
  }
  if (found && !found.full) throw refusal('key.limited')
  if (found) return id
  if (!companies.has(id)) throw refusal('company.unknown')
  throw refusal(ofAnother ? 'key.of-another-company' : 'key.wrong')
}

function given(
  call: Call,
  name: 'CompanyId' | 'IntegrationKey',
  body = call.body,
): string | undefined {
  // Vendor pages spell the key in two ways, so names in the query are matched in any case.
  const sent = inQuery(call.query, name)
  if (sent !== undefined) return sent
  const value = isRecord(body) ? body[name] : undefined
  return typeof value === 'number' || (typeof value === 'string' && value !== '')
    ? String(value)
    : undefined
}

/** The company in a request, unchecked. */
export function statedCredential(call: Call, body: unknown): string | undefined {
  return given(call, 'CompanyId', body)
}
