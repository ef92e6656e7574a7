// Sends each request of a list with fetch or node:http and prints the report of each.
import http from 'node:http'
import { batch, type Seen, type ToSend } from './batch.ts'

type Answer = readonly [status: number | undefined, type: string, text: string]

const [url = '', kind] = process.argv.slice(2)

async function byFetch({ path, headers, body, patience }: ToSend): Promise<Answer> {
  const signal = AbortSignal.timeout(patience)
  const response = await fetch(url + path, { method: 'POST', headers, body, signal })
  return [response.status, response.headers.get('content-type') ?? '', await response.text()]
}

// Its timeout limits the silence and not the whole request, as in most programs that use it.
function byHttp(sent: ToSend, agent: http.Agent): Promise<Answer> {
  const { path, headers, body, patience } = sent
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, agent, timeout: patience }
    const request = http.request(url + path, options, (response) => {
      const type = response.headers['content-type'] ?? ''
      let received = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (received += chunk))
      response.on('end', () => resolve([response.statusCode, type, received]))
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new DOMException('Too slow', 'TimeoutError')))
    request.on('error', reject)
    request.end(body)
  })
}

async function see(sent: ToSend, agent: http.Agent): Promise<Seen> {
  try {
    const [status, type, text] = await (kind === 'fetch' ? byFetch(sent) : byHttp(sent, agent))
    const seen = String(status)
    if (!type.startsWith(sent.type)) return { seen: `${seen} ${type.split(';')[0]}` }
    if (type.includes('protobuf')) return { seen }
    // Node has no XML parser, and many clients do without one.
    if (type.includes('xml')) return { seen, id: /<Id>(.*?)<\/Id>/.exec(text)?.[1] ?? '' }
    const read = JSON.parse(text) as { id?: string; User?: { Id: string } } // by vendor
    return { seen, id: read.id ?? read.User?.Id ?? '' }
  } catch (error) {
    return { seen: named(error) }
  }
}

/** Returns the class of an error and its code or its cause's; messages change between versions. */
function named(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = (error.cause ?? error) as { code?: unknown } // a code may be there
  return typeof code === 'string' ? `${error.name} (${code})` : error.name
}

await batch(() => new http.Agent({ keepAlive: true }), see)
