import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStandin, type Standin } from '../../../src/index.ts'
import { JAVA } from '../../helpers/java.ts'
import { isThere, judged, STORY, type PublicClient } from './judged.ts'

const script = (name: string) => join(import.meta.dirname, name)

/** Clients of the languages at hand; those whose program is missing are skipped. */
const CLIENTS: readonly (PublicClient & { readonly isThere: boolean })[] = [
  {
    client: 'fetch with a retry loop',
    command: [process.execPath, script('fetch_retry.mjs')],
    isThere: true,
  },
  {
    client: 'curl --retry',
    command: ['sh', script('curl_retry.sh')],
    isThere: isThere('curl', '--version'),
  },
  {
    client: "requests with urllib3's Retry",
    command: ['python3', script('urllib3_retry.py')],
    isThere: isThere('python3', '-c', 'import requests'),
  },
  {
    client: 'Java HttpClient',
    command: [...JAVA, script('RetryClient.java')],
    isThere: isThere('java', '--version'),
  },
  {
    client: 'Go net/http',
    command: ['go', 'run', script('retry_client.go')],
    isThere: isThere('go', 'version'),
  },
]

let server: Standin
/** The folders of all clients: of tests that run at the same time, the first to end removes its own. */
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'standin-clients-'))
  server = await startStandin({ port: 0, memory: true })
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

test.concurrent.each(CLIENTS.filter((one) => one.isThere))(
  'a careful client is not accused: $client',
  async (client) => {
    const standin = await server.sandbox()
    const cwd = mkdtempSync(join(folder, 'client-'))
    const { story, card } = await judged(standin, { ...client, cwd }, 2)
    await standin.close()
    expect(story).toBe(STORY)
    expect(card.checks.filter(({ verdict }) => verdict === 'failed')).toEqual([])
    const passed = card.checks.filter(({ verdict }) => verdict === 'passed').map(({ id }) => id)
    expect(passed).toEqual(
      expect.arrayContaining(['waits-retry-after', 'no-retry-of-refusals', 'finds-lost-users']),
    )
  },
)
