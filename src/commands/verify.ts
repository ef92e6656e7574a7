import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ConfigError } from '../config/config.ts'
import { readTime } from '../config/values.ts'
import { verifyWebhook, type SignatureResult } from '../core/webhooks/signature-check.ts'
import { codeOf, messageOf } from '../core/errors.ts'
import { closest } from '../core/words.ts'
import type { RawCommand } from './command.ts'

export const VERIFY_HELP = `Usage: standin verify --secret TEXT --signature VALUE < body

Check the signature of a webhook and show which step fails.

Options (defaults in parentheses):
  --secret TEXT            token of the webhook, or a Standard Webhooks secret (whsec_…)
  --signature VALUE        value of the header webhook-signature
  --header 'NAME: VALUE'   a header of the request, such as webhook-id; may be repeated
  --name NAME              signature header of the plain scheme (webhook-signature)
  --body FILE              file with the raw body (standard input)
  --now TIME               time at which a timestamp is checked: 2026-01-15T09:30:00Z or seconds
                           since 1970 (the current time)
  --tolerance SECONDS      maximum age of a timestamp (300)
  -h, --help               print this help and exit

Exit codes: 0 if the signature is valid, 1 if it is not, 2 if the command is used wrongly.`

const OPTIONS = {
  secret: { type: 'string' },
  signature: { type: 'string' },
  header: { type: 'string' },
  name: { type: 'string' },
  body: { type: 'string' },
  now: { type: 'string' },
  tolerance: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Parsed arguments; the body is still to be read. */
interface Arguments {
  readonly secret: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly name: string
  /** A file; undefined for standard input. */
  readonly body: string | undefined
  readonly now: number | undefined
  readonly tolerance: number | undefined
}

/**
 * Runs `standin verify`: prints the result of every step; exit code 1 if the signature is invalid.
 *
 * @param args the arguments after the command's name
 * @throws ConfigError if the command is used wrongly
 */
async function verify(args: readonly string[]): Promise<void> {
  const parsed = parse(args)
  if (parsed === 'help') {
    console.log(VERIFY_HELP)
    return
  }
  const { secret, headers, name, body, now, tolerance } = parsed
  const result = verifyWebhook(await readBody(body), headers, secret, {
    header: name,
    ...(now === undefined ? {} : { now }),
    ...(tolerance === undefined ? {} : { toleranceSeconds: tolerance }),
  })
  console.log(linesOf(result))
  if (!result.verified) process.exitCode = 1
}

function linesOf({ steps, verified, scheme, failedAt }: SignatureResult): string {
  const lines = steps.map(
    ({ step, passed, text }) => `${passed ? 'ok    ' : 'FAILED'}  ${step.padEnd(9)}  ${text}`,
  )
  const schemeName = scheme === 'plain' ? 'the plain scheme' : 'Standard Webhooks'
  const result = verified
    ? `verified by ${schemeName}`
    : `not verified by ${schemeName}: ${failedAt}`
  return [...lines, result].join('\n')
}

function parse(args: readonly string[]): Arguments | 'help' {
  const values = parseFlags(args)
  if (values.has('help')) return 'help'
  const last = (flag: string) => values.get(flag)?.at(-1)
  const secret = last('secret')
  if (secret === undefined) throw new ConfigError('--secret is needed: the token of the webhook')
  const name = last('name') ?? 'webhook-signature'
  const signature = last('signature')
  const headers: Record<string, string[]> = {}
  for (const line of [
    ...(values.get('header') ?? []),
    ...(signature === undefined ? [] : [`${name}: ${signature}`]),
  ]) {
    const [, key = '', value = ''] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (key === '') throw new ConfigError(`--header must be "name: value", got ${quoted(line)}`)
    ;(headers[key.toLowerCase()] ??= []).push(value)
  }
  if (Object.keys(headers).length === 0) {
    throw new ConfigError('--signature is needed, or every header of the request by --header')
  }
  return {
    secret,
    headers,
    name,
    body: last('body'),
    now: timeOf(last('now')),
    tolerance: secondsOf(last('tolerance')),
  }
}

/** Values of the flags by name; `help` has none. */
function parseFlags(args: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const known = Object.entries(OPTIONS)
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true })
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      throw new ConfigError(`${quoted(token.value)} is an unexpected argument of standin verify`)
    }
    const { name, rawName, value, inlineValue } = token
    const type = known.find(([flag]) => flag === name)?.[1].type
    if (type === undefined) {
      const [similar] = closest(
        name,
        known.map(([flag]) => flag),
      )
      const advice = similar ? `did you mean --${similar}?` : 'see standin verify --help'
      throw new ConfigError(`${rawName} is not an option of standin verify; ${advice}`)
    }
    // An argument that looks like the next option is a value only after an equals sign.
    const isMissing = value === undefined || (!inlineValue && value.startsWith('--'))
    if (type === 'string' && isMissing) throw new ConfigError(`--${name} needs a value`)
    if (type === 'boolean' && value !== undefined) {
      throw new ConfigError(`--${name} takes no value`)
    }
    values.set(name, [...(values.get(name) ?? []), ...(value === undefined ? [] : [value])])
  }
  return values
}

/** Parses a time to milliseconds since 1970. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,11}$/.test(text)) return Number(text) * 1000
  try {
    return readTime(text)
  } catch (error) {
    throw new ConfigError(`--now ${messageOf(error)} or seconds since 1970, got ${quoted(text)}`)
  }
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,9}$/.test(text)) return text === undefined ? text : Number(text)
  throw new ConfigError(`--tolerance must be a number of seconds, got ${quoted(text)}`)
}

async function readBody(file: string | undefined): Promise<Uint8Array> {
  if (file !== undefined) {
    try {
      return await readFile(file)
    } catch (error) {
      throw new ConfigError(`--body ${file} cannot be read (${codeOf(error)})`)
    }
  }
  if (process.stdin.isTTY)
    console.error('standin: reading the body from standard input; end it with Ctrl-D')
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array) // no encoding is set
  return Buffer.concat(chunks)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

export const verifySignature: RawCommand = {
  name: 'verify',
  help: 'Check the signature of a webhook and show which step fails',
  runWith: verify,
}
