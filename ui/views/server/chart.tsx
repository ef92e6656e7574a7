/** One series of values of a chart, with its colour. */
export interface Series {
  readonly title: string
  readonly tone: 'ok' | 'warn' | 'bad' | 'accent' | 'second'
  readonly values: readonly number[]
}

const WIDTH = 360
const HEIGHT = 84

/** Stacked bars over time, the newest at the right, with the newest values as text. */
export function Chart({
  title,
  unit,
  series,
  slots,
  span,
}: {
  readonly title: string
  readonly unit: string
  readonly series: readonly Series[]
  /** Maximum number of bars. */
  readonly slots: number
  /** Period that all bars together cover, such as `3 min`. */
  readonly span: string
}) {
  const count = series[0]?.values.length ?? 0
  const sums = Array.from({ length: count }, (_, i) =>
    series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
  )
  const top = niceTop(Math.max(0, ...sums))
  const step = WIDTH / slots
  const bars = sums.flatMap((_, i) => {
    let y = HEIGHT
    return series.flatMap(({ tone, values }) => {
      const value = values[i] ?? 0
      if (value <= 0) return []
      const height = Math.max(1, (value / top) * HEIGHT)
      y -= height
      const x = WIDTH - (count - i) * step
      return [
        <rect
          key={`${i} ${tone}`}
          class={tone}
          x={x.toFixed(2)}
          y={y.toFixed(2)}
          width={Math.max(1, step - 1).toFixed(2)}
          height={height.toFixed(2)}
        />,
      ]
    })
  })
  const text = series.map((one) => `${one.title} ${shown(one.values.at(-1) ?? 0)}`).join(', ')
  return (
    <section class="box chart" aria-label={title}>
      <div class="chart-head">
        <h2>{title}</h2>
        <span class="quiet">{unit}</span>
      </div>
      <div class="plot">
        <span class="axis">{shown(top)}</span>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title}, ${unit}; now ${text}`}
        >
          <line class="grid" x1="0" x2={WIDTH} y1="0.5" y2="0.5" />
          <line class="grid" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
          <line class="grid" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
          {bars}
        </svg>
      </div>
      <div class="chart-foot">
        <span class="quiet">{span} ago</span>
        <span class="spacer" />
        <span class="quiet">now</span>
      </div>
      <ul class="legend">
        {series.map((one) => (
          <li key={one.title}>
            <svg class="swatch" width="10" height="10" aria-hidden="true">
              <rect class={one.tone} width="10" height="10" rx="2" />
            </svg>
            {one.title} <b>{shown(one.values.at(-1) ?? 0)}</b>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** A number with one decimal below 10, and none above. */
function shown(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : Math.round(value).toLocaleString('en')
}

/** The next of 1, 2, 5, 10, 20, … */
function niceTop(value: number): number {
  if (value <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return (([1, 2, 5, 10] as const).find((one) => one * power >= value) ?? 10) * power
}
