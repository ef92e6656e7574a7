import { readFileSync } from 'node:fs'
import { code, table } from '../helpers/document.ts'

/** Files of the client's classes, by the expression with which a program gets an instance. */
const CLASSES = {
  standin: 'standin',
  'standin.faults': 'faults',
  'standin.requests': 'requests',
  'standin.webhooks': 'webhooks',
  'standin.webhooks.inbox(name)': 'webhooks',
  'standin.clock': 'clock',
  'standin.users': 'users',
  'standin.snapshots': 'snapshots',
} as const

const METHOD =
  /\n {2}\/\*\*((?:(?!\*\/)[^])*)\*\/\n((?: {2}\w+\([^{}]*\): Promise<.*>\n)*) {2}(?:async )?(\w+)\(((?:[^()]|\([^()]*\))*)\): (?:Promise<|Inbox)/g

export interface Member {
  readonly call: string
  readonly meaning: string
}

/** Every method of the client with its parameters and doc comment, read from its source. */
export function members(): readonly Member[] {
  return Object.entries(CLASSES).flatMap(([owner, file]) => {
    const source = readFileSync(new URL(`../../src/client/${file}.ts`, import.meta.url), 'utf8')
    const classes = source.split(/^export class /m).slice(1)
    const own = classes.find((text) => text.startsWith('Inbox ') === owner.includes('inbox('))
    return [...(own ?? '').matchAll(METHOD)].map(([, comment = '', , name, params = '']) => ({
      call: `${owner}.${name}(${namesIn(params)})`,
      meaning: meaningOf(comment),
    }))
  })
}

/** The table of methods in docs/testing.md. */
export function membersTable(): string {
  const rows = members().map(({ call, meaning }) => [code(call), meaning])
  return table(['Call', 'What it does'], rows)
}

/** Reduces parameters with types and defaults to names: `id, fault?`. */
function namesIn(params: string): string {
  const flat = params
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/{[^{}]*}(?=[:)])/g, 'options')
    .trim()
  const depths = [...flat].reduce<{ at: number; parts: string[] }>(
    ({ at, parts }, letter) => {
      const next = at + ('({[<'.includes(letter) ? 1 : ')}]>'.includes(letter) ? -1 : 0)
      if (letter === ',' && at === 0) return { at, parts: [...parts, ''] }
      return { at: next, parts: [...parts.slice(0, -1), `${parts.at(-1)}${letter}`] }
    },
    { at: 0, parts: [''] },
  )
  return depths.parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [, name = '', optional = ''] = /^(\w+)(\??)/.exec(part) ?? []
      return `${name}${optional !== '' || / = /.test(part) ? '?' : ''}`
    })
    .join(', ')
}

function meaningOf(comment: string): string {
  return comment
    .replaceAll(/^ *\* ?/gm, '')
    .split('@')[0]!
    .replaceAll(/\s+/g, ' ')
    .trim()
    .split(/\n\n/)[0]!
}
