import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Paths that browsers and their developer tools request without being told to when they open a
 * page.
 */
const AUTOMATIC_PATHS =
  /^\/(?:favicon\.ico|apple-touch-icon[\w-]*\.png|robots\.txt|browserconfig\.xml|\.well-known\/(?:appspecific\/[\w.-]+|traffic-advice))(?:\?|$)/

/** Returns true for a request that a browser sends automatically. No API has such a path. */
export function isAutomaticRequest({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && AUTOMATIC_PATHS.test(url)
}

/**
 * Answers a request that a browser sends automatically. The request gets no id and is not recorded,
 * because it would look like a mistake of the client under test.
 */
export function answerAutomaticRequest(response: ServerResponse): void {
  // Cached, so that the browser does not repeat the request for each page.
  response.writeHead(204, { 'Cache-Control': 'max-age=3600' }).end()
}
