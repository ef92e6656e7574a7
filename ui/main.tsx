import { render } from 'preact'
render(<p>Standin</p>, document.querySelector('#app')!)
