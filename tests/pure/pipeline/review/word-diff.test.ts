import { describe, expect, it } from 'vitest'
import { wordDiff } from '../../../../src/pipeline/review/word-diff'

describe('wordDiff', () => {
  it('marks the words that changed and keeps both texts whole', () => {
    const before = 'Tom went to the park.\r\nHe was  sad.'
    const after = 'Tom went to the beach.\r\nHe was  glad, too.'
    const parts = wordDiff(before, after)
    const text = (...kinds: string[]): string =>
      parts
        .filter(({ kind }) => kinds.includes(kind))
        .map((part) => part.text)
        .join('')
    expect(text('same', 'removed')).toBe(before)
    expect(text('same', 'added')).toBe(after)
    expect(parts.filter(({ kind }) => kind === 'removed').map((part) => part.text)).toEqual(['park', 'sad'])
  })

  it('has one part for two equal texts', () => {
    expect(wordDiff('same words', 'same words')).toEqual([{ kind: 'same', text: 'same words' }])
  })
})
