import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { createFolder } from '../helpers/sandbox.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const BODY =
  '{"event":"reseller.user.created","data":{"id":"7b0c9c1e-52d4-4b53-9a0e-0f6f1d7a2c11","email":"ada@example.test"},"triggeredAt":"2026-01-15T09:30:00.1234567Z"}'
const SIGNATURE = 'vQtO3xh1D8JxDJLJk7XlTRkOGNOwN28LQpDdRdwOLTM='
const TOKEN = ['--secret', 'sandbox-webhook-token']
const GOOD = [...TOKEN, '--signature', SIGNATURE]

/** Runs the built command with this body on standard input. */
function run(args: readonly string[], body: string | Uint8Array = BODY) {
  const child = spawn(process.execPath, [MAIN, 'verify', ...args], { cwd: createFolder() })
  const text = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (text.out += String(chunk)))
  child.stderr.on('data', (chunk) => (text.err += String(chunk)))
  child.stdin.on('error', () => {})
  child.stdin.end(body)
  return new Promise<{ out: string; err: string; code: number | null }>((resolve) =>
    child.on('close', (code) => resolve({ ...text, code })),
  )
}

describe('standin verify', () => {
  test('prints every step of a valid signature and exits with 0', async () => {
    const { out, err, code } = await run(GOOD)
    expect(err).toBe('')
    expect(out).toBe(`ok      header     webhook-signature is present
ok      form       The signature is written in Base64
ok      decode     The signature decodes
ok      length     The signature is 32 bytes long, as HMAC-SHA256 is
ok      secret     The secret is usable: its UTF-8 bytes are the key
ok      signature  The signature matches the body of 158 bytes
verified by the plain scheme
`)
    expect(code).toBe(0)
  })

  test('prints the failed step with its cause and exits with 1', async () => {
    const { out, code } = await run(GOOD, `${BODY}\n`)
    expect(out).toMatch(
      /^FAILED {2}signature {2}.*: white space, such as a newline, was added at the end of the body after signing$/m,
    )
    expect(out).toMatch(/\nnot verified by the plain scheme: signature\n$/)
    expect(code).toBe(1)
  })

  test('reads the body from a file, byte for byte', async () => {
    const file = join(createFolder(), 'body.json')
    writeFileSync(file, BODY)
    expect(await run([...GOOD, '--body', file], '')).toMatchObject({ code: 0 })
    writeFileSync(file, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(BODY)]))
    const { out, code } = await run([...GOOD, '--body', file], '')
    expect(out).toContain('byte order mark')
    expect(code).toBe(1)
  })

  test('detects Standard Webhooks by its headers and checks the time by --now and --tolerance', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const at = new Date('2026-01-15T09:30:00Z')
    const headers = [
      'webhook-id: msg_1',
      `Webhook-Timestamp:${at.getTime() / 1000}`,
      `WEBHOOK-SIGNATURE:   ${new Webhook(secret).sign('msg_1', at, BODY)}  `,
    ].flatMap((header) => ['--header', header])
    const args = ['--secret', secret, ...headers]
    const [inTime, late, lenient] = await Promise.all([
      run([...args, '--now', '2026-01-15T09:34:00Z']),
      run([...args, '--now', `${at.getTime() / 1000 + 301}`]),
      run([...args, '--now', '2026-01-15T10:30:00Z', '--tolerance', '3600']),
    ])
    expect(inTime).toMatchObject({ code: 0 })
    expect(inTime.out).toContain('ok      timestamp  The timestamp is 240 s old')
    expect(late).toMatchObject({ code: 1 })
    expect(late.out).toContain(
      'FAILED  timestamp  The timestamp is 301 s old; at most 300 s are allowed',
    )
    expect(lenient).toMatchObject({ code: 0 })
  })

  test('reads the signature from the header given by --name', async () => {
    const args = [...TOKEN, '--name', 'X-Signature', '--signature', SIGNATURE]
    expect(await run(args)).toMatchObject({ code: 0 })
  })

  test('reports wrong usage in one line', async () => {
    const questions: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /^standin: --secret is needed/],
      [TOKEN, /^standin: --signature is needed, or every header/],
      [
        ['--secert', 'x'],
        /^standin: --secert is not an option of standin verify; did you mean --secret\?/,
      ],
      [[...TOKEN, '--header', 'nonsense'], /^standin: --header must be "name: value"/],
      [[...GOOD, '--now', 'soon'], /^standin: --now must be a time .* or seconds since 1970/],
      [
        [...GOOD, '--tolerance', '-1'],
        /^standin: --tolerance must be a number of seconds, got "-1"/,
      ],
      [[...GOOD, '--tolerance', '5m'], /^standin: --tolerance must be a number of seconds/],
      [[...GOOD, '--body', '/nowhere/body'], /^standin: --body .* \(ENOENT\)/],
      [[...GOOD, 'extra'], /^standin: "extra" is an unexpected argument of standin verify/],
    ]
    const answers = await Promise.all(questions.map(([args]) => run(args)))
    for (const [index, { out, err, code }] of answers.entries()) {
      const [, message] = questions[index]! // one answer each
      expect(err).toMatch(message)
      expect(err.trimEnd().split('\n')).toHaveLength(1)
      expect(out).toBe('')
      expect(code).toBe(2)
    }
  })

  test('--help prints its usage', async () => {
    const { out, code } = await run(['--help'])
    expect(out).toContain('standin verify --secret TEXT --signature VALUE < body')
    expect(code).toBe(0)
  })
})
