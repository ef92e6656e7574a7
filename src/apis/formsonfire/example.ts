import type { Example } from '../../core/vendor.ts'

export const example: Example = {
  credential: { CompanyId: 1815, IntegrationKey: '0123456789abcdef0123456789abcdef' },
  shown: 'CompanyId 1815, IntegrationKey 0123456789abcdef0123456789abcdef',
  curl: (url, user, { CompanyId, IntegrationKey }) =>
    `curl -H 'Content-Type: application/xml' -d '<User><CompanyId>${CompanyId}</CompanyId><Email>${user}@example.test</Email><FirstName>Ada</FirstName><IntegrationKey>${IntegrationKey}</IntegrationKey><LastName>Byron</LastName></User>' ${url}/api/v2/user`,
}
