import type { AdminCall, HttpCall } from '../api/client.ts'
import { BASE, SERVER_BASE } from '../api/client.ts'
import type { ClockAdvance, ClockSetting, NewFault } from '../../src/admin/contract.gen.ts'

// Writes a call as code for a shell, TypeScript and Python.

/** Quotes a text as one word for a POSIX shell, if it needs quotes. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

const TOKEN_HEADER = '-H "Standin-Admin-Token: $STANDIN_ADMIN_TOKEN"'

export function curlOf({ method, url, headers, body }: HttpCall, hasToken: boolean): string {
  const parts = [
    `curl${method === 'GET' ? '' : ` -X ${method}`} ${shellWord(url)}`,
    ...(hasToken ? [TOKEN_HEADER] : []),
    ...Object.entries(headers).map(([name, value]) => `-H ${shellWord(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data-raw ${shellWord(body)}`]),
  ]
  return parts.join(' \\\n  ')
}

export function pythonOf({ method, url, headers, body }: HttpCall, hasToken: boolean): string {
  const entries = Object.entries(headers).map(
    ([name, value]) => `${literal(name)}: ${literal(value)}`,
  )
  if (hasToken) entries.push('"Standin-Admin-Token": os.environ["STANDIN_ADMIN_TOKEN"]')
  return [
    `import${hasToken ? ' os,' : ''} urllib.request`,
    '',
    'request = urllib.request.Request(',
    `    ${literal(url)},`,
    `    method=${literal(method)},`,
    ...(entries.length === 0 ? [] : [`    headers={${entries.join(', ')}},`]),
    ...(body === undefined ? [] : [`    data=${literal(body)}.encode(),`]),
    ')',
    'print(urllib.request.urlopen(request).read().decode())',
  ].join('\n')
}

/** Returns a text as a literal that means the same in JavaScript and Python. */
function literal(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\x20-\x7e]/gu, (sign) =>
    sign.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

/** Returns code with fetch, for calls for which the package's client has no method. */
export function fetchOf({ method, url, headers, body }: HttpCall, hasToken: boolean): string {
  const entries = Object.entries(headers).map(
    ([name, value]) => `${literal(name)}: ${literal(value)}`,
  )
  if (hasToken) entries.push('"Standin-Admin-Token": process.env.STANDIN_ADMIN_TOKEN!')
  return [
    `const answer = await fetch(${literal(url)}, {`,
    `  method: ${literal(method)},`,
    ...(entries.length === 0 ? [] : [`  headers: { ${entries.join(', ')} },`]),
    ...(body === undefined ? [] : [`  body: ${literal(body)},`]),
    '})',
    'console.log(answer.status, await answer.text())',
  ].join('\n')
}

/** Flags that select the server and the sandbox of the page. */
function cliFlags(): string {
  const sandbox = /\/~([^/]*)$/.exec(BASE)?.[1]
  const url = ` --url ${location.origin}${SERVER_BASE}`
  return sandbox === undefined ? url : `${url} --sandbox ${decodeURIComponent(sandbox)}`
}

/** The command of the CLI for a call, if it has one. */
export function cliFor({ operation, params = {}, body }: AdminCall): string | undefined {
  switch (operation) {
    case 'addFault':
      return faultCommand(body as NewFault) // the body of this operation
    case 'listFaults':
      return `standin fault list${cliFlags()}`
    case 'deleteFault':
      return `standin fault remove ${shellWord(params['fault'] ?? '')}${cliFlags()}`
    case 'clearFaults':
      return `standin fault clear${cliFlags()}`
    default:
      return undefined
  }
}

function faultCommand({ fault = '', api, operation, times, ...others }: NewFault): string {
  const hasMore = Object.keys(others).length > 0
  const definition = hasMore
    ? JSON.stringify({ ...(fault === '' ? {} : { fault }), ...others })
    : fault
  const target = [
    ...(api === undefined ? [] : [`--api ${api}`]),
    ...(operation === undefined ? [] : [`--operation ${operation}`]),
  ]
  const count = times === undefined ? '' : `--times ${times}`
  return [
    `standin fault ${shellWord(definition)}`,
    target.join(' '),
    `${count}${cliFlags()}`.trim(),
  ]
    .filter(Boolean)
    .join(' \\\n  ')
}

function clockMethod({ now, held }: ClockSetting): string {
  const method = held === undefined ? 'set' : held ? 'hold' : 'run'
  return `await standin.clock.${method}(${now === undefined ? '' : object(now)})`
}

/** Expressions of the package's client, by operation; `standin` is the connected client. */
const METHODS: Readonly<Partial<Record<string, (call: AdminCall) => string>>> = {
  addFault: ({ body }) => `await standin.faults.add(${object(body)})`,
  deleteFault: ({ params }) => `await standin.faults.remove(${object(params?.['fault'])})`,
  clearFaults: () => 'await standin.faults.clear()',
  resetSandbox: () => 'await standin.reset()',
  saveSnapshot: ({ params }) => `await standin.snapshots.save(${object(params?.['snapshot'])})`,
  restoreSnapshot: ({ params }) =>
    `await standin.snapshots.restore(${object(params?.['snapshot'])})`,
  deleteSnapshot: ({ params }) => `await standin.snapshots.remove(${object(params?.['snapshot'])})`,
  putFault: ({ params, body }) =>
    `await standin.faults.change(${object(params?.['fault'])}, ${object(body)})`,
  advanceClock: ({ body }) => `await standin.clock.advance(${object((body as ClockAdvance).by)})`,
  putClock: ({ body }) => clockMethod(body as ClockSetting),
  clearRequests: () => 'await standin.requests.clear()',
  redeliver: ({ params, body }) =>
    `await standin.webhooks.redeliver(${[params?.['delivery'], faultOf(body)].filter(Boolean).map(object).join(', ')})`,
  testWebhook: ({ body }) => `await standin.webhooks.test(${object(body)})`,
  createSubscription: ({ body }) => `await standin.webhooks.subscribe(${object(body)})`,
  updateSubscription: ({ params, body }) =>
    `await standin.webhooks.change(${object(params?.['webhook'])}, ${object(body)})`,
  deleteSubscription: ({ params }) =>
    `await standin.webhooks.unsubscribe(${object(params?.['webhook'])})`,
  clearInbox: ({ params }) => `await standin.webhooks.inbox(${object(params?.['inbox'])}).clear()`,
  updateUser: ({ params, body }) =>
    `await standin.users.update(${object(params?.['api'])}, ${object(params?.['id'])}, ${object(body)})`,
  deleteUser: ({ params }) =>
    `await standin.users.remove(${object(params?.['api'])}, ${object(params?.['id'])})`,
}

/** The delivery fault in the body of a redelivery. */
function faultOf(body: unknown): unknown {
  return (body as { fault?: unknown } | undefined)?.fault // by the contract
}

/** Code with the package's client for a call, if it has a method. */
export function typescriptFor(call: AdminCall): string | undefined {
  const method = METHODS[call.operation]
  if (!method) return undefined
  const url = `${location.origin}${BASE}`
  return `import { connectStandin } from 'standin'\n\nconst standin = await connectStandin('${url}')\n${method(call)}`
}

/** A value as an object literal in the style of the project. */
function object(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .replaceAll(/\n\s*/g, ' ')
    .replaceAll(/"(\w+)":/g, '$1:')
    .replaceAll(/: "([^"'\\]*)"/g, ": '$1'")
    .replace(/^"([^"'\\]*)"$/, "'$1'")
}
