import { expect, test } from 'vitest'
import { rankAnswers } from '../../../../../src/pipeline/reward/critic-quality/ranking'

const poor = (start: number, end: number, confidence?: number) => ({
  start,
  end,
  polarity: 'poor' as const,
  ...(confidence !== undefined && { confidence })
})

test('what to look at next: unsure marks, critics that differ, words that nobody has read', () => {
  const [read, unsure, disputed, fresh] = rankAnswers([
    { responseId: 'read', text: 'one two three', people: [poor(0, 7)], critics: [[poor(4, 13)]] },
    { responseId: 'unsure', text: 'one two', people: null, critics: [[poor(0, 3, 0.5)]] },
    { responseId: 'disputed', text: 'one two', people: null, critics: [[poor(0, 7, 1)], [poor(0, 3)]] },
    { responseId: 'fresh', text: 'one four', people: null, critics: [[]] }
  ])
  // of three marked words, "one" and "three" are marked by one side only
  expect(read.disagreement).toBeCloseTo(2 / 3)
  expect(unsure).toMatchObject({ disagreement: null, uncertainty: 1, critics: 0, novelty: 0 })
  expect(unsure.worth).toBeCloseTo(1 / 3)
  expect(disputed).toMatchObject({ uncertainty: 0, critics: 0.5, novelty: 0 })
  expect(disputed.worth).toBeCloseTo(0.5 / 3)
  expect(fresh).toMatchObject({ uncertainty: 0, critics: 0, novelty: 0.5 })
})

test('what nobody marked is no disagreement, and a mark without a confidence says nothing of how sure it is', () => {
  const [agreed, half, unjudged] = rankAnswers([
    { responseId: 'agreed', text: 'one two', people: [], critics: [[], []] },
    { responseId: 'half', text: 'one two', people: null, critics: [[poor(0, 3, 0.5), poor(4, 7)]] },
    { responseId: 'unjudged', text: 'one two', people: [poor(0, 3)], critics: [] }
  ])
  expect(agreed).toMatchObject({ disagreement: 0, critics: 0, uncertainty: 0 })
  expect(half.uncertainty).toBe(1)
  expect(unjudged).toMatchObject({ disagreement: null, uncertainty: 0 })
})
