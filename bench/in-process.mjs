// node in-process.mjs standin|bare
//
// Starts a server in this process and creates a user there. Prints `created` and, for Standin, the
// milliseconds that a second startStandin() took.
import http from 'node:http'
import { readFileSync } from 'node:fs'

const body = readFileSync(new URL('../fixtures/requests/cryptlex.json', import.meta.url))

function create(url) {
  const path = '/v3/resellers/reseller-001/users'
  const headers = { Authorization: 'Bearer standin-token', 'Content-Type': 'application/json' }
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function expectCreated(url) {
  const status = await create(url)
  if (status !== 201) throw new Error(`the create was answered with ${status}`)
}

if (process.argv[2] === 'standin') {
  const { startStandin } = await import('../dist/index.mjs')
  const { url } = await startStandin()
  await expectCreated(url)
  process.stdout.write('created\n')
  const began = performance.now()
  await startStandin()
  process.stdout.write(`second ${performance.now() - began}\n`)
} else {
  const server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const user = JSON.parse(Buffer.concat(chunks).toString())
      response.writeHead(201, { 'Content-Type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify(user))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  await expectCreated(`http://127.0.0.1:${server.address().port}`)
  process.stdout.write('created\n')
}
process.exit(0)
