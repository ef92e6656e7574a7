import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Standin } from '../client/standin.ts'
import { Admin } from '../client/admin.ts'
import { connect } from '../client/connect.ts'
import { Connection } from '../client/connection.ts'
import { ConfigError, readConfig, type Config } from '../config/config.ts'
import { OPTIONS } from '../config/options.ts'
import { isRecord } from '../core/contract/schema.ts'
import { didYouMean } from '../core/words.ts'
import type { Baseline, Cell, CellResult, Report } from '../resilience/model.ts'
import type { TimeLimit } from '../resilience/execution.ts'
import { describeEmptyPlan, planFor } from '../resilience/plan.ts'
import { Progress, type Identity } from '../resilience/progress.ts'
import { limitFor, readFacts, runBaseline, runCells, type ServerFacts } from '../resilience/run.ts'
import { Runner, type RunnerOptions } from '../resilience/runner.ts'
import { FLAG_NAMES, FLAGS, isSwitch, settingsFrom, type Settings } from '../resilience/settings.ts'
import { newFailures, scoreOf } from '../resilience/score.ts'
import { readReport } from '../resilience/report/json.ts'
import { Terminal } from '../resilience/report/terminal.ts'
import { cellsIn, percentOf } from '../resilience/report/words.ts'
import { writeReports } from '../resilience/report/write.ts'
import { VERSION } from '../package.ts'

/** Minimum number of requests in the log of a run. */
const LOG_SIZE = 20_000
/** Exit code of a process that Ctrl-C ended. */
const INTERRUPTED = 130

/**
 * Runs `standin resilience`.
 *
 * @param program the program in the commands that it shows, such as `npx standin`
 * @throws ConfigError if it is used wrongly
 */
export async function runResilience(args: readonly string[], program: string): Promise<void> {
  const { flags, rest, command } = split(args)
  if (!args.includes('--') && rest[0] !== undefined && !rest[0].startsWith('-')) {
    const suite = args.slice(args.indexOf(rest[0])).join(' ')
    throw new ConfigError(
      `The command of the test suite comes after --, such as: ${program} resilience -- ${suite}`,
    )
  }
  if (flags['help'] === true) console.log(RESILIENCE_HELP)
  else await run({ flags, rest, command }, program)
}

/** Output of `standin resilience --help`. */
const RESILIENCE_HELP = `Usage: standin resilience [options] -- COMMAND …

Run the command of a test suite without faults, then once per fault that applies to its calls, and
report which faults it survived. The command finds the sandbox of its run in the environment, in the
variables of standin env; {url} in its arguments is replaced by the URL of the sandbox. See
docs/resilience.md.

Options (defaults in parentheses):
${FLAG_NAMES.map((name) => {
  const [value, help] = FLAGS[name]
  return `  ${`--${name}${value === undefined ? '' : ` ${value}`}`.padEnd(20)} ${help}`
}).join('\n')}
  -h, --help           print this help and exit

The same names are keys of "resilience" in standin.config.json, such as "minScore", and "command" is
the command as a list of its arguments. The server's options are accepted too, such as --seed and
--profile.

Exit codes: 0 if the run ended; 1 if the suite fails without faults, the score is below --min-score,
or a cell is worse than in --baseline; 2 if the command is used wrongly.`

interface Arguments {
  /** Own flags by name; true for a switch. */
  readonly flags: Readonly<Record<string, string | true>>
  /** Arguments of the server's options. */
  readonly rest: readonly string[]
  /** Command after `--`. */
  readonly command: readonly string[]
}

/**
 * Separates this command's flags from those of the server. The flag --faults exists in both; here
 * it is this command's.
 */
function split(args: readonly string[]): Arguments {
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  const flags: Record<string, string | true> = {}
  const rest: string[] = []
  for (let at = 0; at < own.length; at++) {
    const text = own[at]! // within the bounds
    const [, name = '', inline] = /^--([\w-]+)(?:=(.*))?$/s.exec(text) ?? []
    const flag = FLAG_NAMES.find((one) => one === name)
    if (text === '-h' || text === '--help') flags['help'] = true
    else if (flag === undefined) rest.push(text)
    else if (isSwitch(flag)) {
      if (inline !== undefined) throw new ConfigError(`--${flag} takes no value`)
      flags[flag] = true
    } else {
      const value = inline ?? own[++at]
      if (value === undefined || (inline === undefined && value.startsWith('--'))) {
        throw new ConfigError(`--${flag} needs a value`)
      }
      flags[flag] = value
    }
  }
  return { flags, rest, command: end < 0 ? [] : args.slice(end + 1) }
}

async function run({ flags, rest, command }: Arguments, program: string): Promise<void> {
  const { config: given, sections } = readConfig(rest, process.env)
  const section = sections['resilience'] ?? {}
  if (!isRecord(section)) {
    throw new ConfigError('"resilience" in the configuration file must be an object of options')
  }
  const settings = settingsFrom(flags, section, command)
  const earlier = settings.baseline === undefined ? undefined : readReport(settings.baseline)
  const config = serverConfig(given)
  const controller = new AbortController()
  const stop = stopOnSignals(controller)
  // The reader of the output, such as head, may have exited. The reports are still written.
  process.stdout.on('error', () => {})
  const standin = await open(config, settings.url)
  const folder = config.tls ? mkdtempSync(join(tmpdir(), 'standin-')) : undefined
  try {
    const trust = folder === undefined ? undefined : await trustIn(standin, folder)
    const terminal = new Terminal({
      live: process.stdout.isTTY,
      colors: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
      program,
      write: (text) => process.stdout.write(text),
    })
    const scene = new Scene({
      standin,
      config,
      settings,
      trust,
      terminal,
      program,
      signal: controller.signal,
    })
    if (settings.cell !== undefined) await scene.single(settings.cell)
    else {
      const report = await scene.all()
      if (report) process.exitCode = exitCode(report, settings, earlier, terminal)
    }
  } catch (error) {
    // After an interruption, errors of the interrupted work are expected.
    if (!controller.signal.aborted) throw error
  } finally {
    await standin.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    stop()
    if (controller.signal.aborted) process.exitCode = INTERRUPTED
  }
}

/**
 * Returns the configuration of the run's server: a free port, state in memory, and no faults
 * besides those of the cells.
 */
function serverConfig(given: Config): Config {
  return {
    ...given,
    port: 0,
    tlsPort: 0,
    memory: true,
    log: 'off',
    readyFile: undefined,
    portFile: undefined,
    faults: [],
    // The verdicts are derived from all requests of a run, so none may be dropped.
    requestLogSize: Math.max(given.requestLogSize, LOG_SIZE),
    // The vendor's retry plan waits for minutes, which is longer than a suite waits.
    webhookRetries:
      given.webhookRetries === OPTIONS.webhookRetries.fallback ? 'fast' : given.webhookRetries,
  }
}

async function open(config: Config, url: string | undefined): Promise<Standin> {
  const adminToken = config.adminToken === 'none' ? undefined : config.adminToken
  if (url !== undefined) {
    try {
      return await connect({ url, adminToken })
    } catch (error) {
      // An invalid URL is reported as wrong use of --url.
      if (error instanceof TypeError) throw new ConfigError(`--url: ${error.message}`)
      if (error instanceof Error) throw new Error(error.message, { cause: error })
      throw error
    }
  }
  const { startServer } = await import('../server/server.ts') // not loaded with --url: the server then runs in another process
  const server = await startServer(config)
  return connect({ url: server.url, adminToken }, server.close)
}

/** The variables that make the command's clients trust the CA of HTTPS. */
async function trustIn({ url, tls }: Standin, folder: string) {
  if (!tls) throw new ConfigError(`The server at ${url} has no HTTPS; start it with --tls`)
  if (tls.ca === undefined) return {}
  const { caVariables } = await import('./ca-files.ts')
  return caVariables(tls.ca, { folder, file: undefined })
}

/** Ends the run at the first signal, after the reports are written, and at once at the second. */
function stopOnSignals(controller: AbortController): () => void {
  const stop = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return () => {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

interface SceneParts {
  readonly standin: Standin
  readonly config: Config
  readonly settings: Settings
  readonly trust: RunnerOptions['trust']
  readonly terminal: Terminal
  readonly program: string
  readonly signal: AbortSignal
}

/** One resilience run. */
class Scene {
  readonly #standin: Standin
  readonly #admin: Admin
  readonly #config: Config
  readonly #settings: Settings
  readonly #trust: RunnerOptions['trust']
  readonly #terminal: Terminal
  readonly #program: string
  readonly #signal: AbortSignal

  constructor({ standin, config, settings, trust, terminal, program, signal }: SceneParts) {
    this.#standin = standin
    this.#config = config
    this.#settings = settings
    this.#trust = trust
    this.#terminal = terminal
    this.#program = program
    this.#signal = signal
    const { adminToken } = this.#secrets
    this.#admin = new Admin(new Connection(standin.url, adminToken), '')
  }

  /** Runs one cell with its output shown, and explains it. */
  async single(id: string): Promise<void> {
    const facts = await readFacts(this.#standin, this.#admin)
    const baseline = await runBaseline(this.#runner(false), facts, 1, this.#limit)
    const everything = { faults: ['all'], calls: Number.MAX_SAFE_INTEGER }
    const cells = planFor(baseline.operations, everything)
    const cell = cells.find((one) => one.id === id)
    if (cell === undefined) {
      const ids = cells.map((one) => one.id)
      throw new ConfigError(
        `${JSON.stringify(id)} is not a cell${didYouMean(id, ids, (near) => near) || '; --dry-run lists the cells'}`,
      )
    }
    const options = this.#cellOptions(facts, baseline)
    let result: CellResult | undefined
    const onResult = (one: CellResult) => (result = one)
    await runCells(this.#runner(true), baseline, [cell], { ...options, jobs: 1, onResult })
    if (result) this.#terminal.cell(result)
    if (result?.verdict === 'broke') process.exitCode = 1
  }

  /** Runs all cells; undefined if only the plan was printed. */
  async all(): Promise<Report | undefined> {
    const { command, selection, report: folder, resume, dryRun, jobs } = this.#settings
    const { seed } = this.#config
    const progress = folder === undefined || dryRun ? undefined : new Progress(folder)
    const identity: Identity = { version: VERSION, seed, command, selection }
    const facts = await readFacts(this.#standin, this.#admin)
    const earlier = resume ? progress?.read(identity) : undefined
    const baseline =
      earlier?.baseline ?? (await runBaseline(this.#runner(false), facts, 2, this.#limit))
    this.#terminal.baseline(baseline)
    const cells = planFor(baseline.operations, selection)
    if (cells.length === 0) throw new ConfigError(describeEmptyPlan(baseline.operations, selection))
    const results = new Map((earlier?.results ?? []).map((result) => [result.cell.id, result]))
    const left = cells.filter(({ id }) => !results.has(id))
    if (results.size > 0) this.#terminal.line(`Done already: ${cellsIn(results.size)}`)
    this.#terminal.plan(left, jobs, baseline.ms)
    if (dryRun) {
      this.#terminal.cells(cells)
      return undefined
    }
    if (!earlier) progress?.start(identity, baseline)
    const started = performance.now()
    const elapsed = () => performance.now() - started
    const width = Math.max(...cells.map(({ id }) => id.length))
    await runCells(this.#runner(false), baseline, left, {
      ...this.#cellOptions(facts, baseline),
      onResult: (result) => {
        results.set(result.cell.id, result)
        progress?.add(result)
        const done = results.size - (earlier?.results.length ?? 0)
        this.#terminal.result(result, done, left.length, elapsed(), width)
      },
    })
    return this.#finish(reportOf({ identity, baseline, cells, results, ms: elapsed() }), progress)
  }

  #finish(report: Report, progress: Progress | undefined): Report {
    const { report: folder } = this.#settings
    this.#terminal.summary(report)
    if (folder === undefined) return report
    const written = writeReports(report, {
      folder,
      program: this.#program,
      stepSummary: process.env['GITHUB_STEP_SUMMARY'],
    })
    this.#terminal.line()
    this.#terminal.line(`Reports: ${written.join(', ')}`)
    if (report.notRun.length === 0) progress?.finish()
    else this.#terminal.line('To continue, repeat the command with --resume')
    return report
  }

  #cellOptions(facts: ServerFacts, baseline: Baseline) {
    const { jobs, budget } = this.#settings
    return {
      jobs,
      budget,
      limit: this.#limit ?? limitFor(baseline),
      judgement: { ...facts, repeats: baseline.repeats },
      signal: this.#signal,
    }
  }

  #runner(shown: boolean): Runner {
    const { seed } = this.#config
    const { command } = this.#settings
    const secrets = this.#secrets
    const options = { command, secrets, trust: this.#trust, seed, shown, signal: this.#signal }
    return new Runner(this.#standin, options)
  }

  /** The time limit that is given. */
  get #limit(): TimeLimit | undefined {
    const { timeout } = this.#settings
    return timeout === undefined ? undefined : { ms: timeout, most: timeout }
  }

  get #secrets() {
    const { adminToken, webhookSecret } = this.#config
    return { adminToken: adminToken === 'none' ? undefined : adminToken, webhookSecret }
  }
}

function reportOf(parts: {
  readonly identity: Identity
  readonly baseline: Baseline
  readonly cells: readonly Cell[]
  readonly results: ReadonlyMap<string, CellResult>
  readonly ms: number
}): Report {
  const { identity, baseline, cells, results, ms } = parts
  return {
    version: identity.version,
    command: identity.command,
    seed: identity.seed,
    baseline,
    results: cells.flatMap(({ id }) => results.get(id) ?? []),
    notRun: cells.map(({ id }) => id).filter((id) => !results.has(id)),
    ms: Math.round(ms),
  }
}

/** Exit code of a finished run, with the reason for 1 printed. */
function exitCode(
  report: Report,
  { minScore }: Settings,
  earlier: Pick<Report, 'results'> | undefined,
  terminal: Terminal,
): 0 | 1 {
  const score = scoreOf(report.results)
  const failures = earlier ? newFailures(report.results, earlier) : []
  for (const { cell, why } of failures) terminal.line(`New failure: ${cell.id}: ${why}`)
  const isLow = minScore !== undefined && (score.percent ?? 0) < minScore
  if (isLow) terminal.line(`The score ${percentOf(score)} is below --min-score ${minScore}`)
  return isLow || failures.length > 0 ? 1 : 0
}
