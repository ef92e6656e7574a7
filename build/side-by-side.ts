import { spawn } from 'node:child_process'

// Runs scripts of package.json side by side, and prints the output of each when it ends: tsx
// build/side-by-side.ts SCRIPT… Fails if one of them fails. Most scripts use only one processor, so
// running them in parallel halves the time.

interface Outcome {
  readonly script: string
  readonly code: number | null
}

function run(script: string): Promise<Outcome> {
  const child = spawn('npm', ['run', '--silent', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  const printed: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(printed))
      resolve({ script, code })
    })
  })
}

const outcomes = await Promise.all(process.argv.slice(2).map(run))
const failed = outcomes.filter(({ code }) => code !== 0).map(({ script }) => `npm run ${script}`)
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`)
  process.exitCode = 1
}
