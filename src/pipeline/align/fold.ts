/** A text with its accidents taken out, and the way back. Indices into `folded` are UTF-16. */
export interface FoldedText {
  readonly folded: string
  /** For each UTF-16 unit of `folded`: the code-point range in the original that it stands for. */
  readonly start: Int32Array
  readonly end: Int32Array
}

const single = /[\u2018\u2019\u201a\u201b\u2032\u2035\u0060\u00b4\u02bc\u2039\u203a]/u
const double = /[\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb]/u
const space = /[\s\u0085]/u

/** A character and the marks that combine with it; Hangul syllables in parts; else single code points. */
const cluster =
  /\P{M}\p{M}+|[\u1100-\u115f\ua960-\ua97c]+[\u1160-\u11a7\ud7b0-\ud7c6]*[\u11a8-\u11ff\ud7cb-\ud7fb]*|[^]/gu

/**
 * Folds what a copyist changes without noticing: composed and decomposed letters become one (NFC), a run of white
 * space one space, curly quotation marks straight.
 */
export function fold(text: string): FoldedText {
  const pieces: string[] = []
  const start: number[] = []
  const end: number[] = []
  let at = 0
  let inSpace = false
  for (const [part] of text.matchAll(cluster)) {
    const length = codePoints(part)
    if (space.test(part) && length === 1) {
      if (inSpace) end[end.length - 1] = at + 1
      else add(' ', at, at + 1)
      inSpace = true
    } else {
      inSpace = false
      add(foldQuotes(part.normalize('NFC')), at, at + length)
    }
    at += length
  }
  return { folded: pieces.join(''), start: Int32Array.from(start), end: Int32Array.from(end) }

  function add(piece: string, from: number, to: number): void {
    pieces.push(piece)
    for (let unit = 0; unit < piece.length; unit++) {
      start.push(from)
      end.push(to)
    }
  }
}

const foldQuotes = (part: string): string => (single.test(part) ? "'" : double.test(part) ? '"' : part)

function codePoints(part: string): number {
  let count = 0
  for (const _ of part) count++
  return count
}
