import { useState } from 'preact/hooks'
import { needsToken } from './api/client.ts'
import { Notices } from './parts/notices.tsx'
import { Header } from './shell/header.tsx'
import { KeyHelp } from './shell/key-help.tsx'
import { SideBar } from './shell/side-bar.tsx'
import { TokenForm } from './shell/token-form.tsx'
import { useKeys } from './state/keys.ts'
import { viewPath } from './state/location.ts'
import { overview } from './state/overview.ts'
import { VIEWS } from './views.ts'

/** The page: header, side bar and the view that the address names. */
export function App() {
  const [isHelp, setHelp] = useState(false)
  useKeys([{ key: '?', run: () => setHelp(true) }])
  if (needsToken.value) return <TokenForm />
  const view = viewOf(viewPath.value)
  if (!view) return <Header onHelp={() => setHelp(true)} />
  const { component: Component } = view
  document.title = `${view.title} · Standin`
  return (
    <>
      <Header onHelp={() => setHelp(true)} />
      <SideBar />
      <Component key={view.path} />
      <Notices />
      {isHelp && <KeyHelp onClose={() => setHelp(false)} />}
    </>
  )
}

/**
 * Returns the view of a path. Without a path, it is the request list, or the start while there are
 * no requests.
 */
function viewOf(path: string) {
  const named = VIEWS.find((one) => one.path === path)
  if (named || path !== '') return named ?? VIEWS[0]
  const shown = overview.value
  if (!shown) return undefined
  const chosen = shown.requests > 0 ? 'requests' : VIEWS[0]!.path
  location.replace(`#/${chosen}`)
  return VIEWS.find((one) => one.path === chosen)
}
