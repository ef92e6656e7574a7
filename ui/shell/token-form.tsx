import { useState } from 'preact/hooks'
import { openSession } from '../api/client.ts'
import { messageOf } from '../state/actions.ts'
import { refresh } from '../state/overview.ts'

/** Asks for the token of the admin API. */
export function TokenForm() {
  const [problem, setProblem] = useState('')
  const submit = async (token: string) => {
    try {
      await openSession(token)
      // This page was sent in place of the API reference; reloading shows the reference.
      if (/\/docs\/?$/.test(location.pathname)) location.reload()
      else refresh()
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  return (
    <main class="token">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const token = new FormData(event.currentTarget).get('token')
          if (typeof token === 'string' && token !== '') void submit(token)
        }}
      >
        <h1>Admin token</h1>
        <p>
          This server protects its admin API with a token: the value of{' '}
          <code>STANDIN_ADMIN_TOKEN</code>. You stay signed in until you sign out, or the server or
          this browser ends.
        </p>
        <p class="problem" role="alert">
          {problem}
        </p>
        <label>
          Token
          <input name="token" type="password" autocomplete="off" autofocus required />
        </label>
        <button type="submit" class="button primary">
          Continue
        </button>
      </form>
    </main>
  )
}
