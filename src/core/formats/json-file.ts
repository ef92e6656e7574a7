import { codeOf, ConfigError, messageOf } from '../errors.ts'
import { describeSyntaxError } from './json.ts'
import { readTextFile, withoutMark } from './text-file.ts'

/**
 * Reads a JSON file that the configuration names.
 *
 * @param option the option that names it, for the message
 * @throws ConfigError naming the file, the option and what is wrong
 */
export function readJsonFile(file: string, option?: string): unknown {
  const name = option === undefined ? file : `${file} (${option})`
  let written: string
  try {
    written = readTextFile(file)
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'it does not exist' : messageOf(error)
    throw new ConfigError(`${name} cannot be read: ${why}`, { cause: error })
  }
  return parseJson(written, name)
}

/** @throws ConfigError naming the source and where it is broken, without quoting the text */
export function parseJson(text: string, source: string): unknown {
  const written = withoutMark(text)
  try {
    return JSON.parse(written)
  } catch (error) {
    throw new ConfigError(`${source} cannot be read: ${describeSyntaxError(written)}`, {
      cause: error,
    })
  }
}
