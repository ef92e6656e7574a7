import type { IncomingMessage, ServerResponse } from 'node:http'

/** Paths that browsers and their developer tools request by themselves beside a page. */
const UNASKED =
  /^\/(?:favicon\.ico|apple-touch-icon[\w-]*\.png|robots\.txt|browserconfig\.xml|\.well-known\/(?:appspecific\/[\w.-]+|traffic-advice))(?:\?|$)/

/** Tests for a request that a browser sends by itself. No API has such a path. */
export function isUnasked({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && UNASKED.test(url)
}

/**
 * Answers a request that a browser sends by itself. It is neither numbered nor recorded, since it
 * would look like a mistake of the client under test.
 */
export function answerUnasked(response: ServerResponse): void {
  // Cached, so that the browser does not repeat it beside each page.
  response.writeHead(204, { 'Cache-Control': 'max-age=3600' }).end()
}
