/** A stretch of text on one line of its own: UTF-16 offsets, half-open, without the line break that follows. */
export interface Block {
  readonly start: number
  readonly end: number
  /** True when only the display breaks here: the paragraph was too long for the browser to edit quickly. */
  readonly continues: boolean
}

/** Chrome 114 takes 0.3 to 1.6 s an edit on a paragraph of 100,000 characters; of 1,000, under 20 ms. */
const longestBlock = 1000

/**
 * An answer's text, cut into blocks, with its two ways of counting: UTF-16 units, as the browser does, and Unicode
 * code points, as everything outside the window does. Graphemes and words are found one block at a time, because
 * `Intl.Segmenter` is quadratic over a long string in Chrome 114.
 */
export class TextIndex {
  readonly blocks: readonly Block[]
  /** UTF-16 offset of the first half of every surrogate pair. */
  private readonly pairs: readonly number[]
  private readonly graphemes = new Map<number, readonly number[]>()

  constructor(readonly text: string) {
    this.blocks = cutBlocks(text)
    const pairs: number[] = []
    for (let at = 0; at < text.length; at++)
      if ((text.codePointAt(at) ?? 0) > 0xffff) {
        pairs.push(at)
        at++
      }
    this.pairs = pairs
  }

  toCodePoint(utf16: number): number {
    return utf16 - countBelow(this.pairs, utf16)
  }

  toUtf16(codePoint: number): number {
    // pairs[k] is the pair after k others, so its code-point offset is pairs[k] - k.
    let low = 0
    let high = this.pairs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.pairs[middle] - middle < codePoint) low = middle + 1
      else high = middle
    }
    return codePoint + low
  }

  /** The block that holds an offset; an offset inside a line break belongs to the block before it. */
  blockAt(offset: number): number {
    let low = 0
    let high = this.blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.blocks[middle].start <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The nearest grapheme border at or before the offset, at or after it, or on the nearer side. */
  snap(offset: number, side: 'before' | 'after' | 'nearest'): number {
    const at = Math.min(Math.max(offset, 0), this.text.length)
    const number = this.blockAt(at)
    const block = this.blocks[number]
    if (at >= block.end) {
      const next = this.blocks[number + 1]
      if (at === block.end || !next) return block.end
      return side === 'after' ? next.start : block.end
    }
    const borders = this.borders(number)
    const place = countBelow(borders, at)
    const after = borders[place]
    if (after === at) return at
    const before = borders[place - 1]
    if (side === 'nearest') return at - before <= after - at ? before : after
    return side === 'before' ? before : after
  }

  /** The next border of a grapheme or a word, backwards (-1) or forwards (1). Words end where their letters end. */
  step(offset: number, by: 'grapheme' | 'word', direction: -1 | 1): number {
    const number = this.blockAt(offset)
    const block = this.blocks[number]
    const inside = Math.min(offset, block.end)
    if (direction < 0 && inside <= block.start) return this.blocks[number - 1]?.end ?? 0
    if (direction > 0 && inside >= block.end) return this.blocks[number + 1]?.start ?? this.text.length
    if (by === 'grapheme') {
      const borders = this.borders(number)
      const place = countBelow(borders, inside)
      return direction < 0 ? borders[place - 1] : borders[borders[place] === inside ? place + 1 : place]
    }
    const words = this.words(block)
    return direction < 0
      ? (words.filter(({ start }) => start < inside).at(-1)?.start ?? block.start)
      : (words.find(({ end }) => end > inside)?.end ?? block.end)
  }

  private borders(number: number): readonly number[] {
    const known = this.graphemes.get(number)
    if (known) return known
    const { start, end } = this.blocks[number]
    const borders: number[] = []
    for (const { index } of graphemeSegmenter.segment(this.text.slice(start, end)))
      borders.push(start + index)
    borders.push(end)
    this.graphemes.set(number, borders)
    return borders
  }

  private words(block: Block): { start: number; end: number }[] {
    const words: { start: number; end: number }[] = []
    for (const { index, segment, isWordLike } of wordSegmenter.segment(
      this.text.slice(block.start, block.end)
    ))
      if (isWordLike) words.push({ start: block.start + index, end: block.start + index + segment.length })
    return words
  }
}

const graphemeSegmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const wordSegmenter = new Intl.Segmenter(undefined, { granularity: 'word' })

/** How many of the ascending numbers are smaller than the limit. */
function countBelow(ascending: readonly number[], limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle] < limit) low = middle + 1
    else high = middle
  }
  return low
}

function cutBlocks(text: string): Block[] {
  const blocks: Block[] = []
  let start = 0
  for (const { index, 0: lineBreak } of text.matchAll(/\r\n|\n|\r/g)) {
    cutParagraph(text, start, index, blocks)
    start = index + lineBreak.length
  }
  cutParagraph(text, start, text.length, blocks)
  return blocks
}

function cutParagraph(text: string, from: number, to: number, blocks: Block[]): void {
  let start = from
  while (to - start > longestBlock) {
    const end = breakBefore(text, start, start + longestBlock)
    blocks.push({ start, end, continues: true })
    start = end
  }
  blocks.push({ start, end: to, continues: false })
}

/** The end of the last sentence before the limit, else of the last word, else a grapheme border. */
function breakBefore(text: string, start: number, limit: number): number {
  const piece = text.slice(start, limit)
  const sentence = Math.max(piece.lastIndexOf('. '), piece.lastIndexOf('。'))
  if (sentence > longestBlock / 2) return start + sentence + (piece[sentence] === '.' ? 2 : 1)
  const space = piece.lastIndexOf(' ')
  if (space > longestBlock / 2) return start + space + 1
  const tail = limit - 64
  const borders = [...graphemeSegmenter.segment(text.slice(tail, limit + 64))].map(
    ({ index }) => tail + index
  )
  return borders.filter((border) => border <= limit && border > start).at(-1) ?? limit
}
