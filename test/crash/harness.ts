import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client, SANDBOXES, type Answer } from './client.ts'
import { damage, untidy } from './damage.ts'
import { Ledger, nameOf } from './ledger.ts'
import { NO_FAULTS, Program, type Faults, type ProgramOptions } from './program.ts'
import { Random } from './random.ts'
import { Receiver, SECRET } from './receiver.ts'
import { vendors } from './vendors.ts'

const WRITERS = 12
/** Milliseconds from SIGTERM to the end: the usual limit, and the one for a busy machine. */
export const STOPPED = 5000
const STOPPED_WHEN_BUSY = 15_000
/** Milliseconds from a start to ready: the usual limit, and the one for a busy machine. */
export const READY = 2000
const READY_WHEN_BUSY = 15_000
/** Milliseconds after a start in which leftover files are deleted. */
const CLEANUP_TIME = 10_000
/** Users at which a folder's rounds end, so that starts stay of a usual size. */
const MAX_USERS = 12_000

export interface Campaign {
  readonly rounds: number
  /** Most rounds on one folder. */
  readonly roundsEach?: number
  readonly seed: number
  readonly log?: (line: string) => void
  /** Ends the campaign after the current round. */
  readonly signal?: AbortSignal
}

export interface Figures {
  rounds: number
  folders: number
  kills: number
  stops: number
  killedStarts: number
  faultyRounds: number
  torn: number
  acknowledged: number
  /** Acknowledged changes and deletions of users. */
  changed: number
  deleted: number
  /** Requests refused because of disk failures. */
  refusedWrites: number
  /** Accepted webhooks, and how many of them were repetitions. */
  webhooks: number
  repeatedWebhooks: number
  /** Milliseconds from each start to its `ready` line, in order. */
  readonly starts: number[]
  /** Milliseconds from each SIGTERM to the end. */
  readonly stopTimes: number[]
  readonly failures: string[]
}

/**
 * Runs rounds: starts the program, writes at full speed, ends it at a random moment, damages its
 * files like a crash may, and checks at the next start that every promise was kept.
 *
 * A folder is used for several rounds. Its random choices come from its own seed, so a failure can
 * be repeated with that seed; the exact moment of the signal still varies.
 */
export async function run({
  rounds,
  roundsEach = 25,
  seed,
  log = () => {},
  signal = new AbortController().signal,
}: Campaign): Promise<Figures> {
  const figures: Figures = {
    rounds: 0,
    folders: 0,
    kills: 0,
    stops: 0,
    killedStarts: 0,
    faultyRounds: 0,
    torn: 0,
    acknowledged: 0,
    changed: 0,
    deleted: 0,
    refusedWrites: 0,
    webhooks: 0,
    repeatedWebhooks: 0,
    starts: [],
    stopTimes: [],
    failures: [],
  }
  while (figures.rounds < rounds && figures.failures.length === 0 && !signal.aborted) {
    const campaign = await FolderCampaign.begin(seed + figures.folders, figures, log)
    await campaign.run(Math.min(roundsEach, rounds - figures.rounds), signal)
    figures.folders++
  }
  return figures
}

/** The rounds on one data folder. */
class FolderCampaign {
  readonly #seed: number
  readonly #random: Random
  /** Separate, because the number of the writers' draws depends on the speed of the machine. */
  readonly #writersRandom: Random
  readonly #figures: Figures
  readonly #log: (line: string) => void
  readonly #folder = fs.mkdtempSync(join(tmpdir(), 'standin-crash-'))
  readonly #ledger: Ledger
  readonly #options: ProgramOptions
  readonly #receiver: Receiver
  #client: Client
  #program: Program | undefined

  static async begin(
    seed: number,
    figures: Figures,
    log: (line: string) => void,
  ): Promise<FolderCampaign> {
    const ledger = new Ledger()
    return new FolderCampaign(
      seed,
      figures,
      log,
      ledger,
      await Receiver.open(new Random(seed ^ 1), ledger),
    )
  }

  private constructor(
    seed: number,
    figures: Figures,
    log: (line: string) => void,
    ledger: Ledger,
    receiver: Receiver,
  ) {
    this.#seed = seed
    this.#random = new Random(seed)
    this.#writersRandom = new Random(~seed)
    this.#ledger = ledger
    this.#receiver = receiver
    this.#client = new Client(ledger)
    this.#figures = figures
    this.#log = log
    this.#options = {
      durability: this.#random.chance(0.3) ? 'write' : 'fsync',
      // Alternating, so that even a short campaign has both.
      faulty: seed % 2 === 1,
      webhook: { url: receiver.url, secret: SECRET },
    }
  }

  async run(rounds: number, signal: AbortSignal): Promise<void> {
    const { durability, faulty } = this.#options
    const disk = faulty ? ', a faulty disk' : ''
    this.#log(`seed ${this.#seed}: up to ${rounds} rounds, durability ${durability}${disk}`)
    const { failures } = this.#figures
    try {
      const continues = () =>
        this.#ledger.size < MAX_USERS && failures.length === 0 && !signal.aborted
      let round = 0
      for (; round < rounds && continues(); round++) {
        this.#figures.rounds++
        await this.#round(round === 0)
        this.#collectFailures(round)
      }
      const program = await this.#start()
      await this.#client.compare(program, SANDBOXES, 'at the last start')
      this.#receiver.acceptAll()
      for (const sandbox of SANDBOXES) await this.#client.settle(program, sandbox)
      this.#receiver.compare()
      await this.#end(program, 'SIGTERM')
      this.#collectFailures(round)
    } catch (error) {
      failures.push(`seed ${this.#seed}: ${error instanceof Error ? error.message : String(error)}`)
    }
    await this.#program?.end('SIGKILL') // a failure may have left it running
    this.#client.close()
    this.#receiver.close()
    this.#figures.webhooks += this.#receiver.accepted
    this.#figures.repeatedWebhooks += this.#receiver.repeated
    this.#figures.acknowledged += this.#ledger.acknowledged
    this.#figures.changed += this.#ledger.changed
    this.#figures.deleted += this.#ledger.deleted
    this.#figures.refusedWrites += this.#ledger.refusedWrites
    if (failures.length > 0) this.#log(`the folder stays: ${this.#folder}`)
    else fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  #collectFailures(round: number): void {
    const found = this.#ledger.failures.splice(0)
    this.#figures.failures.push(
      ...found.map((failure) => `seed ${this.#seed}, round ${round}: ${failure}`),
    )
  }

  async #round(first: boolean): Promise<void> {
    const random = this.#random
    if (!first && random.chance(0.15)) {
      await this.#receiver.nextRun()
      await Program.startAndKill(this.#folder, this.#options, random.between(20, 500))
      this.#figures.killedStarts++
    }
    const program = await this.#start()
    // Without concurrent writers, so that later rounds can rely on it.
    if (first) await this.#client.makeSecondSandbox(program)
    await this.#client.compare(program, SANDBOXES, 'after the start')
    await this.#repeatCalls(program)

    const writing = new AbortController()
    const writers = Array.from({ length: WRITERS }, () => this.#write(program, writing.signal))
    const mayHaveLeftLine = this.#options.faulty && (await this.#breakDisk(program))
    await wait(random.between(10, 250))
    const quiet = random.chance(0.2)
    if (quiet) {
      writing.abort()
      await Promise.all(writers)
      await this.#client.compare(program, SANDBOXES, 'while it ran')
    }
    const ending = this.#end(program, random.chance(0.75) ? 'SIGKILL' : 'SIGTERM')
    // Writers continue for a moment and then disconnect; waiting ones have their answers by then.
    await Promise.race([ending, wait(200)])
    writing.abort()
    await Promise.all(writers)
    this.#client.close()
    this.#client = new Client(this.#ledger)
    await ending
    if (mayHaveLeftLine) this.#ledger.doubtLastRefusals()
    this.#damage()
  }

  async #start(): Promise<Program> {
    await this.#receiver.nextRun()
    const program = await Program.start(this.#folder, this.#options)
    this.#program = program
    this.#figures.starts.push(program.readyAfter)
    if (program.readyAfter > READY_WHEN_BUSY) {
      this.#ledger.failures.push(`the start took ${Math.round(program.readyAfter)} ms`)
    }
    const late = performance.now() + CLEANUP_TIME
    while (untidy(this.#folder, program.startedAt).length > 0 && performance.now() < late) {
      await wait(20)
    }
    this.#ledger.failures.push(...untidy(this.#folder, program.startedAt))
    return program
  }

  /**
   * Repeats calls, like a client without an answer: a stored user is a duplicate, a refused one is
   * created, a deleted one is unknown to a second deletion and its address is free.
   */
  async #repeatCalls(program: Program): Promise<void> {
    for (const outcome of ['stored', 'refused', 'deleted'] as const) {
      const candidates = this.#ledger
        .all(outcome)
        .filter(({ vendor, body }) => vendor.required in body)
      if (candidates.length === 0) continue
      for (const requested of [1, 2, 3].map(() => this.#random.pick(candidates))) {
        const was = requested.outcome
        if (was === 'deleted') {
          const reason = await this.#client.removeAgain(program, requested)
          if (reason !== 'user.unknown') {
            const what = `${nameOf(requested)}: was deleted`
            this.#ledger.failures.push(`${what}, and a second deletion gave ${reason}`)
          }
        }
        const [answer] = await this.#client.create(program, requested)
        const expected = was === 'stored' ? 'user.duplicate' : undefined
        if (answer?.reason !== expected) {
          const what = nameOf(requested)
          this.#ledger.failures.push(`${what}: ${was}, and repeating it gave ${requested.why}`)
        }
      }
    }
  }

  async #write(program: Program, signal: AbortSignal): Promise<void> {
    const random = this.#writersRandom
    while (!signal.aborted) {
      const sandbox = random.chance(0.8) ? SANDBOXES[0] : SANDBOXES[1]
      const filler = 'x'.repeat(random.chance(0.1) ? random.between(0, 230) : random.between(0, 20))
      const answers = await this.#writeOnce(program, sandbox, filler)
      // The program has ended; further requests would only fill the ledger.
      if (answers.every((answer) => answer === undefined)) return
    }
  }

  /** Creates a user, or changes or deletes one. */
  async #writeOnce(
    program: Program,
    sandbox: string,
    filler: string,
  ): Promise<readonly (Answer | undefined)[]> {
    const random = this.#writersRandom
    const existing = random.chance(0.5)
      ? this.#ledger.free(sandbox, (users) => random.pick(users))
      : undefined
    if (existing && random.chance(0.3)) return [await this.#client.remove(program, existing)]
    if (existing) {
      return [await this.#client.change(program, existing, filler, random.chance(0.3))]
    }
    const vendor = random.pick(vendors)
    const requested = this.#ledger.request(sandbox, vendor, filler, random.chance(0.03))
    return this.#client.create(program, requested, random.chance(0.1) ? 2 : 1)
  }

  /**
   * Makes the disk fail in several periods with pauses between them. At the end the disk works and
   * creates must succeed again, or the round ends during a period of failures.
   *
   * @returns whether a line may be left that could not be truncated
   */
  async #breakDisk(program: Program): Promise<boolean> {
    const random = this.#random
    let mayHaveLeftLine = false
    this.#figures.faultyRounds++
    for (let i = random.between(1, 4); i > 0; i--) {
      const faults: Faults = random.pick([
        { ...NO_FAULTS, short: 0.5 },
        { ...NO_FAULTS, write: 1 },
        { ...NO_FAULTS, sync: 1 },
        { ...NO_FAULTS, snapshot: 0.5 },
        { ...NO_FAULTS, write: 0.2, short: 0.2, sync: 0.2, snapshot: 0.2 },
        { open: 0.5, write: 0.3, short: 0.2, sync: 0.3, truncate: 0.5, snapshot: 0.3 },
      ])
      mayHaveLeftLine ||= faults.truncate > 0
      await program.breakDisk(faults)
      await wait(random.between(5, 80))
      if (random.chance(0.2)) return mayHaveLeftLine
      await program.breakDisk(NO_FAULTS)
      await wait(random.between(0, 40))
    }
    await this.#mustWork(program)
    return mayHaveLeftLine
  }

  /** Checks that every API of every sandbox creates, changes and deletes users once the disk works. */
  async #mustWork(program: Program): Promise<void> {
    for (const sandbox of SANDBOXES) {
      for (const vendor of vendors) {
        // The first may share its write with one that fails.
        await this.#client.create(program, this.#ledger.request(sandbox, vendor, ''))
        const requested = this.#ledger.request(sandbox, vendor, '')
        await this.#client.create(program, requested)
        if (requested.outcome === 'stored') {
          await this.#client.change(program, requested, '', true)
          const answer = await this.#client.remove(program, requested)
          if (answer !== undefined && answer.status < 300) continue
        }
        const what = nameOf(requested)
        this.#ledger.failures.push(`${what}: the disk works again, and ${requested.why}`)
      }
    }
  }

  async #end(program: Program, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { code, took } = await program.end(signal)
    if (signal === 'SIGKILL') {
      this.#figures.kills++
      return
    }
    this.#figures.stops++
    this.#figures.stopTimes.push(took)
    if (took > STOPPED_WHEN_BUSY) this.#ledger.failures.push(`SIGTERM took ${Math.round(took)} ms`)
    if (code !== 0) this.#ledger.failures.push(`SIGTERM: exit code ${code}\n${program.output}`)
  }

  #damage(): void {
    for (const sandbox of SANDBOXES) {
      const folder = sandbox === 'default' ? this.#folder : join(this.#folder, 'sandboxes', sandbox)
      const done = damage(folder, sandbox, this.#random, this.#ledger)
      if (done.length > 0) this.#figures.torn++
    }
  }
}

/** The figures of a campaign as text. */
export function summary(figures: Figures): string {
  const { rounds, folders, kills, stops, killedStarts, faultyRounds, torn, starts } = figures
  const slow = starts.filter((time) => time > READY).length
  return [
    `${rounds} rounds on ${folders} folders: ${kills} SIGKILL, ${stops} SIGTERM, ${killedStarts} more while starting`,
    `${faultyRounds} rounds with a failing disk, ${torn} folders damaged between rounds`,
    `${figures.acknowledged} users, ${figures.changed} changes and ${figures.deleted} deletions acknowledged`,
    `${figures.refusedWrites} writes refused with state.write-failed`,
    `${figures.webhooks} webhooks accepted, ${figures.repeatedWebhooks} of them repeated after a kill or a stop`,
    `start to ready: ${spread(starts)}, ${slow} of ${starts.length} over ${READY} ms`,
    `SIGTERM to end: ${spread(figures.stopTimes)}`,
    figures.failures.length === 0 ? 'every promise kept' : `BROKEN: ${figures.failures.join('\n')}`,
  ].join('\n')
}

function spread(times: readonly number[]): string {
  return `median ${Math.round(median(times))} ms, longest ${Math.round(Math.max(0, ...times))} ms`
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}
