import { expect, it } from 'vitest'
import { changes } from '../../../../src/renderer/src/views/review/changes'

it('names the words that are only on one side, in code points', () => {
  const before = '👩‍👧 built in 1937 by Novak'
  const after = '👩‍👧 built in 1938 by him'
  const { removed, added } = changes(before, after)
  const cut = (text: string, ranges: typeof removed) =>
    ranges.map(([start, end]) => Array.from(text).slice(start, end).join(''))
  expect(cut(before, removed)).toEqual(['1937', 'Novak'])
  expect(cut(after, added)).toEqual(['1938', 'him'])
})

it('finds nothing between equals', () => {
  expect(changes('the same', 'the same')).toEqual({ removed: [], added: [] })
})
