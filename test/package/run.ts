// Installs the packed package into projects as their authors would have them, and runs each:
//
//   npm run test:package [PART OF A NAME]
import { mkdtempSync, copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { INSTALLED, LOCAL, type Project } from './projects.ts'
import { installed, pack, runProject, writeFiles } from './scratch.ts'

const run = promisify(execFile)

const [, , part = ''] = process.argv
const projects = [...LOCAL, ...INSTALLED].filter(({ name }) => name.includes(part))
const work = mkdtempSync(join(tmpdir(), 'standin-package-'))
const failures: string[] = []

/** Projects with the same packages share a folder of modules: `npm install` takes the longest. */
const bySet = new Map<string, Project[]>()
for (const project of projects) {
  const set = JSON.stringify(project.packages ?? {})
  bySet.set(set, [...(bySet.get(set) ?? []), project])
}

const row = (...cells: (string | number)[]) =>
  console.log(
    cells
      .map((cell, n) => (n < 2 ? String(cell).padEnd(n === 0 ? 40 : 7) : String(cell).padStart(9)))
      .join(''),
  )

try {
  const tarball = await pack(work)
  row('project', 'result', 'seconds', 'packages', 'MB')
  for (const [n, members] of [...bySet.values()].entries()) await runSet(members, `set-${n}`)
  async function runSet(members: readonly Project[], name: string): Promise<void> {
    const root = join(work, name)
    mkdirSync(root)
    writeFiles(root, { 'package.json': '{"private":true}' })
    const wanted = Object.entries(members[0]?.packages ?? {}).map(([one, at]) => `${one}@${at}`)
    const began = performance.now()
    const args = [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '-D',
      tarball,
      ...wanted,
    ]
    const { stdout, stderr } = await run('npm', args, {
      cwd: root,
      shell: process.platform === 'win32',
    })
    const about = installed(join(root, 'node_modules'))
    row(
      `npm install ${wanted.join(' ')}`.trim(),
      '',
      seconds(began),
      about.packages,
      about.megabytes,
    )
    // Installing this package must show no warning or advice.
    const objections = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('standin@'))
    if (objections.length > 0) failures.push(`npm install:\n${objections.join('\n')}`)
    for (const project of members) {
      const folder = join(root, 'projects', project.name.replaceAll(/[^\w]+/g, '-'))
      writeFiles(folder, { 'package.json': '{}', ...project.files })
      copyFileSync(tarball, join(folder, 'standin.tgz'))
      const started = performance.now()
      const { passed, output } = await runProject(project, folder, [root])
      row(`  ${project.name}`, passed ? 'passed' : 'FAILED', seconds(started))
      if (!passed) failures.push(`${project.name}:\n${output}`)
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
for (const failure of failures) console.log(`\n${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}
