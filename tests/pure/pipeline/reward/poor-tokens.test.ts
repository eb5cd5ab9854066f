import { describe, expect, it } from 'vitest'
import { chance } from '../../../../src/pipeline/optimise/chance'
import { wordOffsets } from '../../../../src/pipeline/reward/critic-quality/answer'
import { calibrationOf } from '../../../../src/pipeline/reward/critic-quality/calibration'
import { fitPoorTokens, poorStretches, type MarkedTokens } from '../../../../src/pipeline/reward/poor-tokens'

const text = 'a b c d e f g h i j'
const offsets = wordOffsets(text)
const word = (n: number) => ({ start: 2 * n, end: 2 * n + 1 })
const poor = (n: number) => ({ ...word(n), polarity: 'poor' as const })

/** Answers of ten words with a mark on one of them, right as often as its confidence squared; 5 % of the others are poor. */
function answers(seed: number, count: number): MarkedTokens[] {
  const draws = chance(seed, 'text')
  return Array.from({ length: count }, () => {
    const confidence = draws.uniform()
    const marked = draws.integer(10)
    const gold = offsets.flatMap((_, n) => {
      const rate = n === marked ? confidence ** 2 : 0.05
      return draws.uniform() < rate ? [poor(n)] : []
    })
    return { text, offsets, marks: [{ ...word(marked), confidence }], gold }
  })
}

describe('P(poor) of tokens from marks', () => {
  it('is calibrated on other answers than it was fitted on, where raw confidences are not', () => {
    const map = fitPoorTokens(answers(1, 400))
    if (map === null) throw new Error('no map')
    expect(map.outside).toBeGreaterThan(0.04)
    expect(map.outside).toBeLessThan(0.06)
    const error = (said: (answer: MarkedTokens) => number[]): number | undefined =>
      calibrationOf(
        answers(2, 400).flatMap((answer) => {
          const wrong = new Set(answer.gold.map(({ start }) => start))
          return said(answer).map((one, n) => ({ said: one, poor: wrong.has(2 * n) }))
        })
      )?.ece
    const mapped = error(({ marks }) => {
      const stretches = poorStretches(text.length, marks, map)
      return offsets.map(
        ([from]) => stretches.find(([start, end]) => start <= from && from < end)?.[2] ?? NaN
      )
    })
    const raw = error(({ marks: [{ start, confidence }] }) =>
      offsets.map(([from]) => (from === start ? (confidence ?? NaN) : 0))
    )
    expect(mapped).toBeLessThan(0.015)
    expect(raw).toBeGreaterThan(0.05)
  })

  it('makes up the whole text of stretches, the surest of overlapping marks first', () => {
    const map = { outside: 0.1, inside: null }
    const marks = [
      { start: 2, end: 6, confidence: 0.4 },
      { start: 4, end: 9, confidence: 0.7 }
    ]
    expect(poorStretches(12, marks, map)).toEqual([
      [0, 2, 0.1],
      [2, 4, 0.4],
      [4, 6, 0.7],
      [6, 9, 0.7],
      [9, 12, 0.1]
    ])
    expect(poorStretches(3, [], map)).toEqual([[0, 3, 0.1]])
    expect(poorStretches(0, [], map)).toEqual([])
  })

  it('keeps confidences as they are with few marked tokens, and says nothing with few tokens at all', () => {
    const unsure = { text, offsets, marks: [{ ...word(0), confidence: 0.9 }], gold: [poor(0), poor(5)] }
    expect(fitPoorTokens([unsure])).toBeNull()
    expect(fitPoorTokens([unsure, unsure])).toEqual({ outside: 3 / 20, inside: null })
    const sure = Array.from({ length: 10 }, () => ({ ...unsure, marks: [word(0)] }))
    expect(fitPoorTokens(sure)?.inside).toEqual([
      [0, 11 / 12],
      [1, 11 / 12]
    ])
  })
})
