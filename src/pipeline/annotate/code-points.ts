import { longFrom, longText, utf8Length } from './long-text'

/**
 * Offsets inside texts are Unicode code points; JavaScript's strings count UTF-16 units. These go from one to the
 * other. A text that is all in the basic plane has equal offsets in both.
 */

const astral = /[\u{10000}-\u{10ffff}]/u
const loneSurrogate = /\p{Surrogate}/u

/** Half of a surrogate pair on its own: not valid Unicode, and it cannot be stored as UTF-8. */
export const hasLoneSurrogate = (text: string): boolean => loneSurrogate.test(text)

export function codePointLength(text: string): number {
  if (text.length >= longFrom) return longText(text).length
  if (!astral.test(text)) return text.length
  let count = 0
  for (const _ of text) count++
  return count
}

/** UTF-16 index of code point `offset`; the text's length for the end. */
export function unitIndex(text: string, offset: number): number {
  if (text.length >= longFrom) return longText(text).unitAt(offset)
  if (!astral.test(text)) return Math.min(offset, text.length)
  let unit = 0
  for (let point = 0; point < offset && unit < text.length; point++)
    unit += text.codePointAt(unit)! > 0xffff ? 2 : 1
  return unit
}

/** Code point offset of UTF-16 index `unit`; inside a pair it is that of the pair's start. */
export function pointOffset(text: string, unit: number): number {
  if (text.length >= longFrom) return longText(text).pointAt(unit)
  if (!astral.test(text)) return Math.min(unit, text.length)
  let point = 0
  for (let at = 0; at < text.length; point++) {
    const next = at + (text.codePointAt(at)! > 0xffff ? 2 : 1)
    if (next > unit) break
    at = next
  }
  return point
}

/** `pointOffset` for many places of one text. */
export function pointOffsets(text: string): (unit: number) => number {
  if (!astral.test(text)) return (unit) => Math.min(unit, text.length)
  const offsets = new Int32Array(text.length + 1)
  let point = 0
  for (let unit = 0; unit < text.length; point++) {
    const size = text.codePointAt(unit)! > 0xffff ? 2 : 1
    offsets.fill(point, unit, unit + size)
    unit += size
  }
  offsets[text.length] = point
  return (unit) => offsets[Math.min(unit, text.length)]
}

/** The words in `[start, end)`, in code points. */
export function sliceCodePoints(text: string, start: number, end: number): string {
  return text.slice(unitIndex(text, start), unitIndex(text, end))
}

/** How a text may be measured by the program that wrote a file. */
export type OffsetUnit = 'code-points' | 'utf-16' | 'utf-8'
export const offsetUnits: readonly OffsetUnit[] = ['code-points', 'utf-16', 'utf-8']

/**
 * Code point offset of `offset` counted in `unit`.
 * @returns null where the offset is past the end or inside a character
 */
export function toCodePoints(text: string, offset: number, unit: OffsetUnit): number | null {
  if (unit === 'code-points') return offset <= codePointLength(text) ? offset : null
  if (text.length >= longFrom) {
    const index = longText(text)
    if (unit === 'utf-8') return index.pointAtByte(offset)
    const point = index.pointAt(offset)
    return index.unitAt(point) === offset ? point : null
  }
  let seen = 0
  let point = 0
  for (const character of text) {
    if (seen >= offset) break
    seen += unit === 'utf-16' ? character.length : utf8Length(character.codePointAt(0)!)
    point++
  }
  return seen === offset ? point : null
}
