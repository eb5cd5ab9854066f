import { hasLoneSurrogate } from '../../pipeline/annotate/code-points'

/** A response as its words are spelt inside a quote: JSON escapes, UTF-8. */
export interface EscapedResponse {
  readonly bytes: Uint8Array
  /** Per byte, and one more for the end: what begins there. */
  readonly border: Uint8Array
  /** Where characters begin, rising. */
  readonly starts: Int32Array
}

/** What begins at a byte: nothing, a code point inside a grapheme cluster, or a cluster (or the end). */
export const inside = 0
export const codePoint = 1
export const cluster = 2

/** Stands for half a surrogate pair, which no reply may hold: control characters are escaped, so none is a byte. */
export const unquotable = 0

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const encoder = new TextEncoder()

export function escapeResponse(response: string): EscapedResponse {
  const bytes: number[] = []
  const border: number[] = []
  const starts: number[] = []
  for (const { segment } of graphemes.segment(response)) {
    let kind = cluster
    for (const character of segment) {
      starts.push(bytes.length)
      const spelt = hasLoneSurrogate(character)
        ? [unquotable]
        : encoder.encode(JSON.stringify(character).slice(1, -1))
      for (const [index, byte] of spelt.entries()) {
        bytes.push(byte)
        border.push(index === 0 ? kind : inside)
      }
      kind = codePoint
    }
  }
  border.push(cluster)
  return { bytes: Uint8Array.from(bytes), border: Uint8Array.from(border), starts: Int32Array.from(starts) }
}
