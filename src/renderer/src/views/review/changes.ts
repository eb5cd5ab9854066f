import { wordDiff } from '../../../../pipeline/review/word-diff'

export type CodePointRange = readonly [number, number]

/** Where two answers differ, word by word: code-point ranges of what is only in the one or only in the other. */
export function changes(
  before: string,
  after: string
): { removed: CodePointRange[]; added: CodePointRange[] } {
  const removed: CodePointRange[] = []
  const added: CodePointRange[] = []
  let left = 0
  let right = 0
  for (const { kind, text } of wordDiff(before, after)) {
    const length = Array.from(text).length
    if (kind === 'removed') removed.push([left, left + length])
    if (kind === 'added') added.push([right, right + length])
    if (kind !== 'added') left += length
    if (kind !== 'removed') right += length
  }
  return { removed, added }
}
