import type { Call } from '../../core/call.ts'
import type { Clues, Hint } from '../../core/api.ts'
import { hint, duplicateHint } from '../../core/explain/hints/hint-input.ts'
import { fixturesIn } from './fixtures.ts'
import { inQuery } from './formats.ts'

/** Hints for mistakes that only callers of this API make. */
export function hints(call: Call, clues: Clues): readonly Hint[] {
  const reason = call.problem?.reason ?? ''
  const sent = lowerCased(clues.sent)
  switch (reason) {
    case 'credentials.missing':
      return missing(call, sent)
    case 'company.unknown':
      return [companyHint(credential(call, sent, 'companyid'))]
    case 'key.wrong':
      return [keyHint(call, sent, clues)]
    case 'key.of-another-company': {
      const text =
        'Send the CompanyId that the IntegrationKey belongs to: the key is valid for another company.'
      return [hint('key.of-another-company', text)]
    }
    case 'key.limited': {
      const text =
        'Use an IntegrationKey with full access: this one has limited access (see formsonfire.companies[].keys[].access of the fixtures).'
      return [hint('key.limited', text)]
    }
    case 'user.unknown': {
      const fields = call.operation?.id === 'getUser' ? 'Id, Email or ExternalId' : 'Id'
      const text = `Send the ${fields} of a user of this company: users of another company are not visible. GET /_standin/users?api=formsonfire lists all users.`
      return [hint('user.unknown', text)]
    }
    case 'route.unknown':
      return idInPath(call)
    case 'user.unnamed':
      return [hint('user.unnamed', 'Name the user by Id, Email or ExternalId in the query.')]
    case 'search.empty': {
      const text =
        'Add Name, Email or ExternalId to the query: the other parameters only narrow a search.'
      return [hint('search.empty', text)]
    }
    case 'user.duplicate':
      return duplicates(call, sent, clues)
    default:
      return unknownReferences(call, clues)
  }
}

/** An id in the path, where the API reads it from the query or the body. */
function idInPath({ method, path }: Call): readonly Hint[] {
  if (!/^\/v2\/user\/[^/]+$/i.test(path) || !/^(GET|PUT|DELETE)$/.test(method)) return []
  const where = method === 'GET' ? 'in the query (?Id=...)' : 'as the field Id of the body'
  return [hint('id.in-path', `Send the id ${where}: the path is /api/v2/user for every user.`)]
}

function lowerCased(sent: Clues['sent']): Clues['sent'] {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

/** A credential in the query or else in the body, in the order in which the slice reads them. */
function credential(call: Call, sent: Clues['sent'], name: string): string | undefined {
  const value = inQuery(call.query, name) ?? sent[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function missing(call: Call, sent: Clues['sent']): readonly Hint[] {
  const headers = Object.keys(call.headers)
  const other = headers.find((name) => /^(x-)?(integration-?key|company-?id|api-?key)$/.test(name))
  if (other !== undefined || call.headers.authorization !== undefined) {
    const where = other === undefined ? 'the Authorization header' : `the header ${other}`
    const text = `Send CompanyId and IntegrationKey as fields of the body (<CompanyId> and <IntegrationKey> in XML), or in the query: the API does not read ${where}.`
    return [hint('key.in-header', text)]
  }
  const hasBody = call.operation?.requestTypes.length !== 0
  if (hasBody && (call.bodyText ?? '').trim() === '') return []
  const absent = [
    ['CompanyId', credential(call, sent, 'companyid')],
    ['IntegrationKey', credential(call, sent, 'integrationkey')],
  ].flatMap(([name, value]) => (value ? [] : [name]))
  const names = absent.join(' and ')
  const text = hasBody
    ? `Add ${names} to the body: the credentials are fields of the body, like the fields of the user.`
    : `Add ${names} to the query: the credentials are query parameters, like the parameters that name the user.`
  return [hint('key.missing', text)]
}

function companyHint(companyId: string | undefined): Hint {
  const isNumber = /^\s*\d+\s*$/.test(companyId ?? '')
  const text = isNumber
    ? 'Send a CompanyId that this sandbox knows, such as 1815, or add yours to the fixtures (formsonfire.companies).'
    : "Send the company's number as CompanyId, such as 1815: the value sent is not a number; it may be the company's name."
  return hint(isNumber ? 'company.unknown' : 'company.not-a-number', text)
}

function keyHint(call: Call, sent: Clues['sent'], clues: Clues): Hint {
  const key = credential(call, sent, 'integrationkey') ?? ''
  const company = Number(credential(call, sent, 'companyid'))
  const keys = fixturesIn(clues).companies.get(company) ?? []
  const isKey = (text: string) => keys.some(({ secret }) => secret.matches(text))
  if (isKey(key.toLowerCase()) || isKey(key.toUpperCase())) {
    return hint('key.case', 'Send the IntegrationKey in its original case: only the case differs.')
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
  const company = credential(call, sent, 'companyid')
  const externalId = sent['externalid']
  const unique = [
    ['Email', 'email', sent['email']],
    [
      'ExternalId',
      'externalKey',
      typeof externalId === 'string' ? `${company}:${externalId}` : undefined,
    ],
  ] as const
  return unique.flatMap(([field, column, value]) => {
    const row = typeof value === 'string' ? users.find(column, value) : undefined
    return row ? [duplicateHint('formsonfire', field, row.id)] : []
  })
}

/** Ids that are not in the fixtures: `documented` accepts them with a warning, `strict` refuses. */
function unknownReferences(call: Call, clues: Clues): readonly Hint[] {
  const refused = call.problem?.violations.map(({ at, rule }) => [rule, ...at].join('.')) ?? []
  const codes = [...refused, ...call.warnings.map(({ code }) => code)]
  const { folders, groups } = fixturesIn(clues)
  return (
    [
      ['Folders', folders],
      ['Groups', groups],
    ] as const
  ).flatMap(([name, known]) => {
    if (!codes.some((code) => code.startsWith(`known.${name}`))) return []
    const ids = known.map(({ id }) => id).slice(0, 2)
    const such = ids.length === 0 ? '' : `, such as ${ids.join(' or ')}`
    const text = `Put ids that the sandbox knows into ${name}${such}, or set UseNames or UseExternalIds to send names or external ids. The fixtures (formsonfire.${name.toLowerCase()}) list them.`
    return [hint('entry.unknown', text)]
  })
}
