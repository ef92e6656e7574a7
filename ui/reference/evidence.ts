import { isRecord, type Json } from './json.ts'

/** Characters that Markdown or HTML would read as more than text. */
const SIGNS = /[\\`*_{}[\]()#+!|<>~&]/g

const plain = (text: string) => text.replaceAll(SIGNS, (sign) => `&#${sign.charCodeAt(0)};`)

/** A page that the browser may open; anything else is shown as text. */
const isLink = (url: string) => /^https:\/\/[^\s<>()"]+$/.test(url)

/**
 * Appends the evidence of every part of a document to its description, where the reference shows
 * it: level, quotation, source and note.
 */
export function describeEvidence(node: unknown): void {
  if (Array.isArray(node)) for (const item of node) describeEvidence(item)
  if (!isRecord(node)) return
  for (const value of Object.values(node)) describeEvidence(value)
  const evidence = node['x-evidence']
  if (!isRecord(evidence) || typeof evidence['level'] !== 'string') return
  const own = textOf(evidence)
  const rules = Object.entries(isRecord(evidence['rules']) ? evidence['rules'] : {})
  const lines = [
    own,
    ...rules.map(([name, one]) => `${plain(name)}: ${textOf(isRecord(one) ? one : {})}`),
  ]
  const given = node['description']
  const parts = [...(typeof given === 'string' ? [given.trimEnd()] : []), ...lines]
  node['description'] = parts.join('\n\n')
}

function textOf(evidence: Json): string {
  const { level, line, url, note } = evidence
  const badge = `\`${String(level)}\``
  return [
    // Different markup for each, so that the style sheet can distinguish the levels.
    level === 'assumed' ? `_${badge}_` : `**${badge}**`,
    ...(typeof line === 'string' ? [`“${plain(line)}”`] : []),
    ...(typeof url === 'string' ? [isLink(url) ? `[source](${url})` : plain(url)] : []),
    ...(typeof note === 'string' ? [plain(note)] : []),
  ].join(' ')
}
