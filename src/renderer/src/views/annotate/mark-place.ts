import type { AnswerDom } from './answer-dom'
import type { AnswerMarks } from './answer-marks'

/** Where a mark begins on screen, in pixels from the top left corner of the text. */
export interface MarkPlace {
  /** Offset of its first letter: a mark that keeps it keeps its place, because marks never move words. */
  readonly start: number
  readonly top: number
  /** The lower edge of its first line. */
  readonly bottom: number
  /** The side on which its first letter begins: left, or right where the text runs that way. */
  readonly edge: number
}

/** Places of all marks; those in `known` are believed where the mark begins where it did. */
export function markPlaces(
  root: HTMLElement,
  dom: AnswerDom,
  marks: AnswerMarks,
  known: ReadonlyMap<string, MarkPlace>
): Map<string, MarkPlace> {
  const origin = root.getBoundingClientRect()
  const places = new Map<string, MarkPlace>()
  for (const { id, start, end } of marks.list) {
    const old = known.get(id)
    const place = old?.start === start ? old : measure(dom, start, end, origin)
    if (place) places.set(id, place)
  }
  return places
}

function measure(dom: AnswerDom, start: number, end: number, origin: DOMRect): MarkPlace | undefined {
  const range = dom.rangeOf({ start, end: Math.min(end, start + 200) })
  // Where scripts of both directions meet, a line holds several pieces of a mark, in no order to rely on.
  const pieces = [...range.getClientRects()].filter(({ width }) => width > 0)
  const block = range.startContainer.parentElement?.closest('.block')
  if (pieces.length === 0 || !block) return undefined
  const top = Math.min(...pieces.map((piece) => piece.top))
  const first = pieces.filter((piece) => piece.top < top + piece.height / 2)
  const backwards = getComputedStyle(block).direction === 'rtl'
  const edge = backwards
    ? Math.max(...first.map(({ right }) => right))
    : Math.min(...first.map(({ left }) => left))
  return {
    start,
    top: top - origin.top,
    bottom: Math.max(...first.map(({ bottom }) => bottom)) - origin.top,
    edge: edge - origin.left
  }
}
