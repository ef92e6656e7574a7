import * as fs from 'node:fs'
import { basename, join } from 'node:path'
import { describeDifferences } from '../../src/core/store/differences.ts'
import { readWriteAheadLog } from '../../src/core/store/write-ahead-log.ts'
import { messageOf } from '../../src/core/errors.ts'
import type { Server } from '../../src/server/server.ts'
import { Random } from '../crash/random.ts'
import { damage, filesOf, type Damage } from './damage.ts'
import { holdingsOf, makeScene, start, textOf, type Holdings, type Scene } from './scene.ts'

/** Rounds on one folder. */
const ROUNDS_EACH = 40

export interface Figures {
  rounds: number
  /** Starts after which all data was there. */
  complete: number
  /** Starts that reported a change in a file that people may edit or remove. */
  told: number
  /** Refusals that named the file. */
  refused: number
  /** After these refusals: starts with `--recover` that lost nothing. */
  recoveredAll: number
  /** Starts with `--recover` that reported their loss exactly. */
  recoveredPart: number
  /** Starts that were refused even with `--recover`, because no usable state is left. */
  hopeless: number
  /** All other results; each is an unreported loss or a broken promise. */
  readonly failures: string[]
  /**
   * Rounds that put an old manifest in place and took away what only the newer one listed. No file
   * tells of that, as docs/state.md says.
   */
  undetectable: number
}

export interface Campaign {
  readonly rounds: number
  readonly seed: number
  readonly log?: (line: string) => void
  readonly signal?: AbortSignal
}

/** Damages the files of a data folder at random and checks that every loss is reported. */
export async function run({
  rounds,
  seed,
  log = () => {},
  signal = new AbortController().signal,
}: Campaign): Promise<Figures> {
  const figures: Figures = {
    rounds: 0,
    complete: 0,
    told: 0,
    refused: 0,
    recoveredAll: 0,
    recoveredPart: 0,
    hopeless: 0,
    undetectable: 0,
    failures: [],
  }
  for (let part = 0; figures.rounds < rounds && !signal.aborted; part++) {
    const random = new Random(seed + part)
    const scene = await makeScene(random)
    for (let i = 0; i < ROUNDS_EACH && figures.rounds < rounds && !signal.aborted; i++) {
      figures.rounds++
      await round(scene, random, figures, `seed ${seed + part}, round ${i}`)
    }
    scene.remove()
    log(`${figures.rounds} rounds, ${figures.failures.length} failures`)
  }
  return figures
}

export function summary(figures: Figures): string {
  const { rounds, complete, told, refused, recoveredAll, recoveredPart, hopeless, undetectable } =
    figures
  return `${rounds} rounds
  ${complete} started with everything
  ${told} started and told what differs in a file that people may edit or remove
  ${refused} refused, naming the file; then with --recover:
    ${recoveredAll} started with everything
    ${recoveredPart} started, and told exactly what is lost
    ${hopeless} refused again: nothing to go on from
  ${undetectable} lost what nothing tells of: an old manifest, with an old or missing log or snapshot
  ${figures.failures.length} lost something in silence, or gave no file's name${figures.failures.map((one) => `\n    ${one}`).join('')}`
}

async function round(scene: Scene, random: Random, figures: Figures, name: string): Promise<void> {
  const folder = `${scene.folder}-round`
  fs.cpSync(scene.folder, folder, { recursive: true, preserveTimestamps: true })
  const damages = damage(folder, scene.old, random)
  const what = `${name} (${damages.map(({ file, kind }) => `${file}: ${kind}`).join('; ')})`
  const fail = (why: string) => {
    if (isUndetectable(damages)) figures.undetectable++
    else figures.failures.push(`${what}: ${why}`)
  }
  try {
    const first = await attempt(scene, folder, false)
    if (first.kind === 'started') {
      if (first.untold.length > 0) fail(`${first.untold.join('; ')}\n      ${first.said}`)
      else if (first.isComplete) figures.complete++
      else figures.told++
      return
    }
    if (!names(first.message, damages, folder)) {
      fail(`the refusal names no file: ${first.message}`)
      return
    }
    figures.refused++
    const logs = linesOf(folder)
    const second = await attempt(scene, folder, true)
    if (second.kind === 'refused') {
      if (names(second.message, damages, folder)) figures.hopeless++
      else fail(`the refusal with --recover names no file: ${second.message}`)
      return
    }
    const gone = missingLines(logs, second.reached, folder)
    if (second.untold.length > 0)
      fail(`--recover: ${second.untold.join('; ')}\n      ${second.said}`)
    else if (!second.isComplete && gone > 0) fail(`--recover kept no copy of ${gone} lines`)
    else if (second.isComplete) figures.recoveredAll++
    else figures.recoveredPart++
  } catch (error) {
    fail(`an unexpected failure: ${error instanceof Error ? error.stack : String(error)}`)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** True if a sandbox got its old manifest, and a log or a snapshot of it is old or missing, too. */
function isUndetectable(damages: readonly Damage[]): boolean {
  const old = damages.filter(
    ({ file, kind }) => basename(file) === 'manifest' && kind === 'an old file in its place',
  )
  return old.some((manifest) =>
    damages.some(
      ({ file, kind }) =>
        sandboxOf(file) === sandboxOf(manifest.file) &&
        /(?:snapshots\/|\.log$)/.test(file) &&
        /old file|deleted|cut off|emptied/.test(kind),
    ),
  )
}

/** The name of the sandbox that a file of the data folder belongs to. */
function sandboxOf(file: string): string {
  const [first, name] = file.split('/')
  return first === 'sandboxes' && name !== undefined ? name : 'default'
}

type Attempt =
  | { readonly kind: 'refused'; readonly message: string }
  | {
      readonly kind: 'started'
      readonly isComplete: boolean
      /** Losses that no warning reports exactly. */
      readonly untold: readonly string[]
      readonly said: string
      /** The last transaction by sandbox name. */
      readonly reached: ReadonlyMap<string, number>
    }

async function attempt(scene: Scene, folder: string, recover: boolean): Promise<Attempt> {
  let started: { server: Server; warnings: string[] }
  try {
    started = await start(folder, recover)
  } catch (error) {
    return { kind: 'refused', message: messageOf(error) }
  }
  const said = started.warnings.join('\n      ')
  try {
    const got = await holdingsOf(started.server)
    const differences = compare(scene, got, said)
    const seqs = [...got.documents].map(([name, { standin }]) => [name, standin.seq] as const)
    return {
      reached: new Map(seqs),
      kind: 'started',
      isComplete: differences.length === 0,
      untold: differences.filter(({ told }) => !told).map(({ what }) => what),
      said,
    }
  } finally {
    await started.server.close()
  }
}

interface Difference {
  readonly what: string
  readonly told: boolean
}

/** Compares what a server holds with the truth; each difference must be in its warnings. */
function compare(scene: Scene, got: Holdings, said: string): Difference[] {
  const { truth, history } = scene
  const found: Difference[] = []
  for (const [name, document] of truth.documents) {
    const isSandboxTold = said.includes(`sandbox ${name} `)
    const now = got.documents.get(name)
    if (!now) {
      found.push({ what: `the sandbox ${name} is gone`, told: isSandboxTold })
      continue
    }
    if (got.settings.get(name) !== truth.settings.get(name)) {
      found.push({ what: `the sandbox ${name} has other settings`, told: false })
    }
    if (textOf(now) === textOf(document)) continue
    const told = isUnchecked(name, said) || isTold(document, now, history.get(name)!, said) // recorded with the truth
    found.push({ what: `${name}: ${describeDifferences(document, now)}`, told })
  }
  for (const [name, text] of truth.snapshots) {
    const [sandbox, snapshot] = name.split('/')
    if (!got.documents.has(sandbox!)) continue // missing together with its sandbox
    // A snapshot is shown by its difference from the present state.
    const isSame = textOf(truth.documents.get(sandbox!)!) === textOf(got.documents.get(sandbox!)!)
    if (got.snapshots.has(name) && (!isSame || got.snapshots.get(name) === text)) continue
    const told =
      said.includes(`snapshots/${snapshot}.json`) ||
      said.includes('snapshots cannot be read') ||
      isUnchecked(sandbox!, said) // each name has two parts
    found.push({ what: `the snapshot ${name} differs`, told })
  }
  return found
}

/** Returns true when a warning says that nothing tells what is missing: without a good manifest. */
function isUnchecked(sandbox: string, said: string): boolean {
  const path = sandbox === 'default' ? '-round/manifest' : `/${sandbox}/manifest`
  return said
    .split('\n')
    .some((line) => line.includes(path) && line.includes('it cannot be checked'))
}

/** Returns true when warnings name the transactions that are missing, or every row that differs. */
function isTold(
  truth: Holdings['documents'] extends ReadonlyMap<string, infer D> ? D : never,
  got: typeof truth,
  history: ReadonlyMap<number, string>,
  said: string,
): boolean {
  const last = truth.standin.seq
  for (const [seq, text] of history) {
    if (seq >= last || text !== textOf(got)) continue
    const range = seq + 1 === last ? `transaction ${last}` : `transactions ${seq + 1} to ${last}`
    if (said.includes(range)) return true
  }
  if (seqIsZero(got, said, last)) return true
  const ids = rowIds(truth, got)
  if (ids.length > 0) return ids.every((id) => said.includes(id))
  return /other (counters|settings)/.test(said)
}

function seqIsZero(got: { standin: { counters: object } }, said: string, last: number): boolean {
  const range = last === 1 ? 'transaction 1' : `transactions 1 to ${last}`
  return Object.keys(got.standin.counters).length === 0 && said.includes(range)
}

/** The ids of the rows that differ between two documents. */
function rowIds(before: object, after: object): string[] {
  const rows = (document: object) =>
    new Map(
      Object.entries(document).flatMap(([api, tables]) =>
        api === 'standin'
          ? []
          : Object.values(tables as Record<string, { id: string }[]>) // tables of rows
              .flat()
              .map((row) => [row.id, JSON.stringify(row)] as const),
      ),
    )
  const [old, now] = [rows(before), rows(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id))
}

/** Returns true for a message that names a damaged file, or the one beside a missing file. */
function names(message: string, damages: readonly Damage[], folder: string): boolean {
  return (
    message.includes(folder) &&
    (damages.some(({ file }) => message.includes(basename(file))) ||
      filesOf(folder).some((file) => message.includes(join(folder, file))))
  )
}

interface Line {
  readonly sandbox: string
  readonly seq: number
  readonly text: string
}

/** The readable lines of all write-ahead logs. */
function linesOf(folder: string): Line[] {
  return filesOf(folder)
    .filter((one) => one.endsWith('.log'))
    .flatMap((file) => {
      const sandbox = sandboxOf(file)
      return [...readWriteAheadLog(join(folder, file))].flatMap(({ record }) =>
        record ? [{ sandbox, seq: record.seq, text: JSON.stringify(record.changes) }] : [],
      )
    })
}

/** Counts the lines after the last transaction of their sandbox that no copy holds. */
function missingLines(
  lines: readonly Line[],
  reached: ReadonlyMap<string, number>,
  folder: string,
): number {
  const copies = filesOf(folder)
    .filter((file) => file.includes('.corrupt-'))
    .map((file) => fs.readFileSync(join(folder, file), 'utf8'))
  return lines.filter(
    ({ sandbox, seq, text }) =>
      seq > (reached.get(sandbox) ?? 0) && !copies.some((copy) => copy.includes(text)),
  ).length
}
