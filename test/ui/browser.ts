import type { Browser, Locator, Page } from 'playwright-core'
import type { Response } from 'supertest'
import { expect, onTestFinished } from 'vitest'
import type { Server } from '../../src/server/server.ts'
import { NEVER } from '../helpers/time.ts'
import { createSandbox, type Settings } from '../helpers/sandbox.ts'
import { launchBrowser } from './launch.ts'

let launched: Promise<Browser> | undefined

/** The browser of this process, started by the first test that needs it. */
function browser(): Promise<Browser> {
  launched ??= launch()
  return launched
}

async function launch(): Promise<Browser> {
  const started = await launchBrowser()
  process.once('exit', () => void started.close())
  return started
}

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly theme?: 'light' | 'dark'
  /** Path of the page, such as `/~checkout/`. */
  readonly path?: string
  /** The view, such as `#/requests?q=409`. */
  readonly hash?: string
  /** Messages of the console that the test expects. */
  readonly expected?: RegExp
}

/**
 * Opens the dashboard in a context of its own. The test fails if the page writes to the console,
 * throws, violates its policy or requests anything from elsewhere.
 */
export async function openPage(
  { url }: Pick<Server, 'url'>,
  options: PageOptions = {},
): Promise<Page> {
  const { width = 1280, height = 800, theme = 'light', path = '/', hash = '', expected } = options
  const context = await (
    await browser()
  ).newContext({ viewport: { width, height }, colorScheme: theme })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) {
      complaints.push(`a request to ${request.url()}`)
    }
  })
  onTestFinished(async () => {
    await context.close()
    expect(complaints.filter((text) => !expected?.test(text))).toEqual([])
  })
  page.setDefaultTimeout(NEVER)
  await page.goto(`${url}${path}${hash}`)
  return page
}

/** A server, and its dashboard once it is live. */
export async function openDashboard(
  options: PageOptions & { readonly settings?: Settings } = {},
): Promise<{ readonly server: Server; readonly page: Page }> {
  const server = await createSandbox(options.settings)
  const page = await openPage(server, options)
  await page.locator('.live.live').waitFor()
  return { server, page }
}

/** The visible rows of the request list. */
export const rowsOf = (page: Page): Locator => page.locator('.virtual-list').getByRole('option')

/** The id of the request of an answer. The dashboard's own calls take numbers too. */
export const idOf = ({ headers }: Response): string => String(headers['standin-request-id'])
