// Swagger UI leaves some of its fields without an accessible name and skips heading levels. This
// file adds attributes that Swagger UI never sets, so its updates do not remove them.

type Attributes = Readonly<Record<string, string>>

/** Attributes by the selector of the elements that lack them. */
const LACKING: Readonly<Record<string, Attributes>> = {
  // Page regions outside of the main one, which contains the operations.
  '.information-container': { role: 'region', 'aria-label': 'Description' },
  '.scheme-container': { role: 'region', 'aria-label': 'Server and credentials' },
  '#servers': { 'aria-label': 'Server' },
  '.examples-select-element': { 'aria-label': 'Example' },
  'select.content-type:not([aria-label])': { 'aria-label': 'Media type' },
  'textarea.body-param__text': { 'aria-label': 'Body of the request' },
  '.parameters select:not([aria-label])': { 'aria-label': 'Value' },
  'h3.opblock-tag': { 'aria-level': '2' },
  '.opblock h4': { 'aria-level': '3' },
  '.opblock h5': { 'aria-level': '4' },
  // Elements that scroll must be reachable by the keyboard.
  'pre.microlight': { tabindex: '0' },
}

/** Adds the attributes, now and whenever Swagger UI has added elements. */
export function mendLabels(place: Element): void {
  const mend = () => {
    for (const [selector, attributes] of Object.entries(LACKING)) {
      for (const element of place.querySelectorAll(selector)) {
        for (const [name, value] of Object.entries(attributes)) {
          if (element.getAttribute(name) !== value) element.setAttribute(name, value)
        }
      }
    }
  }
  let isPlanned = false
  const plan = () => {
    if (isPlanned) return
    isPlanned = true
    requestAnimationFrame(() => {
      isPlanned = false
      mend()
    })
  }
  new MutationObserver(plan).observe(place, { childList: true, subtree: true })
  mend()
}
