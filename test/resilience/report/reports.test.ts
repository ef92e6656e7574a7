import { pathToFileURL } from 'node:url'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SaxesParser } from 'saxes'
import { expect, test } from 'vitest'
import { readReport } from '../../../src/resilience/report/json.ts'
import { Terminal } from '../../../src/resilience/report/terminal.ts'
import { writeReports } from '../../../src/resilience/report/write.ts'
import { createFolder } from '../../helpers/sandbox.ts'
import { browser } from '../../ui/browser.ts'
import { sampleReport } from '../samples.ts'

/** Writes the sample's reports, and returns the function that reads one. */
function written(stepSummary?: string) {
  const folder = join(createFolder(), 'new')
  const files = writeReports(sampleReport(), { folder, program: 'npx standin', stepSummary })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { files, folder, read }
}

test('the HTML report is one file that runs and loads nothing, with all texts escaped', () => {
  const html = written().read('report.html')
  expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\son\w+=/i)
  expect(html).toContain('&#60;ada&#62;@example.test')
  expect(html).toContain('&#60;/pre&#62;')
  expect(html).not.toContain('\u001B')
  expect(html.match(/<article/g)).toHaveLength(3)
  expect(html).toContain('not run')
  expect(html).toContain('npx standin resilience --cell cryptlex.createResellerUser/first/500')
})

test('the HTML report fits its window, and a cell opens its story', async () => {
  const file = join(createFolder(), 'report.html')
  writeFileSync(file, written().read('report.html'))
  for (const width of [390, 1280]) {
    const page = await (await browser()).newPage({ viewport: { width, height: 800 } })
    await page.goto(pathToFileURL(file).href)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    const story = page.getByRole('article', { name: 'cryptlex.createResellerUser/first/500' })
    expect(await story.isVisible()).toBe(false)
    await page.locator('.matrix').getByText('broke', { exact: true }).click()
    expect(await story.isVisible()).toBe(true)
    expect(await story.innerText()).toContain('the fault fired')
    const box = (await story.boundingBox())!
    expect(box.x + box.width).toBe(width)
    await story.getByText('Close').click()
    expect(await story.isVisible()).toBe(false)
    await page.close()
  }
})

test('the JUnit report is XML with a failure for each cell that broke or has a finding', () => {
  const xml = written().read('junit.xml')
  const parser = new SaxesParser()
  const names: string[] = []
  parser.on('opentag', ({ name }) => names.push(name))
  parser.write(xml).close()
  expect(names).toEqual([
    'testsuites',
    'testsuite',
    'testcase',
    'failure',
    'testcase',
    'failure',
    'testcase',
  ])
  expect(xml).toContain('tests="3" failures="2" skipped="0"')
})

test('the JSON report has the scores, and is read as an earlier report', () => {
  const { read, folder } = written()
  expect(JSON.parse(read('report.json'))).toMatchObject({
    format: 1,
    scores: { all: { percent: 33 }, apis: { cryptlex: { broke: 1 } } },
  })
  const results = readReport(join(folder, 'report.json')).results
  expect(results.map(({ verdict }) => verdict)).toEqual([
    'survived-with-findings',
    'broke',
    'survived',
  ])
  expect(() => readReport(join(folder, 'junit.xml'))).toThrow('is not a report.json')
  expect(() => readReport(join(folder, 'none.json'))).toThrow('does not exist')
})

test('the summary of a GitHub step is added to what the step wrote', () => {
  const file = join(createFolder(), 'step.md')
  writeFileSync(file, 'Before\n')
  const { read } = written(file)
  expect(readFileSync(file, 'utf8')).toBe(`Before\n${read('summary.md')}`)
  expect(read('summary.md')).toContain('## Resilience: 33 %')
  expect(read('summary.md')).toContain('| cryptlex | 33 % | 1 | 1 | 1 | 0 |')
})

test('the terminal shows the progress below the cells, and how to repeat the worst', () => {
  let text = ''
  const terminal = new Terminal({
    live: true,
    colors: false,
    program: 'npx standin',
    write: (part) => (text += part),
  })
  const report = sampleReport()
  terminal.result(report.results[0]!, 1, 4, 1000, 40)
  expect(text).toContain('findings  cryptlex.createResellerUser/first/commit-500')
  expect(text).toContain('1 of 4, about 3.0 s left')
  terminal.summary(report)
  expect(text).toContain('Score 33 %: 1 survived, 1 with findings, 1 broke, 0 not met')
  expect(text).toContain(
    "npx standin resilience --cell cryptlex.createResellerUser/first/commit-500 -- npm test -- 'a b'",
  )
})
