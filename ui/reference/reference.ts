import type { Examples, FrontPage } from '../../src/admin/contract.gen.ts'
import { describeEvidence } from './evidence.ts'
import { isRecord, type Json } from './json.ts'
import { mendLabels } from './mend.ts'
import { prefill } from './prefill.ts'
import './reference.css'

// The API reference: the documents of this server in Swagger UI, which the page loads before this
// module.

interface SwaggerUi {
  readonly preauthorizeApiKey: (scheme: string, value: string) => unknown
  readonly preauthorizeBasic: (scheme: string, username: string, password: string) => unknown
}
type SwaggerUiBundle = (options: Readonly<Record<string, unknown>>) => SwaggerUi
const swaggerUi = (globalThis as unknown as { SwaggerUIBundle: SwaggerUiBundle }).SwaggerUIBundle // its script defines it

/** Path of the sandbox: empty, or such as `/~checkout`. */
const BASE = location.pathname.replace(/\/_standin\/docs\/?$/i, '')
const ADMIN = `${BASE}/_standin`
const OWN_NAME = 'standin'

const element = (id: string) => document.querySelector(`#${id}`)! // index.html has them

async function fetched<T>(path: string): Promise<T> {
  const response = await fetch(`${ADMIN}${path}`, { headers: { Accept: 'application/json' } })
  if (response.ok) return (await response.json()) as T // the contract says so
  // The session has ended: the reloaded page shows the form for the token.
  if (response.status === 401) location.reload()
  throw new Error(`${path} was answered with ${response.status}`)
}

interface Sandbox {
  readonly front: FrontPage
  readonly credentials: Json
  readonly examples: Examples
}

async function load(): Promise<Sandbox> {
  const [front, credentials, examples] = await Promise.all([
    fetched<FrontPage>('/'),
    fetched<Json>('/credentials'),
    fetched<Examples>('/examples'),
  ])
  return { front, credentials, examples }
}

/** Shows the document that the address names. */
async function show({ front, credentials, examples }: Sandbox): Promise<void> {
  const apis = [...front.apis, { name: OWN_NAME, title: 'Admin API' }]
  const { name, title } = apis.find((one) => one.name === location.hash.slice(1)) ?? apis[0]!
  element('apis').replaceChildren(
    ...apis.map((one) => {
      const link = linkTo(`#${one.name}`, one.title)
      if (one.name === name) link.setAttribute('aria-current', 'page')
      return link
    }),
  )
  const file = `${ADMIN}/openapi/${name}`
  const label = `OpenAPI of ${title}`
  element('documents').replaceChildren(
    ...['json', 'yaml'].map((extension) => {
      const link = linkTo(`${file}.${extension}`, extension.toUpperCase())
      link.setAttribute('aria-label', `${label} in ${extension.toUpperCase()}`)
      return link
    }),
  )
  document.title = `${title} · API reference · Standin`
  const spec = await fetched<Json>(`/openapi/${name}.json`)
  const credential = isRecord(credentials[name]) ? credentials[name] : {}
  useOwnAddress(spec, front)
  describeEvidence(spec)
  prefill(
    spec,
    credential,
    examples.calls.find(({ api }) => api === name),
  )
  const place = document.createElement('div')
  element('reference').replaceChildren(place)
  mendLabels(place)
  const ui = swaggerUi({
    spec,
    domNode: place,
    docExpansion: 'list',
    defaultModelRendering: 'model',
    defaultModelExpandDepth: 2,
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    // Without this, Swagger UI would send the document to a validator on the internet.
    validatorUrl: null,
    onComplete: () => authorize(ui, spec, credential),
  })
}

/**
 * Replaces the server URL by that of the page, because behind a reverse proxy that adds a path only
 * the page knows the whole URL.
 */
function useOwnAddress(spec: Json, front: FrontPage): void {
  const { servers } = spec as { servers: [{ url: string }] } // the contract says so
  servers[0].url = servers[0].url.replace(front.url, `${location.origin}${BASE}`)
}

function authorize(ui: SwaggerUi, spec: Json, credential: Json): void {
  const { components } = spec
  const schemes = isRecord(components) ? components['securitySchemes'] : undefined
  for (const [name, scheme] of Object.entries(isRecord(schemes) ? schemes : {})) {
    if (!isRecord(scheme)) continue
    const { username, password, authorization } = credential
    if (scheme['type'] === 'apiKey') {
      const value = credential[String(scheme['name'])]
      if (typeof value === 'string' || typeof value === 'number') {
        ui.preauthorizeApiKey(name, String(value))
      }
    } else if (scheme['scheme'] === 'basic') {
      ui.preauthorizeBasic(name, String(username), String(password))
    } else if (typeof authorization === 'string') {
      ui.preauthorizeApiKey(name, authorization.replace(/^\S+ /, ''))
    }
  }
}

function linkTo(href: string, text: string): HTMLAnchorElement {
  const link = document.createElement('a')
  link.href = href
  link.textContent = text
  return link
}

async function begin(): Promise<void> {
  const sandbox = await load()
  await show(sandbox)
  addEventListener('hashchange', () => void attempt(() => show(sandbox)))
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
    element('problem').textContent = ''
  } catch (error) {
    element('problem').textContent = error instanceof Error ? error.message : String(error)
  }
}

/** The theme of the dashboard. */
function applyTheme(): void {
  const chosen = localStorage.getItem('standin-theme')
  const isDark =
    chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark-mode', isDark)
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light'
}

applyTheme()
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme)
element('home').setAttribute('href', `${BASE}/`)
void attempt(begin)
