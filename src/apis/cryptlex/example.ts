import type { Example } from '../../core/vendor.ts'

export const example: Example = {
  credential: { token: 'standin-token' },
  shown: 'Bearer standin-token',
  curl: (url, user, { token }) =>
    `curl -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"firstName":"Ada","lastName":"Byron","email":"${user}@example.test","role":"user","allowCustomerPortalAccess":true,"password":"analytical-engine"}' ${url}/v3/resellers/reseller-001/users`,
}
