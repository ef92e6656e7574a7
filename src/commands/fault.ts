import type { Fault, NewFault } from '../admin/contract.gen.ts'
import { API_NAMES } from '../apis/index.ts'
import { ConfigError } from '../config/config.ts'
import { SHORT_WORDS } from '../core/faults/short-form.ts'
import { describeSyntaxError } from '../core/formats/json.ts'
import { withoutMark } from '../core/formats/text-file.ts'
import { closest, listed } from '../core/words.ts'
import { isRecord } from '../core/contract/schema.ts'
import { Client, CLIENT_FLAGS } from './client.ts'
import type { Command, Flag } from './command.ts'

/** Flags that set a field of the fault; numeric values become numbers. */
const FIELD_FLAGS: readonly Flag[] = [
  {
    name: 'api',
    value: 'NAME',
    help: `fire only for requests to this API: ${listed(API_NAMES, 'or')}`,
  },
  { name: 'operation', value: 'ID', help: 'fire only for this operation, by its operationId' },
  { name: 'times', value: 'N', help: 'maximum number of times it fires' },
  { name: 'skip', value: 'N', help: 'number of matching requests to skip first' },
  { name: 'every', value: 'N', help: 'fire for every Nth matching request' },
  { name: 'probability', value: 'P', help: 'probability of firing, from 0 to 1' },
  { name: 'after', value: 'STAGE', help: 'fire after this stage: route, auth, validation, commit' },
  { name: 'delay', value: 'TIME', help: 'delay the answer by this time, such as 2s or 1s..3s' },
  { name: 'expires-in', value: 'TIME', help: 'disarm it after this time, such as 5m' },
  { name: 'note', value: 'TEXT', help: 'comment shown in lists' },
]

const POSITIONALS = [
  ['FAULT', "arm a fault: '500;times=2', reset, … or JSON (see docs/faults.md)"],
  ['list', 'list armed faults with their counts'],
  ['remove ID', 'disarm one fault'],
  ['clear', 'disarm all faults'],
] as const

const ACTIONS = ['list', 'remove', 'clear']
/** Flags of `standin fault list`. */
const LIST_FLAGS = ['unfired', 'all']

export const fault: Command = {
  name: 'fault',
  help: 'Arm, list or remove faults of a running server',
  positionals: POSITIONALS,
  flags: [
    ...FIELD_FLAGS,
    { name: 'unfired', help: 'list only faults that never fired' },
    { name: 'all', help: 'also list faults that a request asked for (Standin-Fault header)' },
    ...CLIENT_FLAGS,
  ],
  async run(config, flags, [text, id]) {
    const first = text === undefined ? undefined : withoutMark(text) // "$(cat fault.json)"
    if (first === undefined) {
      throw new ConfigError(
        "standin fault needs an argument: a fault such as '500;times=2', or list, remove ID, clear",
      )
    }
    checkArguments(first, id, flags)
    const client = new Client(config, flags)
    if (first === 'list') {
      const query = Object.fromEntries(
        LIST_FLAGS.filter((name) => flags[name] !== undefined).map((name) => [name, true]),
      )
      print(await client.request('GET', '/faults', { query }), 'no faults')
    } else if (first === 'clear') {
      print(await client.request('DELETE', '/faults'), 'no fault was armed', 'disarmed ')
    } else if (first === 'remove') {
      const removed = await client.request('DELETE', `/faults/${encodeURIComponent(id ?? '')}`)
      console.log(`disarmed ${lineOf(removed as Fault)}`) // by the contract
    } else {
      const armed = await client.request('POST', '/faults', { body: definitionFrom(first, flags) })
      console.log(`armed ${lineOf(armed as Fault)}`) // by the contract
    }
  },
}

/** @throws ConfigError for arguments that do not belong together */
function checkArguments(
  first: string,
  id: string | undefined,
  flags: Readonly<Partial<Record<string, string>>>,
): void {
  const arms = !ACTIONS.includes(first)
  const [similar] =
    arms && !SHORT_WORDS.includes(first) ? closest(first, [...ACTIONS, ...SHORT_WORDS]) : []
  if (similar !== undefined && ACTIONS.includes(similar)) {
    throw new ConfigError(`"${first}" is not a fault; did you mean standin fault ${similar}?`)
  }
  if (first === 'remove' && id === undefined) {
    throw new ConfigError(
      'standin fault remove needs the id of a fault; standin fault list shows the ids',
    )
  }
  if (first !== 'remove' && id !== undefined) {
    throw new ConfigError(
      `"${id}" is an unexpected argument; the parts of a fault are separated by ;`,
    )
  }
  const unusable = Object.keys(flags).find((name) =>
    LIST_FLAGS.includes(name)
      ? first !== 'list'
      : !arms && FIELD_FLAGS.some((flag) => flag.name === name),
  )
  if (unusable !== undefined) {
    const command = `standin fault ${arms ? 'FAULT' : first}`
    throw new ConfigError(`--${unusable} cannot be used with ${command}`)
  }
}

/** Combines the fault with the flags; a flag takes precedence over the same field of the fault. */
function definitionFrom(text: string, flags: Readonly<Partial<Record<string, string>>>): NewFault {
  const fields = FIELD_FLAGS.flatMap(({ name }) => {
    const value = flags[name]
    if (value === undefined) return []
    const key = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    return [[key, /^\d+(\.\d+)?$/.test(value) && name !== 'note' ? Number(value) : value]]
  })
  const definition = text.trimStart().startsWith('{') ? parseJson(text) : { fault: text }
  return { ...definition, ...(Object.fromEntries(fields) as NewFault) } // the server checks it
}

function parseJson(text: string): NewFault {
  try {
    return JSON.parse(text) as NewFault // the server checks it
  } catch {
    throw new ConfigError(`The fault is not valid JSON: ${describeSyntaxError(text)}`)
  }
}

function print(answer: unknown, empty: string, label = ''): void {
  const faults =
    isRecord(answer) && Array.isArray(answer['faults']) ? (answer['faults'] as Fault[]) : [] // by the contract
  if (faults.length === 0) console.log(empty)
  for (const one of faults) console.log(`${label}${lineOf(one)}`)
}

/** `fault-1  500;times=2  at <api>  fired for 1 of 3 matching requests`. */
function lineOf({
  id,
  fault: shortForm,
  definition,
  fired,
  eligible,
  live,
  nearestMiss,
}: Fault): string {
  const target = [definition.api, definition.operation].filter(Boolean).join(' ')
  const requests = eligible === 1 ? 'matching request' : 'matching requests'
  const counts =
    eligible === 0 ? 'no matching request yet' : `fired for ${fired} of ${eligible} ${requests}`
  const state = live ? '' : ', expired'
  const miss =
    nearestMiss && fired === 0 ? `; nearest miss ${nearestMiss.requestId}: ${nearestMiss.why}` : ''
  return `${id}  ${shortForm}${target && `  at ${target}`}  ${counts}${state}${miss}`
}
