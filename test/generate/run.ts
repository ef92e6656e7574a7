// `npm run generate` writes everything that is generated: the source files that sources.ts lists,
// and the tables and outputs in the documents. The documents show what a running server answers, so
// their tests write them: every test file that calls expectUpToDate().
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { GENERATED_SOURCES } from './sources.ts'

for (const [file, make] of Object.entries(GENERATED_SOURCES)) writeFileSync(file, await make())

const documentTests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`)
  .filter((file) => readFileSync(file, 'utf8').includes('expectUpToDate('))

run('npm', 'run', '--silent', 'build') // documents run the built program
run('npx', 'vitest', 'run', ...documentTests, '--update') // last: it would take a file as its value

function run(command: string, ...args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
