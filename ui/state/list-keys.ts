import { useEffect } from 'preact/hooks'
import { useKeys } from './keys.ts'
import { parameter, setParameters } from './location.ts'

/**
 * Opens an item beside the list. Opening the first item adds one entry to the browser's history;
 * going from item to item adds none.
 */
export function openItem(id: string): void {
  setParameters({ open: id, tab: '' }, parameter('open') === '')
}

export function closeItem(): void {
  setParameters({ open: '', tab: '' }, true)
}

/**
 * Registers the keys of a list with a detail beside it. The open item is a parameter of the
 * address.
 *
 * @param opened the id of the open item in the list
 */
export function useListKeys(ids: readonly string[], opened = parameter('open')): void {
  const step = (by: number) => () => {
    const at = ids.indexOf(opened)
    const next = at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by))
    const id = ids[next]
    if (id !== undefined) openItem(id)
  }
  useKeys([
    { key: 'j', run: step(1) },
    { key: 'ArrowDown', run: step(1) },
    { key: 'k', run: step(-1) },
    { key: 'ArrowUp', run: step(-1) },
    {
      key: 'Enter',
      run: () =>
        opened === '' ? step(0)() : document.querySelector<HTMLElement>('.detail h2')?.focus(),
    },
    {
      key: 'Escape',
      run: () => {
        if (opened !== '') closeItem()
        else if (parameter('q') !== '') setParameters({ q: '' })
      },
    },
  ])
  useEffect(() => {
    document.querySelector('.item[aria-current]')?.scrollIntoView({ block: 'nearest' })
    // Scrolls when the item is first rendered, but not when other items are added later.
  }, [opened, ids.includes(opened)])
}
