import type { Call } from '../../core/call.ts'
import type { Clues, Hint } from '../../core/api.ts'
import { hint, taken } from '../../core/explain/hints/hint-input.ts'
import { fixturesIn } from './fixtures.ts'

/** Hints for the mistakes that only callers of this API make. */
export function hints(call: Call, clues: Clues): readonly Hint[] {
  const reason = call.problem?.reason ?? ''
  const sent = lowerCased(clues.sent)
  switch (reason) {
    case 'credentials.missing':
      return missing(call, sent)
    case 'company.unknown':
      return [companyHint(given(call, sent, 'companyid'))]
    case 'key.wrong':
      return [keyHint(call, sent, clues)]
    case 'key.of-another-company': {
      const text =
        'Send the CompanyId that the IntegrationKey belongs to: it is a key of another company.'
      return [hint('key.of-another-company', text)]
    }
    case 'key.limited': {
      const text =
        'Use an IntegrationKey with full access: this one may not create users (access in formsonfire.companies[].keys of the fixtures).'
      return [hint('key.limited', text)]
    }
    case 'user.duplicate':
      return duplicates(call, sent, clues)
    default:
      return unknownReferences(call, clues)
  }
}

function lowerCased(sent: Clues['sent']): Clues['sent'] {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

/** A credential as `authorize` reads it: from the query, else from the body. */
function given(call: Call, sent: Clues['sent'], name: string): string | undefined {
  for (const [key, value] of call.query) if (key.toLowerCase() === name && value) return value
  const value = sent[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function missing(call: Call, sent: Clues['sent']): readonly Hint[] {
  const headers = Object.keys(call.headers)
  const other = headers.find((name) => /^(x-)?(integration-?key|company-?id|api-?key)$/.test(name))
  if (other !== undefined || call.headers.authorization !== undefined) {
    const where = other === undefined ? 'the Authorization header' : `the header ${other}`
    const text = `Send CompanyId and IntegrationKey as members of the body (<CompanyId> and <IntegrationKey> in XML), or in the query: ${where} is ignored.`
    return [hint('key.in-header', text)]
  }
  if ((call.bodyText ?? '').trim() === '') return []
  const absent = [
    ['CompanyId', given(call, sent, 'companyid')],
    ['IntegrationKey', given(call, sent, 'integrationkey')],
  ].flatMap(([name, value]) => (value ? [] : [name]))
  const text = `Add ${absent.join(' and ')} to the body: the credentials are members of the body, beside those of the user.`
  return [hint('key.missing', text)]
}

function companyHint(companyId: string | undefined): Hint {
  const isNumber = /^\s*\d+\s*$/.test(companyId ?? '')
  const text = isNumber
    ? 'Send a CompanyId of the fixtures, such as 1815, or add yours to them (formsonfire.companies).'
    : "Send the company's number as CompanyId, such as 1815: the request has text, such as the company's name."
  return hint(isNumber ? 'company.unknown' : 'company.not-a-number', text)
}

function keyHint(call: Call, sent: Clues['sent'], clues: Clues): Hint {
  const key = given(call, sent, 'integrationkey') ?? ''
  const company = Number(given(call, sent, 'companyid'))
  const keys = fixturesIn(clues).companies.get(company) ?? []
  const isKey = (text: string) => keys.some(({ secret }) => secret.matches(text))
  if (isKey(key.toLowerCase()) || isKey(key.toUpperCase())) {
    return hint(
      'key.case',
      'Send the IntegrationKey with its capitals and small letters as they are: only those differ.',
    )
  }
  if (isKey(key.replaceAll(/[\s{}"'-]/g, ''))) {
    const text =
      'Send the IntegrationKey without white space, dashes, braces or quotes: without them it is correct.'
    return hint('key.punctuation', text)
  }
  const text =
    'Send an IntegrationKey of this company: formsonfire.companies[].keys of the fixtures.'
  return hint('key.wrong', text)
}

function duplicates(call: Call, sent: Clues['sent'], { state }: Clues): readonly Hint[] {
  const users = state.collection('formsonfire.users')
  const company = given(call, sent, 'companyid')
  const externalId = sent['externalid']
  const lookups = [
    ['Email', 'email', sent['email']],
    [
      'ExternalId',
      'externalKey',
      typeof externalId === 'string' ? `${company}:${externalId}` : undefined,
    ],
  ] as const
  return lookups.flatMap(([field, column, value]) => {
    const row = typeof value === 'string' ? users.find(column, value) : undefined
    return row ? [taken('formsonfire', field, row.id)] : []
  })
}

/** Hints for references that `documented` accepts with a warning and `strict` refuses. */
function unknownReferences(call: Call, clues: Clues): readonly Hint[] {
  const rules = call.problem?.violations.map(({ at, rule }) => [rule, ...at].join('.')) ?? []
  const codes = [...rules, ...call.findings.map(({ code }) => code)]
  const { folders, groups } = fixturesIn(clues)
  return (
    [
      ['Folders', folders],
      ['Groups', groups],
    ] as const
  ).flatMap(([name, known]) => {
    if (!codes.some((code) => code.startsWith(`known.${name}`))) return []
    const ids = known.map(({ id }) => id).slice(0, 2)
    const examples = ids.length === 0 ? '' : `, such as ${ids.join(' or ')}`
    const text = `Put ids of the fixtures (formsonfire.${name.toLowerCase()}) into ${name}${examples}, or set UseNames or UseExternalIds to send names or your own ids.`
    return [hint('entry.unknown', text)]
  })
}
