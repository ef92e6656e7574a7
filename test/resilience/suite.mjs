// A test suite in small: creates a user, and passes if that succeeds. Its arguments change the client.
const given = new Set(process.argv.slice(2))
const {
  STANDIN_CRYPTLEX_URL: api,
  STANDIN_CRYPTLEX_TOKEN: token,
  STANDIN_ADMIN_URL: admin,
  STANDIN_ADMIN_TOKEN: adminToken = '',
} = process.env
const email = 'ada@example.test'

const create = () =>
  fetch(`${api}/resellers/reseller-001/users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      firstName: 'Ada',
      email,
      role: 'user',
      password: 'analytical-engine-1',
      allowCustomerPortalAccess: true,
    }),
  }).catch((error) => ({ ok: false, status: `with ${error.message}` }))
const exists = async () => {
  const headers = { 'Standin-Admin-Token': adminToken }
  return (await (await fetch(`${admin}/users?email=${email}`, { headers })).json()).total > 0
}

if (given.has('fails')) process.exit(4)
if (given.has('secure') && !`${api}${admin}`.match(/^https:.*https:/)) process.exit(5)
if (given.has('resets')) await fetch(`${admin}/reset`, { method: 'POST' })
let answer = await create()
if (given.has('retries') && !answer.ok) answer = await create()
if (given.has('waits') && !answer.ok) await new Promise(() => setInterval(() => {}, 1000))
// Passes whatever happens, as a suite does that checks too little.
if (given.has('trusts')) process.exit(0)
if (given.has('repeats') && process.env.STANDIN_SANDBOX.endsWith('-2')) await create()
console.log(`answered ${answer.status} to ${token}`)
process.exit(answer.ok && (await exists()) ? 0 : 3)
