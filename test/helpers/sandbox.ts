import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import request, { type Test } from 'supertest'
import { expect, onTestFinished } from 'vitest'
import { withDefaults, type Config } from '../../src/config.ts'
import { startServer, type Server } from '../../src/server.ts'

export type Settings = Partial<Config>

export interface TestSandbox extends Server {
  /** Lines that the server logged. */
  readonly logged: readonly string[]
}

/**
 * A server of the test's own, on a free port, with its state in memory unless `data` is given. It
 * is closed when the test ends, and the test fails when an answer broke its contract.
 */
export async function createSandbox(settings: Settings = {}): Promise<TestSandbox> {
  const objections: string[] = []
  const logged: string[] = []
  const memory = settings.data === undefined
  const server = await startServer(withDefaults({ port: 0, memory, ...settings }), {
    objection: (message) => objections.push(message),
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

/** A folder of the test's own, gone when the test ends. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'standin-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The good requests of `fixtures/requests`, as the README sends them. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/requests/${name}`, import.meta.url), 'utf8')
}

export function jsonFixture(name: string): Record<string, unknown> {
  return JSON.parse(fixture(name)) as Record<string, unknown>
}

/** How each API's user is created: what differs, so that a table can run over all of them. */
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

/** The fixture's request with these fields changed; one that is undefined is left out. */
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

/** XML without a content type, as many clients send it. */
export const createFormsOnFireUserInXml = (sandbox: Server, xml: string): Test =>
  request(sandbox.url).post(FORMSONFIRE).set('Content-Type', '').send(xml)

export const creations: readonly Creation[] = [
  { api: 'mykaarma', path: MYKAARMA, status: 200, send: createMykaarmaUser },
  { api: 'cryptlex', path: CRYPTLEX, status: 201, send: createCryptlexUser },
  { api: 'formsonfire', path: FORMSONFIRE, status: 200, send: createFormsOnFireUser },
]
