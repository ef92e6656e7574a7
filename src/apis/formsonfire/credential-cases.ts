import type { CredentialCase } from '../../core/vendor.ts'

const KEY = '0123456789abcdef0123456789abcdef'

/** One pair of company and key for each result, with the package's fixtures. */
export function credentialCases(): Promise<readonly CredentialCase[]> {
  return Promise.resolve([
    keys('company and key', { CompanyId: 1815, IntegrationKey: KEY }),
    keys('neither', {}, 'credentials.missing'),
    keys('no key', { CompanyId: 1815 }, 'credentials.missing'),
    keys('no company', { IntegrationKey: KEY }, 'credentials.missing'),
    keys('unknown company', { CompanyId: 9999, IntegrationKey: KEY }, 'company.unknown'),
    keys('wrong key', { CompanyId: 1815, IntegrationKey: KEY.toUpperCase() }, 'key.wrong'),
    keys(
      'key of another company',
      { CompanyId: 1843, IntegrationKey: KEY },
      'key.of-another-company',
    ),
    keys(
      'key without full access',
      { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcd01' },
      'key.limited',
    ),
  ])
}

function keys(
  title: string,
  body: NonNullable<CredentialCase['body']>,
  reason?: string,
): CredentialCase {
  return {
    title,
    body,
    status: reason === undefined ? 200 : reason === 'key.limited' ? 403 : 401,
    ...(reason === undefined ? {} : { reason }),
  }
}
