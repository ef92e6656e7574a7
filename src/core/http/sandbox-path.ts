/** The sandbox that a server starts with. */
export const DEFAULT_SANDBOX = 'default'

/** The prefix of all paths of a sandbox: empty for `default`, `/~checkout-42` for another one. */
export function sandboxPath(name: string): string {
  return name === DEFAULT_SANDBOX ? '' : `/~${encodeURIComponent(name)}`
}

/**
 * Returns the sandbox that a host such as `name.localhost` names, or `api.name.localhost` below it.
 *
 * @param host in lower case, without a port and a dot at the end
 */
export function sandboxOfHost(host: string): string | undefined {
  return host.endsWith('.localhost') ? host.split('.').at(-2) : undefined
}

/**
 * True if a URL is below a prefix, in a sandbox's path too. Letters match in any case, as in
 * Express; an escaped letter does not, so a proxy that blocks the prefix need not decode escapes.
 */
export function isBelow(url: string, prefix: string): boolean {
  const path = url.replace(/^\/(?:~|%7E)[^/?]*/i, '')
  const begins = path.slice(0, prefix.length).toLowerCase() === prefix
  return begins && /^(?:[/?]|$)/.test(path.slice(prefix.length))
}
