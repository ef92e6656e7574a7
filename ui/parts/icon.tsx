const PATHS = {
  home: 'M2.5 7.5 8 3l5.5 4.5M4 6.5V13h3v-3h2v3h3V6.5',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  person:
    'M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3.5 13.5c0-2.5 2-4 4.500-4s4.500 1.500 4.500 4Z',
  arrow: 'M2.500 8h8M7.500 5l3 3-3 3M13.500 3v10',
  bolt: 'M9 2 4 9h3.500L7 14l5-7H8.500Z',
  check: 'M2.500 3h8v10h-8ZM5 6.500h3M5 9.500h1.500M9 11l2 2 3.500-5',
  grid: 'M3 3h10v10H3ZM8 3v10M3 8h10',
  bars: 'M3.500 13V8M8 13V3M12.500 13v-4',
  page: 'M4 2h5l3 3v9H4ZM9 2v3h3',
  sun: 'M8 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM8 1.500v2M8 12.500v2M1.500 8h2M12.500 8h2M3.400 3.400l1.400 1.400M11.200 11.200l1.400 1.400M12.600 3.400l-1.400 1.400M4.800 11.200l-1.400 1.400',
  moon: 'M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500Z',
  auto: 'M8 2.500a5.500 5.500 0 1 0 0 11ZM8 2.500a5.500 5.500 0 0 1 0 11',
  copy: 'M5.500 5.500h8v8h-8ZM10.500 5.500v-3h-8v8h3',
  back: 'M9.500 3 4.500 8l5 5',
  close: 'm4 4 8 8M12 4l-8 8',
  keys: 'M2 4h12v8H2ZM4.500 6.500h.1M7 6.500h.1M9.500 6.500h.1M12 6.500h-.1M5 9.500h6',
  more: 'M3.500 8h.1M8 8h.1M12.500 8h.1',
} as const

export type IconName = keyof typeof PATHS

/** A line icon in the colour of the text beside it. Assistive technology skips it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
