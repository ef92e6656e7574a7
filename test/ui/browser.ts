import type {
  Browser,
  BrowserContext,
  ConsoleMessage,
  Locator,
  Page,
  Request,
} from 'playwright-core'
import type { Response } from 'supertest'
import { expect, onTestFinished } from 'vitest'
import type { Server } from '../../src/server/server.ts'
import { NEVER } from '../helpers/time.ts'
import { createSandbox, type Settings } from '../helpers/sandbox.ts'
import { launchBrowser } from './launch.ts'

let launched: Promise<Browser> | undefined

/** The browser of this process, started by the first test that needs it. */
export function browser(): Promise<Browser> {
  launched ??= launch()
  return launched
}

async function launch(): Promise<Browser> {
  const started = await launchBrowser()
  process.once('exit', () => void started.close())
  return started
}

/** The tabs of this process: a new one costs more than most tests, so they are used again. */
let context: Promise<BrowserContext> | undefined
const taken = new Set<Page>()
const idle: Page[] = []

async function newContext(): Promise<BrowserContext> {
  return (await browser()).newContext()
}

async function takeTab(): Promise<Page> {
  const page = idle.pop() ?? (await (await (context ??= newContext())).newPage())
  taken.add(page)
  return page
}

/** Leaves nothing of a test to the next one: no page, no cookie, no stored value. */
async function releaseTab(page: Page, hasFailed: boolean): Promise<void> {
  taken.delete(page)
  const own = page.context()
  if (hasFailed) {
    context = undefined
    idle.length = 0
    await own.close()
    return
  }
  await page.evaluate('localStorage.clear()')
  await page.goto('about:blank')
  await own.clearCookies()
  for (const one of own.pages()) {
    if (one !== page && !taken.has(one) && !idle.includes(one)) await one.close()
  }
  idle.push(page)
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
 * Opens the dashboard in a tab of its own. The test fails if the page writes to the console,
 * throws, violates its policy or requests anything from elsewhere.
 */
export async function openPage(
  { url }: Pick<Server, 'url'>,
  options: PageOptions = {},
): Promise<Page> {
  const { width = 1280, height = 800, theme = 'light', path = '/', hash = '', expected } = options
  const page = await takeTab()
  const complaints: string[] = []
  const onConsole = (message: ConsoleMessage) => {
    complaints.push(`${message.type()}: ${message.text()}`)
  }
  const onError = (error: Error) => complaints.push(`error: ${error.message}`)
  const onRequest = (request: Request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) {
      complaints.push(`a request to ${request.url()}`)
    }
  }
  page.on('console', onConsole).on('pageerror', onError).on('request', onRequest)
  onTestFinished(async ({ task }) => {
    page.off('console', onConsole).off('pageerror', onError).off('request', onRequest)
    await releaseTab(page, task.result?.state === 'fail')
    expect(complaints.filter((text) => !expected?.test(text))).toEqual([])
  })
  page.setDefaultTimeout(NEVER)
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme: theme })
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
