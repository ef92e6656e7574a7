import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { BASE, closeSession } from '../api/client.ts'
import { Icon } from '../parts/icon.tsx'
import { hrefOf, viewPath } from '../state/location.ts'
import { overview } from '../state/overview.ts'
import { VIEWS } from '../views.ts'

/** Maximum number of entries on a narrow page. */
const MAX_NARROW = 5

/** The views, at the left of a wide page and below a narrow one. */
export function SideBar() {
  const shown = overview.value
  const [isOpen, setOpen] = useState(false)
  const current = viewPath.value
  const more = VIEWS.length > MAX_NARROW ? VIEWS.slice(MAX_NARROW - 1) : []
  return (
    <nav class="side-bar" aria-label="Views">
      <ul>
        {VIEWS.map(({ path, title, icon, count }) => (
          <li key={path} class={more.some((one) => one.path === path) ? 'more-view' : ''}>
            <a href={hrefOf(path)} {...(current === path ? { 'aria-current': 'page' } : {})}>
              <Icon name={icon} />
              <span>{title}</span>
              {shown && count ? <span class="count">{count(shown)}</span> : ''}
            </a>
          </li>
        ))}
        {more.length > 0 && (
          <li class="more-views">
            <button
              type="button"
              class={more.some(({ path }) => path === current) ? 'current' : ''}
              aria-haspopup="dialog"
              onClick={() => setOpen(true)}
            >
              <Icon name="more" />
              <span>More</span>
            </button>
          </li>
        )}
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
      {isOpen && (
        <Dialog title="More" class="more-dialog" onClose={() => setOpen(false)}>
          <ul>
            {more.map(({ path, title, icon, count }) => (
              <li key={path}>
                <a href={hrefOf(path)} onClick={() => setOpen(false)}>
                  <Icon name={icon} />
                  <span>{title}</span>
                  {shown && count ? <span class="count">{count(shown)}</span> : ''}
                </a>
              </li>
            ))}
            <li>
              <a href={`${BASE}/_standin/docs`}>
                <Icon name="page" />
                <span>API reference</span>
              </a>
            </li>
          </ul>
          {shown?.front.needsToken && (
            <button type="button" class="link" onClick={() => void closeSession()}>
              Sign out
            </button>
          )}
        </Dialog>
      )}
    </nav>
  )
}
