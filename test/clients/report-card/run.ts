// `npm run test:clients`: installs p-retry, got, ky and axios-retry in a folder of its own, plays the
// story of report-card.test.ts with each and shows its report card. Exits with 1 if one is accused.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reportCardText } from '../../../src/core/report-card/text.ts'
import { startStandin } from '../../../src/index.ts'
import { judged, STORY } from './judged.ts'

const PACKAGES = ['p-retry@6.2.1', 'got@14.4.7', 'ky@1.8.1', 'axios@1.9.0', 'axios-retry@4.5.0']
const CLIENTS = ['p-retry', 'got', 'ky', 'axios-retry']

const folder = mkdtempSync(join(tmpdir(), 'standin-clients-'))
try {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder]
  const { status } = spawnSync('npm', ['install', ...flags, ...PACKAGES], { stdio: 'inherit' })
  if (status !== 0) throw new Error('The packages could not be installed')
  const script = join(folder, 'npm_clients.mjs')
  copyFileSync(join(import.meta.dirname, 'npm_clients.mjs'), script)
  await using server = await startStandin({ port: 0, memory: true })
  for (const client of CLIENTS) {
    await using standin = await server.sandbox()
    const command = [process.execPath, script, client]
    const { story, card } = await judged(standin, { client, command, cwd: folder }, 3)
    console.log(`\n${client}: ${story}\n${reportCardText(card)}`)
    if (story !== STORY || card.failed > 0) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
