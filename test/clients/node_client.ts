// Makes each call by fetch or node:http and prints "<call> <status> <id>".
import { readFileSync } from 'node:fs'
import http from 'node:http'

const [url = '', mykaarma = '', cryptlex = '', xml = '', kind] = process.argv.slice(2)

type Seen = readonly [status: number | undefined, text: string]
type Headers = Readonly<Record<string, string>>

// Without a Content-Type, fetch sends text/plain for a string; node:http sends none.
async function byFetch(path: string, body: string, headers: Headers): Promise<Seen> {
  const response = await fetch(url + path, { method: 'POST', headers, body })
  return [response.status, await response.text()]
}

function byHttp(path: string, body: string, headers: Headers): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { method: 'POST', headers }, (response) => {
      let received = ''
      response.on('data', (chunk: Buffer) => (received += chunk.toString()))
      response.on('end', () => resolve([response.statusCode, received]))
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function show(call: string, path: string, file: string, headers: Headers): Promise<void> {
  const post = kind === 'fetch' ? byFetch : byHttp
  const [status, text] = await post(path, readFileSync(file, 'utf8'), headers)
  const found = /<Id>([^<]+)<\/Id>/.exec(text)?.[1]
  const { id, userUuid } = found
    ? { id: found, userUuid: undefined }
    : (JSON.parse(text) as { id?: string; userUuid?: string }) // one of the two, by vendor
  console.log(call, status, id ?? userUuid)
}

const json = { 'Content-Type': 'application/json' }
const basic = `Basic ${btoa('partner:partner-secret')}`
await show('xml', '/api/v2/user', xml, {})
await show('basic', '/manage/v2/user/partner', mykaarma, { ...json, Authorization: basic })
await show('json', '/v3/resellers/reseller-001/users', cryptlex, {
  ...json,
  Authorization: 'Bearer standin-token',
})
