import { computed, signal } from '@preact/signals'

// The address is in the hash: it cannot collide with a path of a vendor's API, and the server need
// not know the views.

function readHash(): URL {
  return new URL(location.hash.slice(1) || '/', 'http://hash')
}

const hash = signal(readHash())

addEventListener('hashchange', () => (hash.value = readHash()))

/** Path of the current view, such as `requests`; empty at the start. */
export const viewPath = computed(() => hash.value.pathname.replaceAll('/', ''))

/** Query of the current view. */
export const query = computed(() => hash.value.searchParams)

/** One parameter of the query; empty if it is absent. */
export function parameter(name: string): string {
  return query.value.get(name) ?? ''
}

type Changes = Readonly<Record<string, string | undefined>>

/** The hash of a view with these parameters. */
export function hrefOf(path: string, parameters: Changes = {}): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value]],
  )
  return `#/${path}${given.length === 0 ? '' : `?${new URLSearchParams(given)}`}`
}

/** Opens a view. */
export function open(path: string, parameters: Changes = {}): void {
  location.hash = hrefOf(path, parameters)
}

/**
 * Changes parameters of the current view.
 *
 * @param isStep true for a change that the back button should undo
 */
export function setParameters(changes: Changes, isStep = false): void {
  const next = { ...Object.fromEntries(query.value), ...changes }
  const href = hrefOf(viewPath.value, next)
  if (isStep) history.pushState(null, '', href)
  else history.replaceState(null, '', href)
  hash.value = readHash()
}
