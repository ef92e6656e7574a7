import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { ServerResponse, IncomingMessage } from 'node:http'
import { codeOf } from '../core/errors.ts'
import { packaged } from '../package.ts'

// Serves the built dashboard, which `rolldown.config.ts` builds from `ui/`. Files are read only
// when a browser requests them.

/** Path of the assets, below the prefix of the admin API. */
export const ASSETS = '/ui'

/** Headers of the page: scripts and styles of this server only, no inline ones, no framing. */
export const DASHBOARD_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
  Vary: 'Accept',
}

/**
 * Headers of the API reference. The policy is that of the dashboard, except that it permits the
 * library to write HTML, which it sanitizes, and to use the small images in its style sheet.
 */
export const REFERENCE_HEADERS: Readonly<Record<string, string>> = {
  ...DASHBOARD_HEADERS,
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Names of assets: each has a hash of its content, and none leads to another folder. */
const ASSET = /^\/((?:reference\/)?[\w-]+-[\w-]{8}\.(js|css|svg))$/

/**
 * Reads the page.
 *
 * @param path path of the page as requested by the browser, including the sandbox's prefix
 * @param own path prefix of the admin API
 * @returns undefined if the dashboard is not built
 */
export function dashboardPage(path: string, own: string): string | undefined {
  return page('index.html', path, own)
}

/** Reads the page of the API reference, as `dashboardPage` does. */
export function referencePage(path: string, own: string): string | undefined {
  return page('reference/index.html', path, own)
}

function page(file: string, path: string, own: string): string | undefined {
  // Relative, so that it also works below a path of a reverse proxy.
  const up = '../'.repeat(path.split('/').length - 2) || './'
  try {
    // The file is read synchronously: it has one kilobyte, and the pages for refusals are made
    // synchronously.
    const text = readFileSync(fileOf(file), 'utf8')
    return text.replaceAll('{{assets}}', `${up}${own.slice(1)}${ASSETS}/`)
  } catch (error) {
    return absent(error)
  }
}

/**
 * Answers a request for an asset.
 *
 * @param path path below `ASSETS`
 * @returns false if there is no such asset
 */
export async function answerAsset(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const [, name, extension = ''] = ASSET.exec(path) ?? []
  const { method, headers } = request
  if (name === undefined || (method !== 'GET' && method !== 'HEAD')) return false
  const isGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(
    [headers['accept-encoding'] ?? ''].flat().join(','),
  )
  const body = await readFile(fileOf(isGzip ? `${name}.gz` : name)).catch(absent)
  if (!body) return false
  response.writeHead(200, {
    'Content-Type': MEDIA_TYPES[extension],
    'Content-Length': body.length,
    ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
    Vary: 'Accept-Encoding',
    // Caching is safe, because the name of a file changes with its content.
    'Cache-Control': 'public, max-age=31536000, immutable',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  })
  response.end(method === 'HEAD' ? undefined : body)
  return true
}

function fileOf(name: string): string {
  return packaged(`dist/ui/${name}`)
}

/** Returns undefined for a file that does not exist; throws every other error. */
function absent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
