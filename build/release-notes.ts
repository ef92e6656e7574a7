// Prints the changelog's section about a version, for its release: node build/release-notes.ts
// v0.1.0
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

interface Manifest {
  readonly version: string
  readonly repository?: unknown
}

/**
 * The changelog's part about the version of a tag.
 *
 * @throws Error if the tag, package.json and the changelog are about different versions
 */
export function releaseNotes(tag: string, manifest: Manifest, changelog: string): string {
  const { version, repository } = manifest
  if (tag !== `v${version}`) {
    throw new Error(`The tag is ${tag}, and package.json has the version ${version}`)
  }
  if (repository === undefined) {
    throw new Error('package.json needs "repository": npm compares it with the provenance')
  }
  const parts = changelog.split(/^## /m).slice(1)
  const part = parts.find((one) => one.split(/[\s,]/)[0] === version)
  if (part === undefined) throw new Error(`CHANGELOG.md has no part "## ${version}"`)
  const [title = '', ...lines] = part.split('\n')
  if (!/, \d{4}-\d{2}-\d{2}$/.test(title)) {
    throw new Error(
      `CHANGELOG.md has "## ${title}"; a release has its date: ## ${version}, 2026-01-15`,
    )
  }
  return `${lines.join('\n').trim()}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
  const manifest = JSON.parse(read('package.json')) as Manifest
  process.stdout.write(releaseNotes(process.argv[2] ?? '', manifest, read('CHANGELOG.md')))
}
