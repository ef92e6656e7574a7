import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ConfigError } from '../config/config.ts'
import { nearest } from '../config/messages.ts'
import { readTime } from '../config/values.ts'
import { verifyWebhook, type Verdict } from '../core/webhooks/signature-check.ts'
import { codeOf, messageOf } from '../core/errors.ts'
import type { OwnCommand } from './command.ts'

export const VERIFY_HELP = `standin verify: say whether a webhook's signature is right, and if not, which step fails

  standin verify --secret TEXT --signature VALUE < body

  --secret TEXT            the token, or a secret of Standard Webhooks (whsec_…)
  --signature VALUE        what the header webhook-signature holds
  --header 'NAME: VALUE'   any header of the request, as often as needed, such as webhook-id
  --name NAME              the plain scheme's header (webhook-signature)
  --body FILE              the raw body; from standard input where it is not given
  --now TIME               when to judge a timestamp: 2026-01-15T09:30:00Z or seconds since 1970
  --tolerance SECONDS      how far a timestamp may be off (300)

The exit code is 0 when it verifies and 1 when it does not.`

const OPTIONS = {
  secret: { type: 'string' },
  signature: { type: 'string' },
  header: { type: 'string', multiple: true },
  name: { type: 'string' },
  body: { type: 'string' },
  now: { type: 'string' },
  tolerance: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** What the command is asked, with the body's bytes still to be read. */
interface Question {
  readonly secret: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly name: string
  /** A file; undefined: standard input. */
  readonly body: string | undefined
  readonly now: number | undefined
  readonly tolerance: number | undefined
}

/**
 * `standin verify`: prints the verdict step by step, and leaves 1 as the exit code when it is no.
 *
 * @param args what follows the command's name
 * @throws ConfigError for what was asked in a wrong way
 */
export async function verify(args: readonly string[]): Promise<void> {
  const question = read(args)
  if (question === 'help') {
    console.log(VERIFY_HELP)
    return
  }
  const { secret, headers, name, now, tolerance } = question
  const verdict = verifyWebhook(await bytesOf(question.body), headers, secret, {
    header: name,
    ...(now === undefined ? {} : { now }),
    ...(tolerance === undefined ? {} : { toleranceSeconds: tolerance }),
  })
  console.log(inLines(verdict))
  if (!verdict.verified) process.exitCode = 1
}

function inLines({ steps, verified, scheme, failedAt }: Verdict): string {
  const lines = steps.map(
    ({ step, passed, text }) => `${passed ? 'ok    ' : 'FAILED'}  ${step.padEnd(9)}  ${text}`,
  )
  const by = scheme === 'plain' ? 'the plain scheme' : 'Standard Webhooks'
  const end = verified ? `verified by ${by}` : `not verified by ${by}: ${failedAt}`
  return [...lines, end].join('\n')
}

function read(args: readonly string[]): Question | 'help' {
  const values = valuesOf(args)
  if (values.help) return 'help'
  const { secret, signature, header = [], name = 'webhook-signature', body, now } = values
  if (secret === undefined) throw new ConfigError('--secret is needed: the token of the webhook')
  const headers: Record<string, string[]> = {}
  for (const line of [...header, ...(signature === undefined ? [] : [`${name}: ${signature}`])]) {
    const [, key = '', value = ''] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (key === '') throw new ConfigError(`--header must be "name: value", got ${quoted(line)}`)
    ;(headers[key.toLowerCase()] ??= []).push(value)
  }
  if (Object.keys(headers).length === 0) {
    throw new ConfigError('--signature is needed, or the headers of the request, each by --header')
  }
  return { secret, headers, name, body, now: timeOf(now), tolerance: secondsOf(values.tolerance) }
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    // What Node says goes on to explain itself, and we have a shorter word for it.
    const [, unknown] = /^Unknown option '--([^']+)'/.exec(messageOf(error)) ?? []
    if (unknown !== undefined) {
      const hint = nearest(unknown, Object.keys(OPTIONS)).replace('standin --', 'standin verify --')
      throw new ConfigError(`--${unknown} is no option of standin verify${hint}`)
    }
    throw new ConfigError(messageOf(error).split(/\.\s|\n/)[0])
  }
}

/** Milliseconds since 1970. */
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

async function bytesOf(file: string | undefined): Promise<Uint8Array> {
  if (file !== undefined) {
    try {
      return await readFile(file)
    } catch (error) {
      throw new ConfigError(`--body ${file} cannot be read (${codeOf(error)})`)
    }
  }
  if (process.stdin.isTTY) console.error('standin: the body is read from here; Ctrl-D ends it')
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array) // it has no encoding set
  return Buffer.concat(chunks)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

export const verifySignature: OwnCommand = {
  name: 'verify',
  help: "say whether a webhook's signature is right, and where it fails",
  runWith: verify,
}
