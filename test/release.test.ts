import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { releaseNotes } from '../build/release-notes.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}
interface Job {
  readonly needs?: string | readonly string[]
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}
const TEXT = read('.github/workflows/release.yml')
const { jobs, permissions } = load(TEXT) as {
  jobs: Readonly<Record<string, Job>>
  permissions: object
} // as this test has it
const steps = Object.values(jobs).flatMap((job) => job.steps)

const CHANGELOG =
  '# Changelog\n\n## 0.2.0, 2026-01-15\n\n- New.\n\n## 0.1.0, 2025-12-01\n\n- Old.\n'

test('the notes of a release are the part of the changelog about its version', () => {
  const repository = 'https://example.test/standin'
  expect(releaseNotes('v0.2.0', { version: '0.2.0', repository }, CHANGELOG)).toBe('- New.\n')
  const refused: [tag: string, version: string, changelog: string, message: RegExp][] = [
    [
      'v0.2.1',
      '0.2.0',
      CHANGELOG,
      /The tag is v0\.2\.1, and package\.json has the version 0\.2\.0/,
    ],
    ['v0.3.0', '0.3.0', CHANGELOG, /no part "## 0\.3\.0"/],
    ['v0.2.0', '0.2.0', '## 0.2.0, not yet released\n', /a release has its date/],
  ]
  for (const [tag, version, changelog, message] of refused) {
    expect(() => releaseNotes(tag, { version, repository }, changelog)).toThrow(message)
  }
  expect(() => releaseNotes('v0.2.0', { version: '0.2.0' }, CHANGELOG)).toThrow(/"repository"/)
})

test('every action of the release is pinned to a commit, with its version beside it', () => {
  const used = TEXT.match(/uses: .*/g) ?? []
  expect(used.length).toBe(steps.filter(({ uses }) => uses !== undefined).length)
  for (const line of used) expect(line).toMatch(/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
})

test('nothing is published before all checks have passed, and each job may only do its part', () => {
  expect(permissions).toEqual({ contents: 'read' })
  expect(jobs['check']!.permissions).toBeUndefined()
  expect(jobs['npm']!.needs).toBe('check')
  expect(jobs['image']!.needs).toBe('check')
  expect(jobs['release']!.needs).toEqual(['npm', 'image'])
  expect(jobs['npm']!.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
  expect(jobs['release']!.permissions).toEqual({ contents: 'write' })
})

test('the npm package has its provenance, and the image both platforms, an SBOM and its provenance', () => {
  expect(steps.map(({ run }) => run)).toContain('npm publish --provenance --access public')
  const build = steps.find(({ uses }) => uses?.startsWith('docker/build-push-action'))
  expect(build?.with).toMatchObject({
    platforms: 'linux/amd64,linux/arm64',
    push: true,
    sbom: true,
    provenance: 'mode=max',
  })
})
