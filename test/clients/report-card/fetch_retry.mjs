/* oxlint-disable -- plain JavaScript, as users write it: it has no types */
// A careful client with fetch and a retry loop as p-retry has it. Arguments: the URL of a sandbox.
const [url] = process.argv.slice(2)
const headers = { Authorization: 'Bearer standin-token', 'Content-Type': 'application/json' }
const users = `${url}/v3/resellers/reseller-001/users`
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function retrying(path, init = {}) {
  for (let tries = 1; ; tries++) {
    const answer = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(10_000) })
    const text = await answer.text()
    if (![429, 503].includes(answer.status) || tries === 4) return { status: answer.status, text }
    await wait(Number(answer.headers.get('retry-after') ?? 0) * 1000 || 50 * 2 ** tries)
  }
}

const create = (user) => retrying(users, { method: 'POST', body: JSON.stringify(user) })

const person = (firstName) => ({
  firstName,
  email: `${firstName.toLowerCase()}@example.test`,
  role: 'user',
  allowCustomerPortalAccess: true,
  password: 'not-kept',
})

const list = await retrying(users)
const ada = await create(person('Ada'))
const bad = await create({ firstName: 'Nobody' })
const bob = await create(person('Bob'))
const found = bob.status === 500 ? await retrying(`${users}?email=bob%40example.test`) : bob
console.log(
  list.status,
  ada.status,
  bad.status,
  bob.status,
  found.text.includes('bob@') ? 'found' : 'lost',
)
