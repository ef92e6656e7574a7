// The reference servers: a plain Express 5 app and bare node:http. Both parse JSON and send it back.
import http from 'node:http'
import express from 'express'

const app = express()
app.use(express.json())
app.post('/{*path}', (request, response) => {
  response.status(201).json(request.body)
})

const bare = http.createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString())
    response.writeHead(201, { 'Content-Type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(body))
  })
})

const server = process.argv[2] === 'express' ? http.createServer(app) : bare
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}`))
process.on('SIGTERM', () => process.exit(0))
