import type { ComponentType } from 'preact'
import { parameter } from '../../state/location.ts'
import { Deliveries } from './delivery-list.tsx'
import { Inbox } from './inbox.tsx'
import { Subscriptions } from './subscriptions.tsx'
import './webhooks.css'

const PARTS: Readonly<Record<string, ComponentType>> = {
  subscriptions: Subscriptions,
  inbox: Inbox,
}

/** Webhooks: their deliveries, the subscriptions, and what the inboxes received. */
export function Webhooks() {
  const part = parameter('part')
  const Part = PARTS[part] ?? Deliveries
  const isOpen = part !== 'subscriptions' && parameter('open') !== ''
  return (
    <main
      class={`list-detail webhooks ${part === 'subscriptions' ? part : ''} ${isOpen ? 'has-detail' : ''}`}
    >
      <h1 class="hidden">Webhooks</h1>
      <Part key={part} />
    </main>
  )
}
