import { pointOffsets } from '../annotate/code-points'
import type { Range } from '../annotate/span'

/**
 * A sentence ends after its marks (`.`, `!`, `?`, `…`) and the quotes and brackets that close on them, if white space
 * or the end of the text follows; after the full stops of Chinese and Japanese, whatever follows; and at the end of a
 * line. Abbreviations are not known: `Dr. Smith` is two sentences. `3.5` is one.
 */
const sentenceEnd = /(?<![.!?…])[.!?…]+["'”’»)\]]*(?=\s|$)|[。！？]+[”’」』）]*|[\r\n]+|$/gu

/** The sentences of a text, without the white space around them: code points, half-open, in order. */
export function sentences(text: string): Range[] {
  const toPoint = pointOffsets(text)
  const found: Range[] = []
  let from = 0
  for (const end of text.matchAll(sentenceEnd)) {
    const to = end.index + end[0].length
    const whole = text.slice(from, to)
    const start = from + whole.length - whole.trimStart().length
    const stop = from + whole.trimEnd().length
    if (stop > start) found.push({ start: toPoint(start), end: toPoint(stop) })
    from = to
  }
  return found
}
