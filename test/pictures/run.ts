// Starts the product, plays a scene and writes the pictures of the docs: `npm run pictures`. The
// scene has a fixed seed, clock and address, so a picture changes only with the dashboard.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { withDefaults } from '../../src/config/config.ts'
import { startServer } from '../../src/server/server.ts'
import { launchBrowser } from '../ui/launch.ts'
import { compressed } from './png.ts'
import { playScene } from './scene.ts'

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url))
/** Most bytes of a picture. */
const MAX_SIZE = 200_000
/** The address in the pictures, whatever the port of the server. */
const ORIGIN = 'http://localhost:4020'

interface Picture {
  readonly name: string
  readonly theme: 'light' | 'dark'
  readonly path: string
  /** The view that it shows; without the view there is no picture. */
  readonly view?: string
  readonly width?: number
  readonly height?: number
  /** Brings the page to what the picture shows. */
  readonly prepare: (page: Page) => Promise<void>
}

/** The table of views; it cannot be imported here, since it loads style sheets. */
const VIEWS = readFileSync(new URL('../../ui/views.ts', import.meta.url), 'utf8')

const list = (page: Page) => page.locator('.virtual-list').getByRole('option')

/** One row is one picture. */
const PICTURES: readonly Picture[] = [
  {
    name: 'dashboard-light',
    theme: 'light',
    path: '/#/requests',
    prepare: async (page) => {
      await list(page).filter({ hasText: 'commit-500' }).click()
      await page.locator('.step').first().waitFor()
    },
  },
  {
    name: 'dashboard-dark',
    theme: 'dark',
    path: '/#/requests',
    prepare: async (page) => {
      await list(page).filter({ hasText: 'commit-500' }).click()
      await page.locator('.step').first().waitFor()
    },
  },
  {
    name: 'explanation',
    theme: 'light',
    path: '/#/requests',
    height: 900,
    prepare: async (page) => {
      await list(page).filter({ hasText: '409' }).click()
      await page.locator('.step.refused').first().scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'webhooks',
    theme: 'light',
    path: '/#/webhooks',
    view: 'webhooks',
    prepare: async (page) => {
      const retried = page.locator('.items .item').filter({ hasText: /ada@.*billing/s })
      await retried.locator('.item-link').click()
      await page.getByRole('tab', { name: /^Attempts/ }).click()
      await page.locator('.attempt-head').first().waitFor()
    },
  },
  {
    name: 'reference',
    theme: 'light',
    path: '/_standin/docs#cryptlex',
    height: 900,
    prepare: async (page) => {
      const operation = page.locator('.opblock-post').first()
      await operation.locator('.opblock-summary-control').click()
      await operation.locator('.json-schema-2020-12-property').first().waitFor()
      await page.evaluate(
        'scrollTo(0, document.querySelector(".opblock-section-request-body").getBoundingClientRect().top - 60)',
      )
    },
  },
]

async function take(browser: Browser, shown: Picture): Promise<void> {
  const { name, theme, path, width = 1280, height = 800, prepare } = shown
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  })
  // The time that a request took is the only thing that differs from run to run.
  await context.route(/\/_standin\/requests/, async (route) => {
    const url = route.request().url().replace(ORIGIN, server.url)
    const response = await route.fetch({ url })
    const body = (await response.text()).replaceAll(/"ms": ?[\d.]+/g, '"ms":1.8')
    await route.fulfill({ response, body })
  })
  const page = await context.newPage()
  await page.goto(`${ORIGIN}${path}`)
  await prepare(page)
  const picture = compressed(await page.screenshot({ animations: 'disabled', caret: 'hide' }))
  await context.close()
  const size = picture.length
  if (size > MAX_SIZE) throw new Error(`${name}.png has ${size} bytes, more than ${MAX_SIZE}`)
  writeFileSync(`${FOLDER}${name}.png`, picture)
  console.log(`docs/images/${name}.png, ${Math.round(size / 1000)} kB`)
}

const clock = Date.parse('2026-01-15T09:30:00Z')
const server = await startServer(withDefaults({ port: 0, memory: true, seed: 42, clock }))
const browser = await launchBrowser([
  `--host-resolver-rules=MAP localhost:4020 127.0.0.1:${server.port}`,
])
try {
  mkdirSync(FOLDER, { recursive: true })
  await playScene(server.url)
  for (const picture of PICTURES) {
    const { view } = picture
    if (view === undefined || VIEWS.includes(`path: '${view}'`)) await take(browser, picture)
  }
} finally {
  await browser.close()
  await server.close()
}
