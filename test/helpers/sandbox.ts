import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import request, { type Test } from 'supertest'
import { expect, onTestFinished } from 'vitest'
import { codeOf } from '../../src/core/errors.ts'
import { withDefaults, type Config } from '../../src/config/config.ts'
import { startServer, type Server, type ServerParts } from '../../src/server/server.ts'

export type Settings = Partial<Config>

export interface TestSandbox extends Server {
  /** Lines that the server logged. */
  readonly logged: readonly string[]
}

/**
 * Starts a server on a free port, with its state in memory unless `data` is given. It is closed when
 * the test ends; the test fails if an answer violated its contract.
 */
export async function createSandbox(
  settings: Settings = {},
  parts: Pick<ServerParts, 'vendors'> = {},
): Promise<TestSandbox> {
  const objections: string[] = []
  const logged: string[] = []
  const memory = settings.data === undefined
  const server = await startServer(withDefaults({ port: 0, memory, ...settings }), {
    ...parts,
    onInvalidAnswer: (message) => objections.push(message),
    log: {
      warn: (message) => logged.push(message),
      bug: (message, error) => logged.push(`${message}: ${String(error)}`),
    },
  })
  onTestFinished(async () => {
    await server.close()
    expect(objections).toEqual([])
  })
  return { ...server, logged }
}

/** Starts a server without the check of every answer, which takes as long as the answer itself. */
export async function createPlainSandbox(settings: Settings = {}): Promise<Server> {
  const config = withDefaults({ port: 0, memory: true, ...settings })
  const server = await startServer(config, { log: { warn: () => {}, bug: () => {} } })
  onTestFinished(() => server.close())
  return server
}

/** Creates a folder that is removed when the test ends. */
export function createFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), 'standin-test-'))
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Copies a server's data folder as a killed process would leave it. The server may write during the
 * copy, so the copy is repeated until nothing has changed.
 */
export function afterKill(folder: string): string {
  for (;;) {
    const copy = createFolder()
    const before = filesIn(folder)
    try {
      fs.cpSync(folder, copy, { recursive: true, preserveTimestamps: true })
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue
      throw error
    }
    if (filesIn(folder) !== before) continue
    for (const name of fs.readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
      if (isLock(name)) fs.rmSync(join(copy, name))
    }
    return copy
  }
}

const isLock = (name: string) => /(^|\/)lock$/.test(name)

/** Fingerprint of all files but the lock, whose time changes while a server runs. */
function filesIn(folder: string): string {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  return names
    .filter((name) => !isLock(name))
    .map((name) => {
      const stat = fs.statSync(join(folder, name), { throwIfNoEntry: false })
      return `${name} ${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`
    })
    .join('\n')
}

/** Reads a good request of `fixtures/requests`, as the README sends it. */
export function fixture(name: string): string {
  return fs.readFileSync(new URL(`../../fixtures/requests/${name}`, import.meta.url), 'utf8')
}

export function jsonFixture(name: string): Record<string, unknown> {
  return JSON.parse(fixture(name)) as Record<string, unknown>
}

/** The create call of an API, for tables over all APIs. */
export interface Creation {
  readonly api: string
  readonly path: string
  readonly status: number
  readonly send: (sandbox: Server, body?: object) => Test
}

const FILES = {
  mykaarma: 'mykaarma.json',
  cryptlex: 'cryptlex.json',
  formsonfire: 'formsonfire.json',
}

export const MYKAARMA = '/manage/v2/user/partner'
export const CRYPTLEX = '/v3/resellers/reseller-001/users'
export const FORMSONFIRE = '/api/v2/user'

/** Sends the fixture's request with some fields changed; undefined fields are omitted. */
export const createMykaarmaUser = (sandbox: Server, body: object = {}): Test =>
  request(sandbox.url)
    .post(MYKAARMA)
    .auth('partner', 'partner-secret')
    .send({ ...jsonFixture(FILES.mykaarma), ...body })

export const createCryptlexUser = (sandbox: Server, body: object = {}): Test =>
  request(sandbox.url)
    .post(CRYPTLEX)
    .auth('standin-token', { type: 'bearer' })
    .send({ ...jsonFixture(FILES.cryptlex), ...body })

export const createFormsOnFireUser = (sandbox: Server, body: object = {}): Test =>
  request(sandbox.url)
    .post(FORMSONFIRE)
    .send({ ...jsonFixture(FILES.formsonfire), ...body })

/** Sends XML without a Content-Type, as many clients do. */
export const createFormsOnFireUserInXml = (sandbox: Server, xml: string): Test =>
  request(sandbox.url).post(FORMSONFIRE).set('Content-Type', '').send(xml)

export const creations: readonly Creation[] = [
  { api: 'mykaarma', path: MYKAARMA, status: 200, send: createMykaarmaUser },
  { api: 'cryptlex', path: CRYPTLEX, status: 201, send: createCryptlexUser },
  { api: 'formsonfire', path: FORMSONFIRE, status: 200, send: createFormsOnFireUser },
]
