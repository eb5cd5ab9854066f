/**
 * Where the code points of a long text are. Spans are placed one by one, and each would walk the text from its start:
 * a thousand of them in 32 MB would take hours. So the latest long text is walked once, and remembered.
 */
export interface LongText {
  /** Code points. */
  readonly length: number
  /** UTF-16 index of a code point; the text's length past the end. */
  unitAt(point: number): number
  /** Code point of a UTF-16 index; inside a pair that of the pair. */
  pointAt(unit: number): number
  /** Code point of an offset in bytes of UTF-8; null past the end or inside a character. */
  pointAtByte(byte: number): number | null
  /** How often a quote begins before a UTF-16 index at which it stands; places that rise are counted on from the last. */
  occurrencesBefore(quote: string, unit: number): number
}

/** UTF-16 units from which a text is long. */
export const longFrom = 8192
/** UTF-16 units between two places that are remembered. */
const stride = 1024

let latest: { readonly text: string; readonly index: LongText } | null = null

/** For texts of at least `longFrom` units: walked at the first call, and again only after another text. */
export function longText(text: string): LongText {
  if (latest?.text !== text) latest = { text, index: indexOf(text) }
  return latest.index
}

/** The latest text is let go: it may be all that keeps 32 MB in memory. */
export const forgetLongText = (): void => void (latest = null)

/** Bytes of a character in UTF-8. */
export function utf8Length(code: number): number {
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}

function indexOf(text: string): LongText {
  const count = Math.floor(text.length / stride) + 1
  // Of the first character at or after each stride: its unit, and what lies before it in points and bytes.
  const units = new Uint32Array(count)
  const points = new Uint32Array(count)
  const bytes = new Uint32Array(count)
  let [point, byte, next] = [0, 0, 0]
  for (let unit = 0; unit < text.length; point++) {
    while (next < count && unit >= next * stride) {
      units[next] = unit
      points[next] = point
      bytes[next++] = byte
    }
    const code = text.codePointAt(unit)!
    byte += utf8Length(code)
    unit += code > 0xffff ? 2 : 1
  }
  for (; next < count; next++) {
    units[next] = text.length
    points[next] = point
    bytes[next] = byte
  }
  const [length, size] = [point, byte]

  /** Walks from the last remembered place whose count is at most `offset` to the last character that starts there. */
  function walk(counts: Uint32Array, offset: number, sizeOf: (code: number) => number) {
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (counts[middle] <= offset) low = middle
      else high = middle - 1
    }
    let [unit, at, seen] = [units[low], points[low], counts[low]]
    while (unit < text.length) {
      const code = text.codePointAt(unit)!
      if (seen + sizeOf(code) > offset) break
      seen += sizeOf(code)
      unit += code > 0xffff ? 2 : 1
      at++
    }
    return { unit, point: at, seen }
  }
  const counted = new Map<string, { readonly unit: number; readonly count: number }>()
  return {
    length,
    unitAt: (offset) => walk(points, offset, () => 1).unit,
    pointAt: (unit) => walk(units, unit, (code) => (code > 0xffff ? 2 : 1)).point,
    pointAtByte: (offset) => {
      if (offset > size) return null
      const found = walk(bytes, offset, utf8Length)
      return found.seen === offset ? found.point : null
    },
    occurrencesBefore: (quote, unit) => {
      const before = counted.get(quote)
      let { unit: from, count } = before && before.unit <= unit ? before : { unit: 0, count: 0 }
      for (from = text.indexOf(quote, from); from >= 0 && from < unit; from = text.indexOf(quote, from + 1))
        count++
      counted.set(quote, { unit, count })
      return count
    }
  }
}
