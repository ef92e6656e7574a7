import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from './client.ts'
import { untidy } from './damage.ts'
import { Ledger } from './ledger.ts'
import { Program } from './program.ts'
import { vendors } from './vendors.ts'

/** Mounts a small file system; undefined where the user may not mount one. */
export function mountSmallDisk(): string | undefined {
  const folder = fs.mkdtempSync(join(tmpdir(), 'standin-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    fs.rmdirSync(folder)
    return undefined
  }
}

export function unmount(folder: string): void {
  execFileSync('umount', [folder])
  fs.rmdirSync(folder)
}

/**
 * Creates users until the disk is full, checks that the program keeps running and restarts, and
 * that creates work again once there is space.
 *
 * @returns the broken promises, and the number of users before and after
 */
export async function fillDisk(disk: string, durability: 'fsync' | 'write') {
  const ledger = new Ledger()
  const client = new Client(ledger)
  const { failures } = ledger
  const folder = join(disk, 'data')
  const ballast = join(disk, 'ballast')
  fs.writeFileSync(ballast, Buffer.alloc(64 * 1024))
  let program: Program | undefined
  const start = async () => {
    program = await Program.start(folder, { durability, faulty: false })
    failures.push(...untidy(folder, program.startedAt))
    return program
  }
  try {
    const first = await start()
    while (await createAll(first, client, ledger));
    const before = ledger.all('stored').length
    // It keeps running: it lists users and refuses further ones.
    for (let i = 0; i < 20; i++) await createAll(first, client, ledger)
    await client.compare(first, ['default'], 'when the disk was full')
    await first.end('SIGKILL')
    client.close()

    const second = await start()
    await client.compare(second, ['default'], 'after a kill on a full disk')
    const refused = ledger.refusedWrites
    fs.rmSync(ballast)
    if (!(await createAll(second, client, ledger))) {
      failures.push('creates are refused although there is space')
    }
    // A refused create can be repeated; it is not a duplicate of the failed attempt.
    for (const requested of ledger.all('refused').slice(0, 3)) {
      await client.create(second, requested)
      if (requested.outcome !== 'stored')
        failures.push(`${requested.word}; repeated: ${requested.why}`)
    }
    const { code } = await second.end('SIGTERM')
    if (code !== 0) failures.push(`SIGTERM: exit code ${code}\n${second.output}`)
    client.close()

    await client.compare(await start(), ['default'], 'after a stop')
    return { failures, before, refused, after: ledger.all('stored').length }
  } finally {
    client.close()
    await program?.end('SIGKILL')
  }
}

/** Creates one user at each vendor. @returns whether all three were stored */
async function createAll(program: Program, client: Client, ledger: Ledger): Promise<boolean> {
  const all = vendors.map((vendor) => ledger.request('default', vendor, 'x'.repeat(100)))
  await Promise.all(all.map((requested) => client.create(program, requested)))
  for (const { outcome, why, word } of all) {
    if (outcome !== 'stored' && why !== 'create 500 state.write-failed')
      ledger.failures.push(`${word}: ${why}`)
  }
  return all.every(({ outcome }) => outcome === 'stored')
}
