import type { Call } from '../../core/call.ts'
import type { Tools } from '../../core/api.ts'
import { Secret } from '../../core/secrets.ts'
import { isRecord } from '../../core/contract/schema.ts'
import { knownOf, type Key } from './fixtures.ts'
import { refusal } from './refusals.ts'

/**
 * The two halves of the credentials, in the body or, winning over it, in the query.
 *
 * @returns the company's id
 */
export function authorize(call: Call, tools: Tools): number {
  const companyId = given(call, 'CompanyId')
  const integrationKey = given(call, 'IntegrationKey')
  if (companyId === undefined || integrationKey === undefined) {
    throw refusal('credentials.missing')
  }
  const { companies } = knownOf(tools)
  const id = /^\s*\d{1,15}\s*$/.test(companyId) ? Number(companyId) : NaN
  const sent = new Secret(integrationKey)
  // Every key of every company is compared, whatever the outcome.
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
  // Vendor pages spell the key in two ways, so the query is read in any case.
  for (const [key, value] of call.query) {
    if (key.toLowerCase() === name.toLowerCase() && value !== '') return value
  }
  const value = isRecord(body) ? body[name] : undefined
  return typeof value === 'number' || (typeof value === 'string' && value !== '')
    ? String(value)
    : undefined
}

/** The company that a request says it comes from, unchecked. */
export function statedCredential(call: Call, body: unknown): string | undefined {
  return given(call, 'CompanyId', body)
}
