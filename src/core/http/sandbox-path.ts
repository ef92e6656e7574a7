/** The sandbox that a server starts with. */
export const DEFAULT_SANDBOX = 'default'

/** The start of every path of a sandbox: empty for `default`, else such as `/~checkout-42`. */
export function sandboxPath(name: string): string {
  return name === DEFAULT_SANDBOX ? '' : `/~${encodeURIComponent(name)}`
}
