/** One curve of a chart: a value a step, null where nothing was measured. */
export interface Curve {
  readonly label: string
  /** Name of a custom property of tokens.css, such as `--good`. */
  readonly colour: string
  readonly dash?: readonly number[]
  readonly values: readonly (number | null)[]
}

export interface ChartData {
  readonly title: string
  readonly unit: string
  readonly steps: readonly number[]
  readonly curves: readonly Curve[]
}

const quoted = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

/** Comma-separated values (RFC 4180), a row a step; numbers in full. */
export function toCsv({ steps, curves }: Pick<ChartData, 'steps' | 'curves'>): string {
  const head = ['step', ...curves.map(({ label }) => label)].map(quoted).join(',')
  const rows = steps.map((step, place) =>
    [step, ...curves.map(({ values }) => values[place] ?? '')].join(',')
  )
  return [head, ...rows].join('\n') + '\n'
}

const size = { width: 640, height: 320, left: 56, right: 12, top: 28, bottom: 32 }
const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** The chart as a picture that other programs open. `colourOf` gives a custom property's value. */
export function toSvg({ title, unit, steps, curves }: ChartData, colourOf: (name: string) => string): string {
  const known = curves.flatMap(({ values }) => values.filter((value): value is number => value !== null))
  const [low, high] = [Math.min(...known, 0), Math.max(...known, 0)]
  const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 1]
  const x = (step: number) =>
    size.left + ((step - first) / (last - first || 1)) * (size.width - size.left - size.right)
  const y = (value: number) =>
    size.height - size.bottom - ((value - low) / (high - low || 1)) * (size.height - size.top - size.bottom)
  const text = (at: { x: number; y: number; anchor?: string }, words: string) =>
    `<text x="${at.x}" y="${at.y}" text-anchor="${at.anchor ?? 'start'}">${escaped(words)}</text>`
  const lines = curves.map(({ values, colour, dash = [] }) => {
    const points = steps
      .map((step, place) => ({ step, value: values[place] }))
      .filter((point): point is { step: number; value: number } => typeof point.value === 'number')
      .map(({ step, value }) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`)
    return `<polyline fill="none" stroke="${colourOf(colour)}" stroke-width="1.5" stroke-dasharray="${dash.join(' ')}" points="${points.join(' ')}"/>`
  })
  const legend = curves.map(
    ({ label, colour }, place) =>
      `<text x="${size.width - size.right}" y="${size.top + 14 * place}" text-anchor="end" fill="${colourOf(colour)}">${escaped(label)}</text>`
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="11">`,
    text({ x: size.left, y: 16 }, `${title}${unit ? `, ${unit}` : ''}`),
    `<line x1="${size.left}" x2="${size.width - size.right}" y1="${y(0)}" y2="${y(0)}" stroke="#999"/>`,
    text({ x: size.left - 6, y: y(high) + 4, anchor: 'end' }, String(Number(high.toPrecision(3)))),
    text({ x: size.left - 6, y: y(low) + 4, anchor: 'end' }, String(Number(low.toPrecision(3)))),
    text({ x: size.left, y: size.height - 12 }, `step ${first}`),
    text({ x: size.width - size.right, y: size.height - 12, anchor: 'end' }, `step ${last}`),
    ...lines,
    ...legend,
    '</svg>'
  ].join('\n')
}
