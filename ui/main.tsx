import { render } from 'preact'
import './styles/base.css'
import './styles/shell.css'
import './styles/controls.css'
import './styles/list-detail.css'
import { App } from './app.tsx'
import { followOverview } from './state/overview.ts'
import { followRequests } from './state/requests.ts'

followOverview()
void followRequests()
render(<App />, document.querySelector('#app')!) // index.html has it
