import { adminToken, needsToken, setAdminToken } from '../api/client.ts'
import { refresh } from '../state/overview.ts'

/** Asks for the token of the admin API. */
export function TokenForm() {
  if (!needsToken.value) return null
  return (
    <main class="token">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const token = new FormData(event.currentTarget).get('token')
          if (typeof token !== 'string' || token === '') return
          setAdminToken(token)
          refresh()
        }}
      >
        <h1>Admin token</h1>
        <p>
          This server protects its admin API with a token: the value of{' '}
          <code>STANDIN_ADMIN_TOKEN</code>. It is kept in this tab until you close it.
        </p>
        {adminToken() !== undefined && (
          <p class="problem">The server does not accept this token.</p>
        )}
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
