// The create as a custom emulator: keeps each user and answers with it.
import { defineEmulator } from 'emulate'

export default defineEmulator({
  name: 'cryptlex',
  state: () => ({ users: {} }),
  setup({ app, state }) {
    app.post('/v3/resellers/:reseller/users', async (c) => {
      const { password: _, ...sent } = await c.req.json()
      const id = crypto.randomUUID()
      const now = new Date().toISOString()
      const user = { id, createdAt: now, updatedAt: now, ...sent }
      state.users[id] = user
      return c.json(user, 201)
    })
  },
})
