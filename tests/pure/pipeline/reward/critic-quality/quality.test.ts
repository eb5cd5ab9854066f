import { expect, test } from 'vitest'
import {
  wordOffsets,
  type EvaluatedAnswer,
  type Prediction
} from '../../../../../src/pipeline/reward/critic-quality/answer'
import { criticQuality } from '../../../../../src/pipeline/reward/critic-quality/quality'
import { defaultThresholds, shortcomings } from '../../../../../src/pipeline/reward/critic-quality/gate'
import type { Span } from '../../../../../src/pipeline/annotate/span'

// ten one-letter words: token n is at code points 2n … 2n + 1
const text = 'a b c d e f g h i j'
const span = (first: number, last: number, polarity: Span['polarity']): Span => ({
  start: 2 * first,
  end: 2 * last + 1,
  polarity
})
const ok = (...spans: Span[]): Prediction => ({ status: 'ok', critique: 'It is wrong.', spans })
const answer = (id: string, gold: Span[], predicted: Prediction): EvaluatedAnswer => ({
  responseId: id,
  documentId: id,
  text,
  offsets: wordOffsets(text),
  people: [{ person: 'Ada', critique: 'It is quite wrong.', spans: gold }],
  predicted
})

// Tokens by hand. one: gold poor 0–3, good 6–7; predicted poor 2–5, good 6–7: poor hits 2, alarms 2, misses 2.
// two: gold poor 4–5; predicted good 4–5: two flips. three: gold poor 0–1; the critique failed.
const answers = [
  answer('one', [span(0, 3, 'poor'), span(6, 7, 'good')], ok(span(2, 5, 'poor'), span(6, 7, 'good'))),
  answer('two', [span(4, 5, 'poor')], ok(span(4, 5, 'good'))),
  answer('three', [span(0, 1, 'poor')], { status: 'failed', reason: 'no JSON' })
]
const quality = criticQuality(answers, { train: answers, seed: 1, resamples: 100 })

test('tokens, as counted by hand: a failed critique misses all of its gold', () => {
  // scikit-learn, precision_recall_fscore_support over the 30 labels: poor .5, .25, 1/3; good .5, 1, 2/3
  expect(quality.tokens.negative).toEqual({ precision: 0.5, recall: 0.25, f1: 1 / 3 })
  expect(quality.tokens.positive).toEqual({ precision: 0.5, recall: 1, f1: 2 / 3 })
  // answers with a poor token on either side: .5, 0 and the failed one 0; for good: 1, 0 and the failed one 0
  expect(quality.macro.negative.f1).toBeCloseTo(0.5 / 3)
  expect(quality.macro.positive.f1).toBeCloseTo(1 / 3)
  expect(quality.parseFailures).toBe(1)
  expect(quality.parseFailureRate).toBeCloseTo(1 / 3)
})

test('spans and flips, as counted by hand', () => {
  // one exact match among 4 gold and 3 predicted spans; poor 0–6 and 4–10 overlap by 3 of 11 code points
  expect(quality.spans).toEqual({ exactF1: 2 / 7, iou50F1: 2 / 7 })
  expect(quality.signFlip).toBeCloseTo(2 / 6)
})

test('a critic that fails instead of answering gets no better by it', () => {
  const failing = answers.map((one) =>
    one.responseId === 'one' ? { ...one, predicted: { status: 'failed', reason: '' } as const } : one
  )
  const worse = criticQuality(failing, { train: answers, seed: 1, resamples: 20 })
  expect(worse.tokens.negative.f1).toBe(0)
  expect(worse.macro.positive.f1).toBe(0)
  expect(worse.rouge!.rouge1).toBeLessThan(quality.rouge!.rouge1)
})

test('the critique is compared with what people wrote; a failed one has nothing in common', () => {
  // "It is wrong." has 3 of the 4 words of "It is quite wrong.": F 6/7, in two answers of three
  expect(quality.rouge!.rouge1).toBeCloseTo((2 * 6) / 7 / 3)
})

test('P(poor) of a critic without probabilities: 1 in its poor spans, 0 elsewhere and where it failed', () => {
  const { calibration } = quality
  expect(calibration).toMatchObject({ from: 'spans', baseRateBrier: expect.closeTo((8 / 30) * (22 / 30)) })
  // wrong on 2 false alarms and 6 misses
  expect(calibration!.brier).toBeCloseTo(8 / 30)
  expect(calibration!.bins.map(({ tokens, said }) => [tokens, said])).toEqual([
    [26, 0],
    [4, 1]
  ])
  expect(quality.ece).toBeCloseTo((26 * (6 / 26) + 4 * 0.5) / 30)
})

test('intervals hold their values, and repeat with their seed', () => {
  const interval = quality.intervals['tokens.negative.f1']!
  expect(interval.value).toBeCloseTo(1 / 3)
  expect(interval.low).toBeLessThan(interval.value)
  expect(interval.high).toBeGreaterThan(interval.value)
  expect(criticQuality(answers, { train: answers, seed: 1, resamples: 100 })).toEqual(quality)
})

test('baselines: everything poor, the commonest sign, and words that give it away', () => {
  // 8 of 30 tokens are poor
  expect(quality.baselines.allPoor.tokens.negative).toEqual({
    precision: 8 / 30,
    recall: 1,
    f1: 16 / 38
  })
  expect(quality.baselines.majority.tokens.negative.f1).toBe(0)
  const told = ['x bad y o p q r', 'bad z i j k l', 'w v g h m n bad'].map((words, i) => ({
    ...answer(`${i}`, [], ok()),
    text: words,
    offsets: wordOffsets(words),
    people: [
      {
        person: 'Ada',
        critique: '',
        spans: [{ start: words.indexOf('bad'), end: words.indexOf('bad') + 3, polarity: 'poor' as const }]
      }
    ]
  }))
  const seen = criticQuality(told, { train: told, seed: 1, resamples: 20 })
  expect(seen.baselines.lexicon.tokens.negative.f1).toBe(1)
  expect(seen.baselines.bagOfWords.tokens.negative.f1).toBe(1)
  expect(seen.baselines.randomSpans.tokens.negative.f1).toBeLessThan(1)
  expect(seen.intervals['above.lexicon.tokens.negative.f1']!.high).toBe(-1)
})

test('the gate names every threshold that is missed', () => {
  const found = shortcomings(quality, defaultThresholds)
  expect(found).toHaveLength(3)
  expect(found[0]).toBe('it was evaluated on 3 documents, fewer than 10')
  expect(found.join('; ')).toContain('33.3 % of its critiques failed, more than 5 %')
  const lenient = { poorPrecision: 0, poorF1: 0.3, failures: 0.5, signFlip: 0.5, documents: 3 }
  expect(shortcomings(quality, lenient)).toEqual([])
})
