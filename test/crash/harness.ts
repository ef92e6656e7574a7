import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client, SANDBOXES } from './client.ts'
import { damage, untidy } from './damage.ts'
import { Ledger } from './ledger.ts'
import { NO_FAULTS, Program, type Faults, type ProgramOptions } from './program.ts'
import { Random } from './random.ts'
import { Receiver, SECRET } from './receiver.ts'
import { vendors } from './vendors.ts'

const WRITERS = 12
/** Milliseconds in which SIGTERM ends it, and in which it must however busy the machine is. */
export const STOPPED = 5000
const STOPPED_AT_LAST = 15_000
/** Milliseconds in which a start is ready, and in which it must be however busy the machine is. */
export const READY = 2000
const READY_AT_LAST = 15_000
/** Milliseconds in which a folder is tidied up after a start. */
const TIDY = 10_000
/** A folder is given up at this many users, so that a start stays one of a usual size. */
const MOST_USERS = 12_000

export interface Campaign {
  readonly rounds: number
  /** At most this many on one folder. */
  readonly roundsEach?: number
  readonly seed: number
  readonly log?: (line: string) => void
  /** Ends it after the round that is running. */
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
  /** Requests that the disk's faults made the program refuse. */
  refusedWrites: number
  /** Webhooks that were taken, and how many of them had been taken before. */
  told: number
  toldAgain: number
  /** Milliseconds from each start to its `ready`, in order of time. */
  readonly starts: number[]
  /** Milliseconds from each SIGTERM to the end. */
  readonly stopTimes: number[]
  readonly failures: string[]
}

/**
 * Starts the program, writes at full speed, ends it at a random moment, spoils what a crash may
 * spoil, and looks at the next start whether every promise was kept; again and again.
 *
 * A folder lives for some rounds. Its choices come from its own seed, so that a failure is
 * repeated by giving that one; when exactly the signal meets the program differs all the same.
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
    refusedWrites: 0,
    told: 0,
    toldAgain: 0,
    starts: [],
    stopTimes: [],
    failures: [],
  }
  while (figures.rounds < rounds && figures.failures.length === 0 && !signal.aborted) {
    const life = await Life.begin(seed + figures.folders, figures, log)
    await life.run(Math.min(roundsEach, rounds - figures.rounds), signal)
    figures.folders++
  }
  return figures
}

class Life {
  readonly #seed: number
  readonly #random: Random
  /** Of its own, since how often writers draw depends on the speed of the machine. */
  readonly #writersRandom: Random
  readonly #figures: Figures
  readonly #log: (line: string) => void
  readonly #folder = fs.mkdtempSync(join(tmpdir(), 'standin-crash-'))
  readonly #ledger: Ledger
  readonly #options: ProgramOptions
  readonly #receiver: Receiver
  #client: Client
  #program: Program | undefined

  static async begin(seed: number, figures: Figures, log: (line: string) => void): Promise<Life> {
    const ledger = new Ledger()
    return new Life(seed, figures, log, ledger, await Receiver.open(new Random(seed ^ 1), ledger))
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
      // Every other folder, so that even a short campaign has both.
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
      const goesOn = () =>
        this.#ledger.size < MOST_USERS && failures.length === 0 && !signal.aborted
      let round = 0
      for (; round < rounds && goesOn(); round++) {
        this.#figures.rounds++
        await this.#round(round === 0)
        this.#collectFailures(round)
      }
      const program = await this.#start()
      await this.#client.compare(program, SANDBOXES, 'at the last start')
      this.#receiver.getWell()
      for (const sandbox of SANDBOXES) await this.#client.settle(program, sandbox)
      this.#receiver.compare()
      await this.#end(program, 'SIGTERM')
      this.#collectFailures(round)
    } catch (error) {
      failures.push(`seed ${this.#seed}: ${error instanceof Error ? error.message : String(error)}`)
    }
    await this.#program?.end('SIGKILL') // where a failure left it running
    this.#client.hangUp()
    this.#receiver.close()
    this.#figures.told += this.#receiver.arrived
    this.#figures.toldAgain += this.#receiver.again
    this.#figures.acknowledged += this.#ledger.acknowledged
    this.#figures.refusedWrites += this.#ledger.refusedWrites
    if (failures.length > 0) this.#log(`the folder is kept: ${this.#folder}`)
    else fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  #collectFailures(round: number): void {
    const found = this.#ledger.failures.splice(0)
    this.#figures.failures.push(...found.map((it) => `seed ${this.#seed}, round ${round}: ${it}`))
  }

  async #round(first: boolean): Promise<void> {
    const random = this.#random
    if (!first && random.chance(0.15)) {
      this.#receiver.nextRun()
      await Program.startAndKill(this.#folder, this.#options, random.between(20, 500))
      this.#figures.killedStarts++
    }
    const program = await this.#start()
    // With nobody else at it, so that later rounds can rely on it.
    if (first) await this.#client.makeSecondSandbox(program)
    await this.#client.compare(program, SANDBOXES, 'after the start')
    await this.#askAgain(program)

    const writing = new AbortController()
    const writers = Array.from({ length: WRITERS }, () => this.#write(program, writing.signal))
    const dirty = this.#options.faulty && (await this.#spoilDisk(program))
    await wait(random.between(10, 250))
    const quiet = random.chance(0.2)
    if (quiet) {
      writing.abort()
      await Promise.all(writers)
      await this.#client.compare(program, SANDBOXES, 'while it ran')
    }
    const ending = this.#end(program, random.chance(0.75) ? 'SIGKILL' : 'SIGTERM')
    // Callers go on for a moment, and then hang up: who waits for an answer has it by then.
    await Promise.race([ending, wait(200)])
    writing.abort()
    await Promise.all(writers)
    this.#client.hangUp()
    this.#client = new Client(this.#ledger)
    await ending
    if (dirty) this.#ledger.doubtLastRefusals()
    this.#damage()
  }

  async #start(): Promise<Program> {
    this.#receiver.nextRun()
    const program = await Program.start(this.#folder, this.#options)
    this.#program = program
    this.#figures.starts.push(program.readyAfter)
    if (program.readyAfter > READY_AT_LAST) {
      this.#ledger.failures.push(`the start took ${Math.round(program.readyAfter)} ms`)
    }
    const late = performance.now() + TIDY
    while (untidy(this.#folder, program.startedAt).length > 0 && performance.now() < late) {
      await wait(20)
    }
    this.#ledger.failures.push(...untidy(this.#folder, program.startedAt))
    return program
  }

  /** As a client does that got no answer: a user who is there is refused, one who is not is made. */
  async #askAgain(program: Program): Promise<void> {
    for (const fate of ['kept', 'refused'] as const) {
      const candidates = this.#ledger
        .all(fate)
        .filter(({ vendor, body }) => vendor.required in body)
      if (candidates.length === 0) continue
      for (const wanted of [1, 2, 3].map(() => this.#random.pick(candidates))) {
        const was = wanted.fate
        const [answer] = await this.#client.create(program, wanted)
        const expected = was === 'kept' ? 'user.duplicate' : undefined
        if (answer?.reason !== expected) {
          const what = `${wanted.sandbox} ${wanted.vendor.api} ${wanted.word}`
          this.#ledger.failures.push(`${what}: ${was}, and asked for again ${wanted.why}`)
        }
      }
    }
  }

  async #write(program: Program, signal: AbortSignal): Promise<void> {
    const random = this.#writersRandom
    while (!signal.aborted) {
      const sandbox = random.chance(0.8) ? SANDBOXES[0] : SANDBOXES[1]
      const vendor = random.pick(vendors)
      const filler = 'x'.repeat(random.chance(0.1) ? random.between(0, 230) : random.between(0, 20))
      const wanted = this.#ledger.want(sandbox, vendor, filler, random.chance(0.03))
      const answers = await this.#client.create(program, wanted, random.chance(0.1) ? 2 : 1)
      // The program is gone; whoever goes on would only fill the ledger.
      if (answers.every((answer) => answer === undefined)) return
    }
  }

  /**
   * Times of trouble, with times of peace between them. In the end there is peace, and creates
   * work again, or the program is ended in the midst of it.
   *
   * @returns whether a line may have stayed that could not be taken back
   */
  async #spoilDisk(program: Program): Promise<boolean> {
    const random = this.#random
    let dirty = false
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
      dirty ||= faults.truncate > 0
      await program.breakDisk(faults)
      await wait(random.between(5, 80))
      if (random.chance(0.2)) return dirty
      await program.breakDisk(NO_FAULTS)
      await wait(random.between(0, 40))
    }
    await this.#mustWork(program)
    return dirty
  }

  /** Once the disk is well, every API of every sandbox creates users. */
  async #mustWork(program: Program): Promise<void> {
    for (const sandbox of SANDBOXES) {
      for (const vendor of vendors) {
        // The first may still wait together with one that failed.
        await this.#client.create(program, this.#ledger.want(sandbox, vendor, ''))
        const wanted = this.#ledger.want(sandbox, vendor, '')
        await this.#client.create(program, wanted)
        if (wanted.fate === 'kept') continue
        const what = `${sandbox} ${vendor.api} ${wanted.word}`
        this.#ledger.failures.push(`${what}: the disk is well, and ${wanted.why}`)
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
    if (took > STOPPED_AT_LAST) this.#ledger.failures.push(`SIGTERM took ${Math.round(took)} ms`)
    if (code !== 0) this.#ledger.failures.push(`SIGTERM: exit code ${code}\n${program.output}`)
  }

  #damage(): void {
    for (const sandbox of SANDBOXES) {
      const own = sandbox === 'default' ? this.#folder : join(this.#folder, 'sandboxes', sandbox)
      const done = damage(own, sandbox, this.#random, this.#ledger)
      if (done.length > 0) this.#figures.torn++
    }
  }
}

/** The figures of a campaign, in words. */
export function summary(figures: Figures): string {
  const { rounds, folders, kills, stops, killedStarts, faultyRounds, torn, starts } = figures
  const slow = starts.filter((time) => time > READY).length
  return [
    `${rounds} rounds on ${folders} folders: ${kills} SIGKILL, ${stops} SIGTERM, ${killedStarts} more while starting`,
    `${faultyRounds} rounds with a failing disk, ${torn} folders damaged between rounds`,
    `${figures.acknowledged} users acknowledged, ${figures.refusedWrites} writes refused with state.write-failed`,
    `${figures.told} webhooks taken, ${figures.toldAgain} of them again after a kill or a stop`,
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
