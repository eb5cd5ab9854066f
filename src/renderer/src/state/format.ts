/** Numbers for people. Grouped thousands, few digits, units spelt short. */
const grouped = new Intl.NumberFormat('en')

export function count(value: number, one: string, many = `${one}s`): string {
  return `${grouped.format(value)} ${value === 1 ? one : many}`
}

export function whole(value: number): string {
  return grouped.format(value)
}

/** Four significant digits at most; a true minus sign. */
export function number(value: number | undefined, digits = 4): string {
  if (value === undefined) return '–'
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size >= 10 ** digits && size < 1e9) return grouped.format(Math.round(value)).replace('-', '−')
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e9) ? value.toExponential(2) : trim(value.toPrecision(digits))
  return text.replace(/-/g, '−')
}

export function signed(value: number, digits = 3): string {
  return value > 0 ? `+${number(value, digits)}` : number(value, digits)
}

function trim(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

export function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = value
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${trim(size.toPrecision(3))} ${units[unit]}`
}

export function duration(seconds: number): string {
  if (seconds < 1) return '< 1 s'
  if (seconds < 100) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function parameters(value: number): string {
  if (value >= 1e9) return `${trim((value / 1e9).toPrecision(3))} B`
  return value >= 1e6 ? `${trim((value / 1e6).toPrecision(3))} M` : `${trim((value / 1e3).toPrecision(3))} k`
}

export function when(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime())
    ? iso
    : date.toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
}

/** The first characters of a hash, enough to tell two apart by eye. */
export function short(hash: string): string {
  return hash.replace(/^sha256:/, '').slice(0, 12)
}
