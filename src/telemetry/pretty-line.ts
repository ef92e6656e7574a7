import type { LogEntry } from './log-entry.ts'

const COLOURS = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
type Colour = keyof typeof COLOURS

/** Colours by the first digit of a status. */
const STATUS_COLOURS: readonly Colour[] = ['dim', 'dim', 'green', 'cyan', 'yellow', 'red']

/**
 * Formats an entry as one line of text, such as
 * `09:30:00.123 POST 409 /v3/users shop req-4 1.2ms user.duplicate`.
 *
 * @param now milliseconds since 1970, by the system clock
 */
export function prettyLine(entry: LogEntry, now: number, inColour: boolean): string {
  const paint = (colour: Colour, text: string) =>
    inColour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text
  const { method, status, url, api, id, sandbox, duration, user, reason, faults } = entry
  const { webhooks, warnings } = entry
  const parts = [
    paint('dim', timeOf(now)),
    method.padEnd(4),
    paint(STATUS_COLOURS[Math.floor(status / 100)] ?? 'red', String(status)),
    url,
    paint('cyan', api),
    paint('dim', sandbox === 'default' ? id : `${sandbox}/${id}`),
    paint('dim', `${duration.toFixed(1)}ms`),
  ]
  if (user !== undefined) parts.push(paint('green', `user ${user}`))
  if (reason !== undefined) parts.push(paint(status < 500 ? 'yellow' : 'red', reason))
  if (webhooks > 0) parts.push(paint('dim', webhooks === 1 ? '1 webhook' : `${webhooks} webhooks`))
  if (faults.length > 0) parts.push(paint('red', `fault ${faults.join(' ')}`))
  if (warnings.length > 0) parts.push(paint('yellow', `warning ${warnings.join(' ')}`))
  return `${parts.join(' ')}\n`
}

function timeOf(now: number): string {
  return new Date(now).toISOString().slice(11, 23)
}
