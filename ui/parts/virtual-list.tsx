import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Rows above and below the visible ones. */
const OVERSCAN = 8

/**
 * A list of rows of equal height that renders only the visible rows. It scrolls to the selected row
 * when the selection changes, and keeps its position when rows are added at the top.
 */
export function VirtualList<T extends { readonly id: string }>({
  items,
  rowHeight,
  selected,
  label,
  onOpen,
  row,
}: {
  readonly items: readonly T[]
  readonly rowHeight: number
  readonly selected: string
  readonly label: string
  readonly onOpen: (item: T) => void
  readonly row: (item: T) => ComponentChildren
}) {
  const frame = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(800)
  const first = useRef<string | undefined>(undefined)

  useEffect(() => {
    const element = frame.current! // rendered below
    const observer = new ResizeObserver(() => setHeight(element.clientHeight))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const selectedAt = items.findIndex(({ id }) => id === selected)
  useLayoutEffect(() => {
    const element = frame.current! // rendered below
    if (selectedAt < 0) return
    const at = selectedAt * rowHeight
    if (at < element.scrollTop) element.scrollTop = at
    else if (at + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = at + rowHeight - element.clientHeight
    }
    // The position of the row changes with every new row; only a new selection scrolls.
  }, [selected])

  useLayoutEffect(() => {
    const element = frame.current! // rendered below
    if (first.current !== undefined && element.scrollTop > 0) {
      const added = items.findIndex(({ id }) => id === first.current)
      if (added > 0) element.scrollTop += added * rowHeight
    }
    first.current = items[0]?.id
  }, [items])

  const from = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN)
  const to = Math.min(items.length, Math.ceil((top + height) / rowHeight) + OVERSCAN)
  return (
    <div
      class="virtual-list"
      ref={frame}
      role="listbox"
      aria-label={label}
      tabIndex={0}
      {...(selectedAt >= from && selectedAt < to
        ? { 'aria-activedescendant': `row-${selected}` }
        : {})}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div class="virtual-space" style={{ height: `${items.length * rowHeight}px` }}>
        <div class="virtual-rows" style={{ transform: `translateY(${from * rowHeight}px)` }}>
          {items.slice(from, to).map((item, i) => (
            <div
              key={item.id}
              id={`row-${item.id}`}
              role="option"
              aria-selected={item.id === selected}
              aria-setsize={items.length}
              aria-posinset={from + i + 1}
              onClick={() => onOpen(item)}
            >
              {row(item)}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
