import type { Call } from '../../core/call.ts'
import type { Clues, Hint } from '../../core/api.ts'
import { hint, taken } from '../../core/explain/hints/hint-input.ts'
import { knownOf } from './fixtures.ts'

/** What callers of this API get wrong, and what to change. */
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
        'Send the CompanyId that the IntegrationKey belongs to: the key is good, and another company has it.'
      return [hint('key.of-another-company', text)]
    }
    case 'key.limited': {
      const text =
        'Use an IntegrationKey with full access: this one may not create users (formsonfire.companies[].keys[].access of the fixtures).'
      return [hint('key.limited', text)]
    }
    case 'user.duplicate':
      return duplicates(call, sent, clues)
    default:
      return unknownEntries(call, clues)
  }
}

function lowerCased(sent: Clues['sent']): Clues['sent'] {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

/** As the slice's own check reads it: the query before the body. */
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
    const text = `Send CompanyId and IntegrationKey as members of the body (<CompanyId> and <IntegrationKey> in XML), or in the query: ${where} is not read.`
    return [hint('key.in-header', text)]
  }
  if ((call.bodyText ?? '').trim() === '') return []
  const absent = [
    ['CompanyId', given(call, sent, 'companyid')],
    ['IntegrationKey', given(call, sent, 'integrationkey')],
  ].flatMap(([name, value]) => (value ? [] : [name]))
  const text = `Add ${absent.join(' and ')} to the body: the credentials are members of it beside the user's own.`
  return [hint('key.missing', text)]
}

function companyHint(companyId: string | undefined): Hint {
  const isNumber = /^\s*\d+\s*$/.test(companyId ?? '')
  const text = isNumber
    ? 'Send a CompanyId that this sandbox knows, such as 1815, or add yours to the fixtures (formsonfire.companies).'
    : "Send the company's number as CompanyId, such as 1815: what was sent is a text, such as the company's name."
  return hint(isNumber ? 'company.unknown' : 'company.not-a-number', text)
}

function keyHint(call: Call, sent: Clues['sent'], clues: Clues): Hint {
  const key = given(call, sent, 'integrationkey') ?? ''
  const company = Number(given(call, sent, 'companyid'))
  const keys = knownOf(clues).companies.get(company) ?? []
  const fits = (text: string) => keys.some(({ secret }) => secret.matches(text))
  if (fits(key.toLowerCase()) || fits(key.toUpperCase())) {
    return hint(
      'key.case',
      'Send the IntegrationKey in the capitals that it was given in: only those differ.',
    )
  }
  if (fits(key.replaceAll(/[\s{}"'-]/g, ''))) {
    const text =
      'Send the IntegrationKey without white space, dashes, braces or quotes: without them it is right.'
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
  const looked = [
    ['Email', 'email', sent['email']],
    [
      'ExternalId',
      'externalKey',
      typeof externalId === 'string' ? `${company}:${externalId}` : undefined,
    ],
  ] as const
  return looked.flatMap(([field, column, value]) => {
    const row = typeof value === 'string' ? users.find(column, value) : undefined
    return row ? [taken('formsonfire', field, row.id)] : []
  })
}

/** Under `documented` these are let through with a word; `strict` refuses them. */
function unknownEntries(call: Call, clues: Clues): readonly Hint[] {
  const said = call.problem?.violations.map(({ at, rule }) => [rule, ...at].join('.')) ?? []
  const codes = [...said, ...call.warnings.map(({ code }) => code)]
  const { folders, groups } = knownOf(clues)
  return (
    [
      ['Folders', folders],
      ['Groups', groups],
    ] as const
  ).flatMap(([name, known]) => {
    if (!codes.some((code) => code.startsWith(`known.${name}`))) return []
    const ids = known.map(({ id }) => id).slice(0, 2)
    const such = ids.length === 0 ? '' : `, such as ${ids.join(' or ')}`
    const text = `Put ids that the sandbox knows into ${name}${such}, or set UseNames or UseExternalIds for names or your own ids; the fixtures (formsonfire.${name.toLowerCase()}) say what there is.`
    return [hint('entry.unknown', text)]
  })
}
