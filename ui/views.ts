import type { ComponentType } from 'preact'
import type { IconName } from './parts/icon.tsx'
import type { Overview } from './state/overview.ts'
import { Faults } from './views/faults/faults.tsx'
import { Requests } from './views/requests/requests.tsx'
import { Sandboxes } from './views/sandboxes/sandboxes.tsx'
import { Server } from './views/server/server.tsx'
import { Start } from './views/start/start.tsx'

/** A view, as the side bar lists it. */
export interface View {
  /** Path behind `#/`. */
  readonly path: string
  readonly title: string
  readonly icon: IconName
  readonly component: ComponentType
  /** Text at the right of its entry, such as `2 due`. */
  readonly count?: (overview: Overview) => string
}

/** All views, in the order of the side bar; the first one is the start. One line adds a view. */
export const VIEWS: readonly View[] = [
  { path: 'start', title: 'Start', icon: 'home', component: Start },
  {
    path: 'requests',
    title: 'Requests',
    icon: 'list',
    component: Requests,
    count: ({ requests }) => String(requests),
  },
  {
    path: 'faults',
    title: 'Faults',
    icon: 'bolt',
    component: Faults,
    count: ({ armed }) => (armed === 0 ? '' : `${armed} armed`),
  },
  {
    path: 'sandboxes',
    title: 'Sandboxes',
    icon: 'grid',
    component: Sandboxes,
    count: ({ sandboxes }) => String(sandboxes.length),
  },
  { path: 'server', title: 'Server', icon: 'bars', component: Server },
]
