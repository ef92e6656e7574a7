import type { Delivery } from '../../../src/admin/contract.gen.ts'
import { callAdmin } from '../../api/client.ts'
import { Plain } from '../../parts/plain.tsx'
import { hrefOf } from '../../state/location.ts'

/** The webhooks that a change caused. */
export interface Caused {
  readonly what: string
  readonly deliveries: readonly Delivery[]
}

export function CausedWebhooks({ caused: { what, deliveries } }: { readonly caused: Caused }) {
  return (
    <div class="caused" role="status">
      <p>
        {what}{' '}
        {deliveries.length === 0
          ? 'and caused no webhook.'
          : `and caused ${deliveries.length === 1 ? 'a webhook' : `${deliveries.length} webhooks`}:`}
      </p>
      <ul>
        {deliveries.map(({ id, event, url }) => (
          <li key={id}>
            <a href={hrefOf('webhooks', { open: id })}>{event}</a> to{' '}
            <code>
              <Plain text={url} max={200} />
            </code>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The deliveries about a user; none if they cannot be read. */
async function deliveriesOf(userId: string): Promise<readonly Delivery[]> {
  const query = { userId, last: 100 }
  return await callAdmin({ operation: 'listDeliveries', query }).then(
    ({ deliveries }) => deliveries,
    () => [],
  )
}

/** Makes a change of a user and finds the webhooks that it caused. */
export async function withCaused<T>(
  userId: string,
  change: () => Promise<T | undefined>,
): Promise<readonly [T | undefined, readonly Delivery[]]> {
  const before = new Set((await deliveriesOf(userId)).map(({ id }) => id))
  const answer = await change()
  if (answer === undefined) return [undefined, []]
  return [answer, (await deliveriesOf(userId)).filter(({ id }) => !before.has(id))]
}
