import { overview } from '../state/overview.ts'

/** The name of an API with a coloured square; colours are assigned in the order of the APIs. */
export function ApiName({ name, title }: { readonly name: string; readonly title?: string }) {
  const at = overview.value?.front.apis.findIndex((api) => api.name === name) ?? -1
  return (
    <span class="api-name">
      <span class={`square square-${at}`} aria-hidden="true" />
      <span>{title ?? shortTitle(name)}</span>
    </span>
  )
}

/** The title of an API without its version: `Cryptlex Web API v3` is `Cryptlex`. */
export function shortTitle(name: string): string {
  const title = overview.value?.front.apis.find((api) => api.name === name)?.title ?? name
  return title.replace(/ (?:Web API|API|Manage)?\s*(?:v\d+)?$/, '')
}
