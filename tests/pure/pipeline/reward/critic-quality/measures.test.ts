import { expect, test } from 'vitest'
import { cohensKappa, agreementOf } from '../../../../../src/pipeline/reward/critic-quality/agreement'
import { wordOffsets } from '../../../../../src/pipeline/reward/critic-quality/answer'
import { calibrationOf } from '../../../../../src/pipeline/reward/critic-quality/calibration'
import { rouge } from '../../../../../src/pipeline/reward/critic-quality/rouge'
import { matchRanges } from '../../../../../src/pipeline/reward/critic-quality/span-match'

test('ROUGE-2 and ROUGE-L of the sentences in Lin 2004, section 3.1', () => {
  const reference = 'police killed the gunman'
  const near = rouge(reference, 'police kill the gunman')
  const turned = rouge(reference, 'the gunman kill police')
  expect(near.rougeL).toBe(3 / 4)
  expect(turned.rougeL).toBe(2 / 4)
  expect(near.rouge2).toBe(turned.rouge2)
})

test('ROUGE of the example in the documentation of rouge-score, without stemming', () => {
  const { rouge1, rougeL } = rouge(
    'The quick brown fox jumps over the lazy dog',
    'The quick brown dog jumps on the log.'
  )
  expect(rouge1).toBeCloseTo(0.70588, 5)
  expect(rougeL).toBeCloseTo(0.58824, 5)
})

test('ROUGE counts an n-gram as often as both have it, knows other scripts, and takes empty texts', () => {
  expect(rouge('the cat', 'the the the').rouge1).toBeCloseTo(2 / 5)
  expect(rouge('Это неверно', 'это верно').rouge1).toBe(0.5)
  expect(rouge('年份不对', '年份对').rougeL).toBeCloseTo(6 / 7)
  expect(rouge('', 'words')).toEqual({ rouge1: 0, rouge2: 0, rougeL: 0 })
})

test("Cohen's kappa of published tables", () => {
  // the two tables of 100 cases with equal agreement and different kappa in the literature on its limits
  expect(cohensKappa([20, 5, 10, 15], 2)).toBeCloseTo(0.4)
  expect(cohensKappa([45, 15, 25, 15], 2)).toBeCloseTo(0.1304, 4)
  expect(cohensKappa([25, 35, 5, 35], 2)).toBeCloseTo(0.2593, 4)
  expect(cohensKappa([7, 0, 0, 0], 2)).toBeNull()
})

test('spans match one to one, the best pair first', () => {
  const range = (start: number, end: number) => ({ start, end })
  expect(matchRanges([range(0, 10)], [range(0, 6), range(0, 10)])).toEqual({ exact: 1, iou50: 1 })
  expect(matchRanges([range(0, 10), range(10, 20)], [range(0, 20)])).toEqual({ exact: 0, iou50: 1 })
  expect(matchRanges([range(0, 10)], [range(5, 15)])).toEqual({ exact: 0, iou50: 0 })
  expect(matchRanges([range(0, 2), range(4, 6)], [range(4, 6), range(0, 2)]).exact).toBe(2)
})

test('calibration by hand: equal masses, equal values together', () => {
  const said = [0.1, 0.1, 0.3, 0.3, 0.9, 0.9]
  const poor = [false, false, true, false, true, true]
  const judgements = said.map((value, i) => ({ said: value, poor: poor[i] }))
  const found = calibrationOf(judgements, 3)!
  expect(found.bins.map(({ said: mean, found: share }) => [mean, share])).toEqual([
    [0.1, 0],
    [0.3, 0.5],
    [0.9, 1]
  ])
  expect(found.ece).toBeCloseTo((0.1 + 0.2 + 0.1) / 3)
  // scikit-learn, brier_score_loss: (2·.01 + .49 + .09 + 2·.01) / 6
  expect(found.brier).toBeCloseTo(0.62 / 6)
  expect(found.baseRateBrier).toBe(0.25)
  const turned = calibrationOf([...judgements].reverse(), 15)!
  expect(turned.bins).toHaveLength(3)
  expect(turned.ece).toBeCloseTo(found.ece)
  expect(calibrationOf([], 15)).toBeNull()
})

test('the critic is one more annotator', () => {
  const text = 'one two three four'
  const marks = (person: string, start: number, end: number) => ({
    person,
    critique: '',
    spans: [{ start, end, polarity: 'poor' as const }]
  })
  const { withCritic, amongPeople } = agreementOf([
    {
      responseId: 'a',
      documentId: 'a',
      text,
      offsets: wordOffsets(text),
      people: [marks('Bo', 0, 3), marks('Ada', 0, 7)],
      predicted: { status: 'ok', critique: '', spans: [{ start: 0, end: 7, polarity: 'poor' }] }
    }
  ])
  expect(withCritic.map(({ first, spanF1, kappa }) => [first, spanF1.exact, kappa])).toEqual([
    ['Ada', 1, 1],
    ['Bo', 0, 0.5]
  ])
  expect(amongPeople).toEqual([
    { first: 'Ada', second: 'Bo', answers: 1, spanF1: { exact: 0, iou50: 0 }, kappa: 0.5 }
  ])
})
