import type { ComponentType } from 'preact'
import type { IconName } from './parts/icon.tsx'
import type { Overview } from './state/overview.ts'
import { Faults } from './views/faults/faults.tsx'
import { ReportCard } from './views/report-card/report-card.tsx'
import { Requests } from './views/requests/requests.tsx'
import { Sandboxes } from './views/sandboxes/sandboxes.tsx'
import { Server } from './views/server/server.tsx'
import { Start } from './views/start/start.tsx'
import { Users } from './views/users/users.tsx'
import { Webhooks } from './views/webhooks/webhooks.tsx'

/** A view, as the side bar lists it. */
export interface View {
  /** Path behind `#/`. */
  readonly path: string
  readonly title: string
  readonly icon: IconName
  readonly component: ComponentType
  /** Text at the right of its entry, such as `2 due`. */
  readonly count?: (overview: Overview) => string
  /** What the filter of the header searches in; absent where the view has no list. */
  readonly filter?: string
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
    filter: 'Filter: status, text, e-mail, fault…',
  },
  {
    path: 'users',
    title: 'Users',
    icon: 'person',
    component: Users,
    count: ({ users }) => String(users),
    filter: 'Filter: e-mail, name, id…',
  },
  {
    path: 'webhooks',
    title: 'Webhooks',
    icon: 'arrow',
    component: Webhooks,
    count: ({ due }) => (due === 0 ? '' : `${due} due`),
    filter: 'Filter: e-mail, event, receiver, id…',
  },
  {
    path: 'faults',
    title: 'Faults',
    icon: 'bolt',
    component: Faults,
    count: ({ armed }) => (armed === 0 ? '' : `${armed} armed`),
  },
  { path: 'report-card', title: 'Report card', icon: 'check', component: ReportCard },
  {
    path: 'sandboxes',
    title: 'Sandboxes',
    icon: 'grid',
    component: Sandboxes,
    count: ({ sandboxes }) => String(sandboxes.length),
  },
  { path: 'server', title: 'Server', icon: 'bars', component: Server },
]
