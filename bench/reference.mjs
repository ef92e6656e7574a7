// node reference.mjs express|bare [port]
//
// The reference servers: a plain Express 5 app and bare node:http. Both parse JSON and send it back.
import http from 'node:http'

// The bare server does not pay for Express' import.
async function express() {
  const { default: framework } = await import('express')
  const app = framework()
  app.use(framework.json())
  app.post('/{*path}', (request, response) => {
    response.status(201).json(request.body)
  })
  return http.createServer(app)
}

const bare = http.createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString())
    response.writeHead(201, { 'Content-Type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(body))
  })
})

const [, , kind, port = 0] = process.argv
const server = kind === 'express' ? await express() : bare
server.listen(Number(port), '127.0.0.1', () =>
  console.log(`ready http://127.0.0.1:${server.address().port}`),
)
process.on('SIGTERM', () => process.exit(0))
