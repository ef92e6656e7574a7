import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

/** Where Debian, Ubuntu, Fedora and macOS have a Chromium. */
const PATHS = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

const MISSING =
  'The tests of the dashboard need Chromium: run "apt-get install chromium", or set CHROMIUM to the path of a Chromium or Chrome'

/** Starts a Chromium without a window. Throws an Error that says what to install. */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  const executablePath = PATHS.find((path) => path !== '' && existsSync(path))
  if (executablePath === undefined) throw new Error(MISSING)
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-gpu-compositing',
    '--disable-gpu-rasterization',
    '--disable-software-rasterizer',
    // One process for all pages and the compositor: with a renderer per server, a page loads three
    // times as long.
    '--in-process-gpu',
    '--renderer-process-limit=1',
    '--disable-site-isolation-trials',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    ...more,
  ]
  return chromium.launch({ executablePath, args })
}
