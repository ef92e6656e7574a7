import { expect, test } from 'vitest'
import { Progress, type Identity } from '../../src/resilience/progress.ts'
import { settingsFrom } from '../../src/resilience/settings.ts'
import { createFolder } from '../helpers/sandbox.ts'
import { sampleReport } from './samples.ts'

test('a flag wins over the configuration file, and the file over the default', () => {
  const section = { calls: 2, jobs: 3, budget: '5m', skip: ['hang'], command: ['npm', 'test'] }
  const settings = settingsFrom({ jobs: '4', only: 'first/, every/' }, section, [])
  expect(settings).toMatchObject({
    command: ['npm', 'test'],
    jobs: 4,
    budget: 300_000,
    selection: { calls: 2, only: ['first/', 'every/'], skip: ['hang'], faults: undefined },
  })
  expect(settingsFrom({}, section, ['make']).command).toEqual(['make'])
})

test.each([
  [{}, {}, 'needs the command of a test suite after --'],
  [{ jobs: '0' }, {}, '--jobs must be a whole number from 1 to 64, got "0"'],
  [{ budget: '5' }, {}, '--budget must be a duration such as 500ms, 30s or 5m'],
  [{ faults: 'comit-500' }, {}, 'did you mean commit-500?'],
  [{ resume: true }, {}, '--resume needs the --report FOLDER'],
  [{}, { mincore: 3 }, '"resilience.mincore" in the configuration file is not an option'],
  [{}, { minScore: 'high' }, '"resilience.minScore" must be a whole number from 0 to 100'],
  [{}, { only: [3] }, '"resilience.only" must be a list of strings'],
])('settings %j and %j are refused', (flags, section, message) => {
  const command = message.startsWith('needs') ? [] : ['npm', 'test']
  expect(() => settingsFrom(flags, section, command)).toThrow(message)
})

test('a run is resumed with what it has done, and only if it is the same run', () => {
  const folder = createFolder()
  const { baseline, results, command } = sampleReport()
  const identity: Identity = { version: '0.1.0', seed: 1, command, selection: { calls: 5 } }
  const progress = new Progress(folder)
  expect(() => progress.read(identity)).toThrow('There is nothing to resume')
  progress.start(identity, baseline)
  progress.add(results[0]!)
  progress.add(results[1]!)
  const read = new Progress(folder).read(identity)
  expect(read.baseline).toEqual(baseline)
  expect(read.results).toEqual(results.slice(0, 2))
  expect(() => progress.read({ ...identity, seed: 2, command: ['make'] })).toThrow(
    'had another seed and command',
  )
  progress.finish()
  expect(() => progress.read(identity)).toThrow('There is nothing to resume')
})
