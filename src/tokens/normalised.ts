/** A text as the tokenizer's vocabulary spells it, with the way back. */
export interface NormalisedText {
  readonly text: string
  /** For each code point of `text`: the range in the original that it stands for. null: they are the same text. */
  readonly ranges: readonly (readonly [number, number])[] | null
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * Normalises a text and keeps, per grapheme cluster, where each of its characters came from: within a cluster that
 * changed (NFC of `e` + accent) no finer place can be told. null if the normaliser works across clusters, so that no
 * such way back exists.
 */
export function normaliseWithRanges(
  text: string,
  normalise: (text: string) => string
): NormalisedText | null {
  const whole = normalise(text)
  if (whole === text) return { text, ranges: null }

  const ranges: [number, number][] = []
  let rebuilt = ''
  let start = 0
  for (const { segment } of graphemes.segment(text)) {
    const length = [...segment].length
    const spelt = normalise(segment)
    const speltLength = [...spelt].length
    for (let i = 0; i < speltLength; i++)
      // A cluster of the same length keeps its characters apart: case folding, a space mark.
      ranges.push(speltLength === length ? [start + i, start + i + 1] : [start, start + length])
    rebuilt += spelt
    start += length
  }
  return rebuilt === whole ? { text: whole, ranges } : null
}
