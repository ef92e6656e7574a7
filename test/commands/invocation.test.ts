import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startCommand } from '../../src/commands/invocation.ts'

const project = mkdtempSync(join(tmpdir(), 'standin-test-'))
afterAll(() => rmSync(project, { recursive: true }))
const installed = join(project, 'node_modules', 'standin')
const clone = join(project, 'clone')
mkdirSync(join(clone, 'src'), { recursive: true })
mkdirSync(join(clone, 'docs'))

test.each([
  ['a clone', clone, join(clone, 'dist', 'main.js'), clone, 'npm start'],
  ['a folder of a clone', clone, join(clone, 'dist', 'main.js'), join(clone, 'docs'), 'npm start'],
  ['npx', installed, join(project, 'node_modules', '.bin', 'standin'), project, 'npx standin'],
  ['npx on Windows', installed, join(installed, 'dist', 'main.js'), project, 'npx standin'],
  ['a global installation', installed, '/usr/local/bin/standin', project, 'standin'],
  ['the image', '/app', '/app/dist/main.js', '/app', `node ${join('dist', 'main.js')}`],
  [
    'a path',
    clone,
    join(clone, 'dist', 'main.js'),
    join(project, 'other'),
    `node ${join(clone, 'dist', 'main.js')}`,
  ],
])('started by %s, it names a command that works there', (_, root, script, cwd, command) => {
  expect(startCommand({ root, script, cwd })).toBe(command)
})
