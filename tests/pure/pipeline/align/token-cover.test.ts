import { describe, expect, it } from 'vitest'
import { coverTokens, visibleCounter, type TokenRange } from '../../../../src/pipeline/align/token-cover'

const cover = (
  text: string,
  offsets: TokenRange[],
  start: number,
  end: number,
  widen = true
): ReturnType<typeof coverTokens> => coverTokens({ start, end }, offsets, visibleCounter(text), widen)

describe('coverTokens', () => {
  // " unhelpful" is one token: 9 visible characters of which a span has to have 5.
  const text = 'an unhelpful one'
  const offsets: TokenRange[] = [
    [0, 2],
    [2, 12],
    [12, 16]
  ]

  it('takes a token of which it covers half', () => {
    expect(cover(text, offsets, 7, 12)).toEqual({ tokens: [1], widened: false, halfCovered: [1] })
    expect(cover('abcd', [[0, 4]], 0, 2)).toEqual({ tokens: [0], widened: false, halfCovered: [0] })
  })

  it('does not count white space on either side', () => {
    // "unhelpful" without the space is all of the token, and a space more is nothing of the next.
    expect(cover(text, offsets, 3, 12)).toEqual({ tokens: [1], widened: false, halfCovered: [] })
    expect(cover(text, offsets, 3, 13)).toEqual({ tokens: [1], widened: false, halfCovered: [] })
  })

  it('goes to the token of largest overlap when it has half of none', () => {
    expect(cover(text, offsets, 8, 12)).toEqual({ tokens: [1], widened: true, halfCovered: [1] })
    expect(
      cover(
        '12345678',
        [
          [0, 4],
          [4, 8]
        ],
        3,
        5
      )
    ).toEqual({ tokens: [0], widened: true, halfCovered: [0, 1] })
    expect(cover(text, offsets, 8, 12, false)).toEqual({ tokens: [], widened: false, halfCovered: [1] })
  })

  it('takes a token of white space that lies wholly inside', () => {
    const lines: TokenRange[] = [
      [0, 1],
      [1, 3],
      [3, 4]
    ]
    expect(cover('a\n\nb', lines, 0, 4).tokens).toEqual([0, 1, 2])
    expect(cover('a\n\nb', lines, 0, 2).tokens).toEqual([0])
    expect(cover('a\n\nb', lines, 1, 2)).toEqual({ tokens: [1], widened: true, halfCovered: [] })
  })

  it('takes every token that holds a part of a covered character', () => {
    const bytes: TokenRange[] = [
      [0, 1],
      [0, 1],
      [0, 1],
      [1, 2]
    ]
    expect(cover('中a', bytes, 0, 1).tokens).toEqual([0, 1, 2])
  })

  it('takes nothing where there is nothing', () => {
    expect(cover('', [], 0, 0)).toEqual({ tokens: [], widened: false, halfCovered: [] })
    expect(
      cover(
        'ab',
        [
          [0, 0],
          [0, 2]
        ],
        0,
        2
      ).tokens
    ).toEqual([1])
  })
})
