import { diffWordsWithSpace } from 'diff'

/** A stretch of two texts laid side by side. */
export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/**
 * How one answer became another, word by word: the parts that are the same or removed make up `before`, those that are
 * the same or added make up `after`, each character for character.
 */
export function wordDiff(before: string, after: string): DiffPart[] {
  return diffWordsWithSpace(before, after).map(({ value, added, removed }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value
  }))
}
