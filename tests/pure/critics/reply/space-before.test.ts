import { describe, expect, test } from 'vitest'
import type { CriticSpan } from '../../../../src/contract/critic'
import { withSpace, withoutSpace } from '../../../../src/critics/reply/space-before'
import { anchorOf } from '../../../../src/pipeline/annotate/anchor'

const response = 'The cat saw a 🐈 cat.'

function spanOf(start: number, end: number): CriticSpan {
  const { quote, occurrence } = anchorOf(response, { start, end })
  return { quote, occurrence, start, end, polarity: 'poor', reason: 'Twice.' }
}

describe('a quote and the space before it', () => {
  test('a word takes its space along and gives it back; places are code points', () => {
    const cat = { start: 16, end: 19 }
    expect(withSpace(cat, response)).toEqual({ start: 15, end: 19 })
    expect(withoutSpace(spanOf(15, 19), response)).toEqual(spanOf(16, 19))
    expect(spanOf(16, 19)).toMatchObject({ quote: 'cat', occurrence: 2 })
  })

  test('one letter does too', () => {
    expect(withoutSpace(spanOf(11, 13), response)).toEqual(spanOf(12, 13))
  })

  test('a span that has no place stays as it is', () => {
    const span: CriticSpan = { quote: ' cat', occurrence: 1, polarity: 'poor', reason: 'Twice.' }
    expect(withoutSpace(span, response)).toBe(span)
  })

  test('a word without one stays as it is', () => {
    expect(withSpace({ start: 0, end: 3 }, response)).toEqual({ start: 0, end: 3 })
    expect(withSpace({ start: 5, end: 7 }, response)).toEqual({ start: 5, end: 7 })
    expect(withoutSpace(spanOf(0, 3), response)).toEqual(spanOf(0, 3))
  })

  test('a quote of nothing but a space stays as it is', () => {
    expect(withoutSpace(spanOf(3, 4), response)).toEqual(spanOf(3, 4))
  })
})
