import { expect, test } from 'vitest'
import { createCaller } from '../../helpers/caller.ts'
import { createSandbox } from '../../helpers/sandbox.ts'

test('a new fault does not replace one with a chosen id', async () => {
  const caller = createCaller(await createSandbox())
  await caller.put('/_standin/faults/fault-2', { status: 501 })
  await caller.put('/_standin/faults/fault-1', { status: 502 })
  const { id } = (await caller.post('/_standin/faults', { status: 503 })).json<{ id: string }>()
  expect(id).toBe('fault-3')
  const { faults } = (await caller.get('/_standin/faults')).json<{ faults: unknown[] }>()
  expect(faults).toHaveLength(3)
})

test.each(['a%0d%0aX-Injected:%201', '%00', 'a%20b', '%f0%9f%92%a5', 'x'.repeat(65)])(
  'an id that does not fit into a header is refused: %s',
  async (id) => {
    const caller = createCaller(await createSandbox())
    const answer = await caller.put(`/_standin/faults/${id}`, { status: 500 })
    expect([answer.status, answer.reason]).toEqual([400, 'fault.invalid'])
    expect(answer.text).toContain('id must')
    expect((await caller.get('/_standin/faults')).json()).toEqual({ faults: [] })
  },
)
