import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from './client.ts'
import { untidy } from './damage.ts'
import { Ledger } from './ledger.ts'
import { Program } from './program.ts'
import { vendors } from './vendors.ts'

/** A file system that is soon full, or undefined where this user may not mount one. */
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
 * Creates users until the disk is full, on it goes, after a kill too; once there is space again,
 * creates work again.
 *
 * @returns the promises that were broken, and how many users came before and after
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
    const before = ledger.all('kept').length
    // It goes on: what is there is shown, what is too much is refused.
    for (let i = 0; i < 20; i++) await createAll(first, client, ledger)
    await client.compare(first, ['default'], 'when the disk was full')
    await first.end('SIGKILL')
    client.hangUp()

    const second = await start()
    await client.compare(second, ['default'], 'after a kill on a full disk')
    const refused = ledger.refusedWrites
    fs.rmSync(ballast)
    if (!(await createAll(second, client, ledger))) {
      failures.push('there is space, and creates are refused')
    }
    // Who was refused asks again, and is no duplicate of the attempt that failed.
    for (const wanted of ledger.all('refused').slice(0, 3)) {
      await client.create(second, wanted)
      if (wanted.fate !== 'kept') failures.push(`${wanted.word}, asked for again: ${wanted.why}`)
    }
    const { code } = await second.end('SIGTERM')
    if (code !== 0) failures.push(`SIGTERM: exit code ${code}\n${second.output}`)
    client.hangUp()

    await client.compare(await start(), ['default'], 'after a stop')
    return { failures, before, refused, after: ledger.all('kept').length }
  } finally {
    client.hangUp()
    await program?.end('SIGKILL')
  }
}

/** One user at each vendor; whether all three were kept. */
async function createAll(program: Program, client: Client, ledger: Ledger): Promise<boolean> {
  const all = vendors.map((vendor) => ledger.want('default', vendor, 'x'.repeat(100)))
  await Promise.all(all.map((wanted) => client.create(program, wanted)))
  for (const { fate, why, word } of all) {
    if (fate !== 'kept' && why !== '500 state.write-failed') ledger.failures.push(`${word}: ${why}`)
  }
  return all.every(({ fate }) => fate === 'kept')
}
