import { hrefOf, parameter } from '../../state/location.ts'

export const PARTS = [
  ['', 'Deliveries'],
  ['subscriptions', 'Subscriptions'],
  ['inbox', 'Inbox'],
] as const

/** Links to the parts of the view. */
export function PartLinks() {
  const current = parameter('part')
  return (
    <nav class="tabs parts" aria-label="Parts of the webhooks">
      {PARTS.map(([part, title]) => (
        <a
          key={part}
          href={hrefOf('webhooks', { part })}
          {...(part === current ? { 'aria-current': 'page' as const } : {})}
        >
          {title}
        </a>
      ))}
    </nav>
  )
}
