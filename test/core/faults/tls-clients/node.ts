// Prints what fetch or node:https reports of a GET of each URL in stdin; NODE_EXTRA_CA_CERTS names
// the CA.
import https from 'node:https'
import { createInterface } from 'node:readline'

const [kind] = process.argv.slice(2)

function byHttps(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject)
  })
}

/** Returns the class of an error and its code or its cause's. */
function named(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = (error.cause ?? error) as { code?: unknown } // a code may be there
  return `${error.name} (${String(code)})`
}

for await (const url of createInterface(process.stdin)) {
  try {
    console.log(kind === 'fetch' ? (await fetch(url)).status : await byHttps(url))
  } catch (error) {
    console.log(named(error))
  }
}
