import type { Log } from '../core/log.ts'
import type { Observer } from '../core/request/pipeline-context.ts'
import { logEntryOf, LEVELS, type LogEntry, type Level } from './log-entry.ts'
import { LineWriter, type Sink } from './log-lines.ts'
import { prettyLine } from './pretty-line.ts'

/** Writes a log line for each request. */
export interface LineLogger {
  readonly observe: Observer
  /** Log for messages that are not about a request; absent if this log does not take them. */
  readonly log?: Log
  /** Resolves when all lines are written. */
  close(): Promise<void>
}

interface LoggerOptions {
  readonly format: 'pretty' | 'json'
  /** Minimum log level. */
  readonly level: Level
}

/**
 * Opens the output of log lines, in the format of `--log`.
 *
 * @param sink destination of the lines; by default standard output, in colour if it is a terminal
 */
export async function openLineLogger(
  { format, level }: LoggerOptions,
  sink?: Sink,
): Promise<LineLogger> {
  const lines = new LineWriter(1)
  const to = sink ?? lines
  const minimum = LEVELS.indexOf(level)
  const close = () => lines.close()
  const observeWith = (writeEntry: (entry: LogEntry) => void): Observer => {
    return (answered) => {
      const entry = logEntryOf(answered)
      if (LEVELS.indexOf(entry.level) >= minimum) writeEntry(entry)
    }
  }
  if (format === 'pretty') {
    // Node respects NO_COLOR and FORCE_COLOR.
    const inColour = sink === undefined && process.stdout.isTTY && process.stdout.hasColors()
    const observe = observeWith((entry) => to.write(prettyLine(entry, Date.now(), inColour)))
    return { observe, close }
  }
  const { pino } = await import('pino') // loading takes 25 ms, so only if it is needed
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    to,
  )
  return {
    observe: observeWith(({ level: entryLevel, ...entry }) => logger[entryLevel](entry, 'request')),
    log: {
      warn: (message) => logger.warn(message),
      bug: (message, error) => logger.error({ err: error }, message),
    },
    close,
  }
}
