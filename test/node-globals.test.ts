import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NODE_GLOBALS } from '../rolldown.config.ts'

/** Globals that jsdom, happy-dom or fake timers define anew, or leave out, in a test's realm. */
const REPLACED = `AbortController AbortSignal Blob BroadcastChannel Buffer CustomEvent DOMException
  Event EventSource EventTarget File FormData Headers MessageChannel Request Response TextDecoder
  TextEncoder URL URLSearchParams Uint8Array WebSocket atob btoa clearImmediate clearInterval
  clearTimeout crypto fetch localStorage navigator performance queueMicrotask requestAnimationFrame
  setImmediate setInterval setTimeout structuredClone`.split(/\s+/)

/** Globals that the sources use as they find them. */
const SAFE: Readonly<Record<string, string>> = {
  AbortController: 'no part of Node gets the signal, and Node exports no other class',
  queueMicrotask: 'every environment has the one of the engine',
}

const ROOT = join(import.meta.dirname, '..', 'src')

/** The code of a file without comments and texts, whose words are no uses. */
const codeOf = (text: string) =>
  text.replaceAll(/\/\*[^]*?\*\/|(?<!:)\/\/.*|'(?:\\.|[^'\\\n])*'/g, '""')

test('every global that a test environment replaces is imported from Node by the build', () => {
  const used = new Map<string, string>()
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const code = codeOf(readFileSync(join(ROOT, file), 'utf8'))
    for (const name of REPLACED) {
      if (new RegExp(`(?<![.\\w$#])${name}(?=[(.])`).test(code)) used.set(name, file)
    }
  }
  expect(used.get('setTimeout')).toBeDefined()
  const known = [...Object.keys(NODE_GLOBALS), ...Object.keys(SAFE)]
  expect([...used].filter(([name]) => !known.includes(name))).toEqual([])
})
