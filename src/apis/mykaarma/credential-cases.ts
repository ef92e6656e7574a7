import type { CredentialCase } from '../../core/vendor.ts'

/** One `Authorization` header for each result, with the package's fixtures. */
export function credentialCases(): Promise<readonly CredentialCase[]> {
  return Promise.resolve([
    accepted('partner:partner-secret'),
    accepted('colon:pass:with:colons'),
    refused('no header', 'credentials.missing'),
    refused('not Basic', 'credentials.not-basic', 'Bearer abc'),
    refused('not base64', 'credentials.malformed', 'Basic p@rtner'),
    refused('no colon', 'credentials.no-colon', basic('partner')),
    refused('unknown user', 'credentials.unknown-user', basic('nobody:partner-secret')),
    refused('wrong password', 'credentials.wrong-password', basic('partner:wrong')),
    refused('disabled subscriber', 'subscriber.disabled', basic('disabled:disabled-secret')),
    refused('no manage.user.write', 'scope.missing', basic('reader:reader-secret')),
  ])
}

function accepted(pair: string): CredentialCase {
  return { title: pair, authorization: basic(pair), status: 200 }
}

function refused(title: string, reason: string, authorization?: string): CredentialCase {
  return {
    title,
    ...(authorization === undefined ? {} : { authorization }),
    status: reason === 'scope.missing' ? 403 : 401,
    reason,
  }
}

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`
}
