import type { Log } from '../core/log.ts'
import type { Observer } from '../core/request/pipeline-context.ts'
import { entryOf, LEVELS, type Entry, type Level } from './log-entry.ts'
import { Lines, type Sink } from './log-lines.ts'
import { prettyLine } from './pretty-line.ts'

/** What writes a line for each request. */
export interface RequestLogger {
  readonly observe: Observer
  /** For what is no request, where this log tells of it too. */
  readonly log?: Log
  /** Settles when all is written. */
  close(): Promise<void>
}

interface Wish {
  readonly format: 'pretty' | 'json'
  /** The least that is told. */
  readonly level: Level
}

/** @param sink where the lines go; by default to standard output, in colour if it is a terminal */
export async function openRequestLogger(
  { format, level }: Wish,
  sink?: Sink,
): Promise<RequestLogger> {
  const lines = new Lines(1)
  const to = sink ?? lines
  const least = LEVELS.indexOf(level)
  const close = () => lines.close()
  const when = (tell: (entry: Entry) => void): Observer => {
    return (answered) => {
      const entry = entryOf(answered)
      if (LEVELS.indexOf(entry.level) >= least) tell(entry)
    }
  }
  if (format === 'pretty') {
    // As Node looks at it: NO_COLOR and FORCE_COLOR are obeyed.
    const inColour = sink === undefined && process.stdout.isTTY && process.stdout.hasColors()
    const observe = when((entry) => to.write(prettyLine(entry, Date.now(), inColour)))
    return { observe, close }
  }
  const { pino } = await import('pino') // 25 ms that only this format takes
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
    observe: when(({ level: own, ...entry }) => logger[own](entry, 'request')),
    log: {
      warn: (message) => logger.warn(message),
      bug: (message, error) => logger.error({ err: error }, message),
    },
    close,
  }
}
