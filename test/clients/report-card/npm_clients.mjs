/* oxlint-disable -- its packages are installed by run.ts only, so that they have no types here */
// Careful clients with p-retry, got, ky and axios-retry. Arguments: the client, the URL of a sandbox.
const [name, url] = process.argv.slice(2)
const users = `${url}/v3/resellers/reseller-001/users`
const headers = { Authorization: 'Bearer standin-token' }
const statuses = [429, 503]
const methods = ['get', 'post']

/** Each returns a function that sends a request and returns the status and the text of the answer. */
const CLIENTS = {
  'p-retry': async () => {
    const { default: pRetry, AbortError } = await import('p-retry')
    return async (address, json) => {
      let last
      const send = async () => {
        last = await fetch(address, {
          method: json ? 'POST' : 'GET',
          headers: { ...headers, 'Content-Type': 'application/json' },
          body: json && JSON.stringify(json),
        })
        const text = await last.text()
        if (!statuses.includes(last.status)) return { status: last.status, text }
        const seconds = Number(last.headers.get('retry-after') ?? 0)
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
        throw new Error(`${last.status}`)
      }
      return await pRetry(send, { retries: 3, minTimeout: 100 }).catch((error) => {
        if (error instanceof AbortError) throw error
        return { status: last.status, text: '' }
      })
    }
  },
  got: async () => {
    const { default: got } = await import('got')
    const retry = {
      limit: 3,
      statusCodes: statuses,
      methods: methods.map((one) => one.toUpperCase()),
    }
    return async (address, json) => {
      const method = json ? 'POST' : 'GET'
      const { statusCode, body } = await got(address, {
        method,
        headers,
        json,
        retry,
        throwHttpErrors: false,
      })
      return { status: statusCode, text: body }
    }
  },
  ky: async () => {
    const { default: ky } = await import('ky')
    const retry = { limit: 3, statusCodes: statuses, methods }
    return async (address, json) => {
      const method = json ? 'post' : 'get'
      // It tries again only where a refusal is an error.
      const answer = await ky(address, { method, headers, json, retry }).catch(
        (error) => error.response,
      )
      return { status: answer.status, text: await answer.text() }
    }
  },
  'axios-retry': async () => {
    const { default: axios } = await import('axios')
    const { default: axiosRetry } = await import('axios-retry')
    axiosRetry(axios, {
      retries: 3,
      retryDelay: axiosRetry.exponentialDelay,
      retryCondition: (error) => statuses.includes(error.response?.status),
    })
    return async (address, json) => {
      const method = json ? 'post' : 'get'
      const answer = await axios(address, { method, headers, data: json }).catch(
        (error) => error.response,
      )
      return { status: answer.status, text: JSON.stringify(answer.data) }
    }
  },
}

const send = await CLIENTS[name]()
const person = (one) => ({
  firstName: one,
  email: `${one}@example.test`,
  role: 'user',
  allowCustomerPortalAccess: true,
  password: 'not-kept',
})
const list = await send(users)
const ada = await send(users, person('ada'))
const bad = await send(users, { firstName: 'Nobody' })
const bob = await send(users, person('bob'))
const look = await send(`${users}?email=bob%40example.test`)
console.log(
  list.status,
  ada.status,
  bad.status,
  bob.status,
  look.text.includes('bob@') ? 'found' : 'lost',
)
