import type { Example } from '../../core/vendor.ts'
import { firstDealer } from './fixtures.ts'

export const example: Example = {
  credential: { username: 'partner', password: 'partner-secret' },
  shown: 'partner:partner-secret',
  curl: (url, user, { username, password }) =>
    `curl -u ${username}:${password} -H 'Content-Type: application/json' -d '{"dealerUUID":"dealer-uuid-001","firstName":"Ada","lastName":"Byron","username":"${user}","emailAddress":"${user}@example.test"}' ${url}/manage/v2/user/partner`,
  fields: (fixtures) => ({ dealerUUID: firstDealer(fixtures) }),
}
