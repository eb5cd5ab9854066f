import { pointOffset, unitIndex } from './code-points'
import { longFrom, longText } from './long-text'
import type { Range } from './span'

/** What is kept beside a span's offsets, so that it can be found again and checked. */
export interface Anchor {
  readonly quote: string
  /** Up to 32 code points before and after. */
  readonly prefix: string
  readonly suffix: string
  /** Which occurrence of the quote this is, counted from 1, overlapping matches included. */
  readonly occurrence: number
}

const contextLength = 32

/** `range` must lie inside the text (code points). */
export function anchorOf(text: string, range: Range): Anchor {
  const start = unitIndex(text, range.start)
  const end = unitIndex(text, range.end)
  const quote = text.slice(start, end)
  return {
    quote,
    prefix: lastCodePoints(text.slice(Math.max(0, start - 2 * contextLength), start)),
    suffix: firstCodePoints(text.slice(end, end + 2 * contextLength)),
    occurrence: occurrenceAt(text, quote, start)
  }
}

/** Where the quote stands in the text, in code points; every place, overlapping ones included. */
export function placesOf(text: string, quote: string): Range[] {
  if (quote === '') return []
  const places: Range[] = []
  for (let unit = text.indexOf(quote); unit >= 0; unit = text.indexOf(quote, unit + 1)) {
    if (insidePair(text, unit) || insidePair(text, unit + quote.length)) continue
    places.push({ start: pointOffset(text, unit), end: pointOffset(text, unit + quote.length) })
  }
  return places
}

function occurrenceAt(text: string, quote: string, start: number): number {
  if (quote === '') return 1
  if (text.length >= longFrom) return 1 + longText(text).occurrencesBefore(quote, start)
  let occurrence = 1
  for (let unit = text.indexOf(quote); unit >= 0 && unit < start; unit = text.indexOf(quote, unit + 1))
    occurrence++
  return occurrence
}

/** Whether a UTF-16 index falls between the two halves of one character. */
const insidePair = (text: string, unit: number): boolean => (text.codePointAt(unit - 1) ?? 0) > 0xffff

const firstCodePoints = (text: string): string => [...text].slice(0, contextLength).join('')

/** The slice may begin inside a pair; a half character at its start is left out. */
function lastCodePoints(text: string): string {
  const whole = /^[\udc00-\udfff]/.test(text) ? text.slice(1) : text
  return [...whole].slice(-contextLength).join('')
}
