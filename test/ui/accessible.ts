import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Expects that axe finds nothing; run from here, so the page's policy stays as it is. */
export async function expectAccessible(page: Page): Promise<void> {
  if (await page.evaluate('!window.axe')) await page.evaluate(axe.source)
  // Without selectors of the elements and a copy of the style sheets, which no rule of these reads.
  const violations = await page.evaluate<axe.Result[]>(
    `axe.run({ resultTypes: ['violations'], selectors: false, preload: false })
      .then((found) => found.violations)`,
  )
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  )
  expect(found).toEqual([])
}
