import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { withDefaults } from '../../src/config/config.ts'
import type { Document } from '../../src/core/store/document.ts'
import { startServer, type Server } from '../../src/server/server.ts'
import { codeOf } from '../../src/core/errors.ts'
import type { Random } from '../crash/random.ts'

/** Everything that a server holds, as JSON texts to compare. */
export interface Holdings {
  /** By sandbox name. */
  readonly documents: ReadonlyMap<string, Document>
  /** By `sandbox/snapshot`. */
  readonly snapshots: ReadonlyMap<string, string>
  /** Settings by sandbox name. */
  readonly settings: ReadonlyMap<string, string>
}

/** A data folder, an earlier state of it, and what it holds. */
export interface Scene {
  readonly folder: string
  readonly old: string
  readonly truth: Holdings
  /** The documents after each transaction, by sandbox name. */
  readonly history: ReadonlyMap<string, ReadonlyMap<number, string>>
  readonly remove: () => void
}

/** Starts a server on a folder, without webhooks: each request is one transaction. */
export async function start(
  data: string,
  recover = false,
): Promise<{ server: Server; warnings: string[] }> {
  const warnings: string[] = []
  const server = await startServer(
    withDefaults({ port: 0, data, recover, webhookUrl: 'none', durability: 'write' }),
    {
      log: {
        warn: (message) => warnings.push(message),
        bug: (message, error) => warnings.push(`${message}: ${String(error)}`),
      },
    },
  )
  return { server, warnings }
}

export async function ask(
  { url }: Server,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      Authorization: 'Bearer standin-token',
      Connection: 'close',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return await answer.json()
}

/** The document of a sandbox without its transaction number. */
export function textOf({ standin: { seq: _, ...standin }, ...apis }: Document): string {
  return JSON.stringify({ standin, ...apis })
}

const pathOf = (sandbox: string) => (sandbox === 'default' ? '' : `/~${sandbox}`)

/** Reads everything that a server holds, past its request pipeline where no call shows it. */
export async function holdingsOf(server: Server): Promise<Holdings> {
  const { sandboxes } = (await ask(server, 'GET', '/_standin/sandboxes')) as {
    sandboxes: { name: string; seed: number; profile: string }[]
  } // as the contract says
  const documents = new Map<string, Document>()
  const snapshots = new Map<string, string>()
  const settings = new Map<string, string>()
  for (const { name, seed, profile } of sandboxes) {
    settings.set(name, JSON.stringify({ seed, profile }))
    documents.set(
      name,
      (await ask(server, 'GET', `${pathOf(name)}/_standin/state`)) as Document, // by the contract
    )
    const saved = (await ask(server, 'GET', `${pathOf(name)}/_standin/snapshots`)) as {
      snapshots: { name: string }[]
    } // by the contract
    for (const snapshot of saved.snapshots) {
      const path = `${pathOf(name)}/_standin/snapshots/${snapshot.name}/diff`
      const all = await ask(server, 'GET', path)
      snapshots.set(`${name}/${snapshot.name}`, JSON.stringify([snapshot, all]))
    }
  }
  return { documents, snapshots, settings }
}

let users = 0

/** Makes a folder with a history of its own: restarts, kills, kept sandboxes and snapshots. */
export async function makeScene(random: Random): Promise<Scene> {
  const root = fs.mkdtempSync(join(tmpdir(), 'standin-corrupt-'))
  let folder = join(root, 'first')
  const history = new Map<string, Map<number, string>>()
  const record = (document: Document, sandbox: string) => {
    const all = history.get(sandbox) ?? new Map<number, string>()
    all.set(document.standin.seq, textOf(document))
    history.set(sandbox, all)
  }
  const old = join(root, 'old')
  let truth: Holdings | undefined
  const runs = random.between(2, 3)
  for (let run = 0; run < runs; run++) {
    const { server } = await start(folder)
    const sandboxes = ['default', 'shop', 'till']
    if (run === 0) {
      for (const name of sandboxes.slice(1)) {
        await ask(server, 'POST', '/_standin/sandboxes', { name, kept: true, seed: 7 })
      }
    }
    const recordAll = async () => {
      const now = await holdingsOf(server)
      for (const [name, document] of now.documents) record(document, name)
      return now
    }
    await recordAll()
    for (let i = random.between(2, 7); i > 0; i--) {
      const sandbox = random.pick(sandboxes)
      const base = pathOf(sandbox)
      const action = random.next()
      if (action < 0.8) {
        const user = {
          firstName: 'Ada',
          lastName: 'Byron',
          email: `user-${++users}@example.test`,
          role: 'user',
          allowCustomerPortalAccess: true,
          password: 'analytical-engine',
        }
        await ask(server, 'POST', `${base}/v3/resellers/reseller-001/users`, user)
      } else await ask(server, 'PUT', `${base}/_standin/snapshots/${random.pick(['one', 'two'])}`)
      await recordAll()
      // Long enough for the state file to be written in between.
      if (random.chance(0.2)) await wait(350)
    }
    truth = await recordAll()
    if (random.chance(0.5)) await wait(350)
    const copy = join(root, `run-${run}`)
    if (random.chance(0.3)) {
      await server.close()
      fs.cpSync(folder, copy, { recursive: true, preserveTimestamps: true })
    } else {
      await copyRunning(folder, copy)
      await server.close()
    }
    if (run === runs - 2) fs.cpSync(copy, old, { recursive: true, preserveTimestamps: true })
    folder = copy
  }
  return {
    folder,
    old,
    truth: truth!, // there were two runs
    history,
    remove: () => fs.rmSync(root, { recursive: true, force: true }),
  }
}

/** Copies the folder of a running server as a kill would leave it. */
async function copyRunning(folder: string, copy: string): Promise<void> {
  // An answer counts as sent a moment later, and only then is a truncated line noticed.
  await wait(400)
  for (;;) {
    const before = fingerprint(folder)
    fs.rmSync(copy, { recursive: true, force: true })
    try {
      fs.cpSync(folder, copy, { recursive: true, preserveTimestamps: true })
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
    if (fingerprint(folder) === before) break
  }
  for (const name of fs.readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    if (basename(name) === 'lock') fs.rmSync(join(copy, name))
  }
}

function fingerprint(folder: string): string {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => basename(name) !== 'lock')
    .map((name) => {
      const stat = fs.statSync(join(folder, name), { throwIfNoEntry: false })
      return `${name} ${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`
    })
    .join('\n')
}
