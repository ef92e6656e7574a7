import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { ReportCard } from '../../src/admin/contract.gen.ts'
import { createCaller, creation } from '../helpers/caller.ts'
import { createFolder, createSandbox, type TestSandbox } from '../helpers/sandbox.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

interface Printed {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `standin report-card` against the server. */
function reportCard({ url }: TestSandbox, ...args: string[]): Promise<Printed> {
  const env = { ...process.env, STANDIN_URL: url }
  return new Promise((resolve) => {
    const all = [MAIN, 'report-card', '--url', url, ...args]
    execFile(process.execPath, all, { env, cwd: createFolder() }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

test('prints the same text as the server, and exits with 1 if a check failed and --fail is given', async () => {
  const server = await createSandbox()
  const caller = createCaller(server)
  await caller.send(creation('mykaarma'))
  await caller.send({ ...creation('cryptlex'), path: '/v3/users' })

  const text = (await caller.get('/_standin/report-card?format=text')).text
  expect(text).toContain('FAILED    calls-known-operations: ')
  expect(text).toContain('shown by req-2; to repeat: any request')
  expect(text).toMatch(/^\d+ passed, 1 failed, \d+ not seen, in 2 requests and 0 deliveries$/m)

  expect(await reportCard(server)).toEqual({ code: 0, stdout: text, stderr: '' })
  expect(await reportCard(server, '--fail')).toEqual({ code: 1, stdout: text, stderr: '' })
  expect(await reportCard(server, '--fail', '--api', 'mykaarma')).toMatchObject({ code: 0 })

  const { stdout } = await reportCard(server, '--json', '--api', 'cryptlex')
  const card = JSON.parse(stdout) as ReportCard
  expect(card).toMatchObject({ failed: 1, requests: 1 })
})

test('an unknown API is refused with a list of the known ones', async () => {
  const { code, stderr } = await reportCard(await createSandbox(), '--api', 'cryptlx')
  expect(code).toBe(1)
  expect(stderr).toMatch(/api must be one of mykaarma, cryptlex, formsonfire/)
})
