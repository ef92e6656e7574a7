import type { Report } from '../model.ts'

/** A command line that repeats one cell. */
export function repeatCommand(
  program: string,
  id: string,
  { command }: Pick<Report, 'command'>,
): string {
  return `${program} resilience --cell ${quoted(id)} -- ${command.map(quoted).join(' ')}`
}

/** An argument as a shell reads it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
