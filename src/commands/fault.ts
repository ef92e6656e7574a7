import type { Fault, NewFault } from '../admin/contract.gen.ts'
import { API_NAMES } from '../apis/index.ts'
import { ConfigError } from '../config/config.ts'
import { SHORT_WORDS } from '../core/faults/short-form.ts'
import { whereBroken } from '../core/formats/json.ts'
import { closest, listed } from '../core/words.ts'
import { isRecord } from '../core/contract/schema.ts'
import { Client, CLIENT_FLAGS } from './client.ts'
import type { Command, Flag } from './command.ts'

/** Fields of a fault that are said beside it; a number stays one. */
const FIELDS: readonly Flag[] = [
  { name: 'api', value: 'NAME', help: `only at this API: ${listed(API_NAMES, 'or')}` },
  { name: 'operation', value: 'ID', help: 'only at this operation, such as createResellerUser' },
  { name: 'times', value: 'N', help: 'how often it fires' },
  { name: 'skip', value: 'N', help: 'how many that fit are spared first' },
  { name: 'every', value: 'N', help: 'only every Nth that fits, such as 3 for every third' },
  { name: 'probability', value: 'P', help: 'how likely it fires, from 0 to 1' },
  { name: 'after', value: 'STAGE', help: 'what comes first: route, auth, validation or commit' },
  { name: 'delay', value: 'TIME', help: 'before anything else, such as 2s or 1s..3s' },
  { name: 'expires-in', value: 'TIME', help: 'how long it lives, such as 5m' },
  { name: 'note', value: 'TEXT', help: 'for people' },
]

const USAGES = [
  ['FAULT', "arm one: '500;times=2', reset, … or JSON; see docs/faults.md"],
  ['list', 'what is armed, and what came of it'],
  ['remove ID', 'disarm one'],
  ['clear', 'disarm all'],
] as const

/** What is done with faults besides arming one. */
const ACTIONS = ['list', 'remove', 'clear']
/** Flags that say which of them are listed. */
const OF_A_LIST = ['unfired', 'all']

export const fault: Command = {
  name: 'fault',
  help: 'have a running server fail on purpose',
  words: USAGES,
  flags: [
    ...FIELDS,
    { name: 'unfired', help: 'of a list, those that never fired' },
    { name: 'all', help: 'in a list, those too that requests asked for by themselves' },
    ...CLIENT_FLAGS,
  ],
  async run(config, flags, words) {
    const [first, id] = words
    if (first === undefined) {
      throw new ConfigError(
        "standin fault needs a fault, such as '500;times=2', or list, remove, clear",
      )
    }
    mustFit(first, id, flags)
    const client = new Client(config, flags)
    if (first === 'list') {
      const query = Object.fromEntries(
        OF_A_LIST.filter((name) => flags[name] !== undefined).map((name) => [name, true]),
      )
      print(await client.ask('GET', '/faults', { query }), 'none')
    } else if (first === 'clear') {
      print(await client.ask('DELETE', '/faults'), 'none was armed', 'disarmed ')
    } else if (first === 'remove') {
      const gone = await client.ask('DELETE', `/faults/${encodeURIComponent(id ?? '')}`)
      console.log(`disarmed ${lineOf(gone as Fault)}`) // the contract says so
    } else {
      const armed = await client.ask('POST', '/faults', { body: definitionFrom(first, flags) })
      console.log(`armed ${lineOf(armed as Fault)}`) // the contract says so
    }
  },
}

/** @throws ConfigError for what would be passed over without a word */
function mustFit(
  first: string,
  id: string | undefined,
  flags: Readonly<Partial<Record<string, string>>>,
): void {
  const arms = !ACTIONS.includes(first)
  const [meant] =
    arms && !SHORT_WORDS.includes(first) ? closest(first, [...ACTIONS, ...SHORT_WORDS]) : []
  if (meant !== undefined && ACTIONS.includes(meant)) {
    throw new ConfigError(`"${first}" is no fault; did you mean standin fault ${meant}?`)
  }
  if (first === 'remove' && id === undefined) {
    throw new ConfigError(
      'standin fault remove needs the id of a fault; standin fault list shows them',
    )
  }
  if (first !== 'remove' && id !== undefined) {
    throw new ConfigError(`"${id}" is one word too many: parts of a fault have ; between them`)
  }
  const strange = Object.keys(flags).find((name) =>
    OF_A_LIST.includes(name) ? first !== 'list' : !arms && FIELDS.some((one) => one.name === name),
  )
  if (strange !== undefined) {
    throw new ConfigError(`--${strange} says nothing to standin fault ${arms ? 'FAULT' : first}`)
  }
}

/** What a flag says goes before what the fault says of the same. */
function definitionFrom(text: string, flags: Readonly<Partial<Record<string, string>>>): NewFault {
  const beside = FIELDS.flatMap(({ name }) => {
    const value = flags[name]
    if (value === undefined) return []
    const key = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    return [[key, /^\d+(\.\d+)?$/.test(value) && name !== 'note' ? Number(value) : value]]
  })
  const own = text.trimStart().startsWith('{') ? parsed(text) : { fault: text }
  return { ...own, ...(Object.fromEntries(beside) as NewFault) } // the server checks it
}

function parsed(text: string): NewFault {
  try {
    return JSON.parse(text) as NewFault // the server checks it
  } catch {
    throw new ConfigError(`The fault is no JSON: ${whereBroken(text)}`)
  }
}

function print(given: unknown, empty: string, before = ''): void {
  const list = isRecord(given) && Array.isArray(given['faults']) ? (given['faults'] as Fault[]) : [] // as the contract has it
  if (list.length === 0) console.log(empty)
  for (const one of list) console.log(`${before}${lineOf(one)}`)
}

/** `fault-1  500;times=2  at <api>  fired 1 of 3 that fitted`. */
function lineOf({
  id,
  fault: short,
  definition,
  fired,
  eligible,
  live,
  nearestMiss,
}: Fault): string {
  const where = [definition.api, definition.operation].filter(Boolean).join(' ')
  const came = eligible === 0 ? 'met by none yet' : `fired ${fired} of ${eligible} that fitted`
  const over = live ? '' : ', over'
  const miss =
    nearestMiss && fired === 0 ? `; nearest was ${nearestMiss.requestId}: ${nearestMiss.why}` : ''
  return `${id}  ${short}${where && `  at ${where}`}  ${came}${over}${miss}`
}
