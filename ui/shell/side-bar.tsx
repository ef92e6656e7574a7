import { BASE, closeSession } from '../api/client.ts'
import { Icon } from '../parts/icon.tsx'
import { hrefOf, viewPath } from '../state/location.ts'
import { overview } from '../state/overview.ts'
import { VIEWS } from '../views.ts'

/** The views, at the left of a wide page and below a narrow one. */
export function SideBar() {
  const shown = overview.value
  return (
    <nav class="side-bar" aria-label="Views">
      <ul>
        {VIEWS.map(({ path, title, icon, count }) => (
          <li key={path}>
            <a href={hrefOf(path)} {...(viewPath.value === path ? { 'aria-current': 'page' } : {})}>
              <Icon name={icon} />
              <span>{title}</span>
              {shown && count ? <span class="count">{count(shown)}</span> : ''}
            </a>
          </li>
        ))}
        <li class="reference">
          <a href={`${BASE}/_standin/docs`}>
            <Icon name="page" />
            <span>API reference</span>
          </a>
        </li>
      </ul>
      {shown?.front.needsToken && (
        <button type="button" class="sign-out link" onClick={() => void closeSession()}>
          Sign out
        </button>
      )}
      <p class="version">{shown ? `Standin ${shown.front.version}` : ''}</p>
    </nav>
  )
}
