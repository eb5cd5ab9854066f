import type { MetricsRow } from '../../contract/job'
import type { Html } from './report-html'
import { html } from './report-html'
import { inDigits } from './report-summary'

export interface Curve {
  readonly metric: string
  readonly label: string
  /** A CSS colour, and dashes for those who do not see it. */
  readonly colour: string
  readonly dashes?: string
}

const width = 320
const height = 160
const left = 8
const right = 8
const top = 10
const bottom = 22

/** Curves over steps as one SVG with its range written beside it; null when no step has any of them. */
export function chart(title: string, curves: readonly Curve[], rows: readonly MetricsRow[]): Html | null {
  const drawn = curves
    .map((curve) => ({ curve, points: rows.filter((row) => row[curve.metric] !== undefined) }))
    .filter(({ points }) => points.length > 0)
  if (drawn.length === 0) return null

  const values = drawn.flatMap(({ curve, points }) => points.map((row) => row[curve.metric]))
  const [low, high] = [Math.min(...values, 0), Math.max(...values, 0)]
  const firstStep = rows[0].step
  const lastStep = rows[rows.length - 1].step
  const x = (step: number): number =>
    left + ((step - firstStep) / Math.max(1, lastStep - firstStep)) * (width - left - right)
  const y = (value: number): number => top + ((high - value) / (high - low || 1)) * (height - top - bottom)
  const point = (step: number, value: number): string => `${x(step).toFixed(1)},${y(value).toFixed(1)}`

  const lines = drawn.map(({ curve, points }) => {
    const path = points.map((row) => point(row.step, row[curve.metric])).join(' ')
    return html`<polyline
      points="${path}"
      stroke="${curve.colour}"
      stroke-dasharray="${curve.dashes ?? 'none'}"
    />`
  })
  const legend = drawn.map(
    ({ curve, points }) =>
      html` <span
        >${curve.label}
        <span data-last="${curve.metric}">${inDigits(points[points.length - 1][curve.metric])}</span></span
      >`
  )
  return html`<figure>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title} over steps">
      <line class="axis" x1="${left}" x2="${width - right}" y1="${y(0)}" y2="${y(0)}" />
      ${lines}
      <text x="${left}" y="${top}">${inDigits(high)}</text>
      <text x="${left}" y="${height - bottom - 3}">${inDigits(low)}</text>
      <text x="${left}" y="${height - 4}">step ${firstStep}</text>
      <text x="${width - right}" y="${height - 4}" text-anchor="end">step ${lastStep}</text>
    </svg>
    <figcaption>${title} <span class="dim">· last:${legend}</span></figcaption>
  </figure>`
}
