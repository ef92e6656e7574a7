// A receiver as it is written first, and as it passes a first try. Every line that trusts too much
// says so. Compare careful.ts.
//
//   npx tsx examples/receivers/naive.ts [port]
//
// POST anywhere: a webhook. GET /users: whom it knows, and whom it has sent a welcome to.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface User {
  id: string
  email: string
}

interface Webhook {
  event: string
  data: User
}

const COLUMNS =
  'id createdAt updatedAt name firstName lastName email role twoFactorEnabled googleSsoEnabled lastLoginAt organizationId organization company'.split(
    ' ',
  )
const LARGEST_BODY = 100_000

const users: User[] = []
const welcomed: string[] = []

const handlers: Record<string, (user: User) => void> = {
  // Trusts that each event comes once.
  'reseller.user.created'(user) {
    for (const field of Object.keys(user)) {
      // Trusts that users never get a field more.
      if (!COLUMNS.includes(field)) throw new Error(`The table users has no column ${field}`)
    }
    users.push(user)
    welcomed.push(user.email)
  },
  // Trusts that the user is known, and that what comes last is what is newest.
  'reseller.user.updated'(user) {
    Object.assign(
      users.find(({ id }) => id === user.id)!,
      user,
    ) // it was created before
  },
  // Trusts that the user is known, and takes away the last one when it is not.
  'reseller.user.deleted'(user) {
    users.splice(
      users.findIndex(({ id }) => id === user.id),
      1,
    )
  },
}

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ users, welcomed }))
    return
  }
  let body = ''
  request.on('data', (chunk) => {
    // Trusts that no character lies across two chunks, and that the body is not compressed.
    body += String(chunk)
    if (body.length > LARGEST_BODY) request.destroy()
  })
  request.on('end', () => {
    // Trusts whoever sends: there is a signature, and nobody looks at it.
    const { event, data } = JSON.parse(body) as Webhook
    // Trusts that there is a handler. What is thrown here ends the process.
    handlers[event]!(data)
    response.end()
  })
})

server.listen(Number(process.argv[2] ?? process.env['PORT'] ?? 0), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // it listens on a port
  console.log(`ready http://127.0.0.1:${port}`)
})
