import { test } from 'vitest'
import { createSandbox, creations } from './helpers/sandbox.ts'

test.each(creations)('$api answers its fixture with $status', async ({ send, status }) => {
  const sandbox = await createSandbox()
  await send(sandbox).expect(status)
})
