// A typical first version of a receiver. Each unsafe assumption has a comment. Compare careful.ts.
//
//   npx tsx examples/receivers/naive.ts [port]
//
// POST to any path: a webhook. GET /users: the stored users and the addresses of sent welcomes.
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
  // Assumes that each event arrives once.
  'reseller.user.created'(user) {
    for (const field of Object.keys(user)) {
      // Assumes that users never have additional fields.
      if (!COLUMNS.includes(field)) throw new Error(`The table users has no column ${field}`)
    }
    users.push(user)
    welcomed.push(user.email)
  },
  // Assumes that the user is stored, and that events arrive in order.
  'reseller.user.updated'(user) {
    Object.assign(
      users.find(({ id }) => id === user.id)!,
      user,
    ) // it was created before
  },
  // Assumes that the user is stored; removes the last user otherwise.
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
    // Assumes that no character spans two chunks, and that the body is not compressed.
    body += String(chunk)
    if (body.length > LARGEST_BODY) request.destroy()
  })
  request.on('end', () => {
    // Accepts every sender: the signature is not verified.
    const { event, data } = JSON.parse(body) as Webhook
    // Assumes that the event has a handler. An error here ends the process.
    handlers[event]!(data)
    response.end()
  })
})

server.listen(Number(process.argv[2] ?? process.env['PORT'] ?? 0), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // it listens on a port
  console.log(`ready http://127.0.0.1:${port}`)
})
