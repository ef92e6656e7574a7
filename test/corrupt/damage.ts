import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Random } from '../crash/random.ts'

/** Lists all files below a folder by their relative paths; a lock is no part of a state. */
export function filesOf(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(join(folder, name)).isFile() && basename(name) !== 'lock')
    .toSorted()
}

type Kind = (file: string, random: Random, others: readonly string[], old: string) => void

/** Ways to damage a file as disks, editors, backups and people do. */
const KINDS: Readonly<Record<string, Kind>> = {
  'bits flipped': (file, random) => {
    const bytes = fs.readFileSync(file)
    if (bytes.length === 0) return
    for (let i = random.pick([1, 1, 1, 2, 8]); i > 0; i--) {
      const at = random.between(0, bytes.length - 1)
      bytes[at]! ^= 1 << random.between(0, 7) // within the length
    }
    fs.writeFileSync(file, bytes)
  },
  'cut off': (file, random) => {
    const { size } = fs.statSync(file)
    if (size > 0) fs.truncateSync(file, random.between(0, size - 1))
  },
  'cut off after a line': (file, random) => {
    const lines = fs.readFileSync(file, 'utf8').split('\n')
    fs.writeFileSync(file, lines.slice(0, random.between(0, lines.length - 1)).join('\n') + '\n')
  },
  'a line taken out': (file, random) => {
    const lines = fs.readFileSync(file, 'utf8').split('\n')
    lines.splice(random.between(0, lines.length - 1), 1)
    fs.writeFileSync(file, lines.join('\n'))
  },
  'a line doubled': (file, random) => {
    const lines = fs.readFileSync(file, 'utf8').split('\n')
    const at = random.between(0, lines.length - 1)
    lines.splice(at, 0, lines[at]!)
    fs.writeFileSync(file, lines.join('\n'))
  },
  'garbage appended': (file, random) => {
    const bytes = Array.from({ length: random.between(1, 200) }, () => random.between(0, 255))
    fs.appendFileSync(file, Buffer.from(bytes))
    if (random.chance(0.5)) fs.appendFileSync(file, '\n')
  },
  'zeros in it': (file, random) => {
    const bytes = fs.readFileSync(file)
    const from = random.between(0, bytes.length)
    const to = Math.min(bytes.length, from + random.between(1, 600))
    fs.writeFileSync(file, bytes.fill(0, from, to))
  },
  emptied: (file) => fs.writeFileSync(file, ''),
  deleted: (file) => fs.rmSync(file),
  'a folder in its place': (file) => {
    fs.rmSync(file)
    fs.mkdirSync(file)
  },
  'another file in its place': (file, random, others) => {
    fs.copyFileSync(random.pick(others), file)
  },
  'an old file in its place': (file, _random, _others, old) => {
    if (fs.existsSync(old)) fs.copyFileSync(old, file)
  },
}

/** One damaged file. */
export interface Damage {
  /** Relative path. */
  readonly file: string
  readonly kind: string
}

/**
 * Damages one to three files of a folder.
 *
 * @param old an earlier state of the same folder
 */
export function damage(folder: string, old: string, random: Random): Damage[] {
  const done: Damage[] = []
  const files = filesOf(folder)
  if (random.chance(0.03)) {
    const kept = files.filter((file) => file.startsWith('sandboxes/'))
    if (kept.length > 0) {
      const file = dirname(random.pick(kept)).split('/').slice(0, 2).join('/')
      fs.rmSync(join(folder, file), { recursive: true })
      return [{ file, kind: 'the folder deleted' }]
    }
  }
  for (let i = random.pick([1, 1, 1, 2, 3]); i > 0; i--) {
    const file = random.pick(files)
    if (done.some((one) => one.file === file)) continue
    const [kind, work] = random.pick(Object.entries(KINDS))
    const others = filesOf(folder).filter((one) => one !== file)
    work(
      join(folder, file),
      random,
      others.map((one) => join(folder, one)),
      join(old, file),
    )
    done.push({ file, kind })
  }
  return done
}
